"""Do maps lie on the waves that a known cause changed? On SIMULATED patients that no model has seen.

python -m benchmarks.plausibility WORK [--patients 40] [--searched 4000] [--methods NAME ...] [--out FILE]

For each cause with a target that it makes positive (`ecgkt.simulation.pairs`), the first patients of a seed of its own
in whom it acts. Each target is explained by each method for the transferred arm, the baseline, and the transferred
arm's network with random weights, drawn anew for every patient. The score is that of `ecgkt.evaluation.plausibility`.
Beside them stand the ceiling (a map that is the change itself) and a peak detector (a map that is the slope of the
signal, the first step of a detector of R peaks, which knows no target). Every map is averaged over 50 ms with its
signs, as it is drawn; the score of the map as it is (`raw`) is kept beside it.

WORK keeps what is done, so that a broken run goes on where it was; with more patients it does what is missing. Patients
come first, causes second, so that a run that is stopped has about as many patients of each cause. `--summarise` writes
the table of what is there.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.checkpoints import build_network
from ecgkt.errors import InvalidValue
from ecgkt.evaluation.plausibility import on_change
from ecgkt.explain.agreement import averaged
from ecgkt.explain.judged import PLAUSIBILITY
from ecgkt.explain.judging import ARMS, CEILING, PEAKS, RANDOM, summarise
from ecgkt.explain.logits import Logit, score_of
from ecgkt.explain.methods import DEFAULT as INTEGRATED
from ecgkt.explain.methods import METHODS, attribute
from ecgkt.explain.questions import find_waves
from ecgkt.explain.saliency import integrate
from ecgkt.inference import Predictor
from ecgkt.signals.delineation import Delineation
from ecgkt.simulation import SimulationSettings
from ecgkt.simulation.pairs import KNOWN_CAUSES, KnownCause, Pair, find_pair, may_act

SEED = 7_300_019
STEPS = 20
"""Of integrated gradients here, evenly; the app takes as many as its sum needs."""
SETTINGS = SimulationSettings(enrichment=8.0, faulty=0.0)
_LOG = logging.getLogger("plausibility")


def choose(work: Path, wanted: int, most: int) -> dict[tuple[str, str], list[int]]:
    """Return by cause and target the first patients in whom it acts; what was searched is kept in `work`."""
    path = work / "patients.json"
    kept = json.loads(path.read_text()) if path.exists() else {"searched": 0, "found": []}
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for name, target, number in kept["found"]:
        found[name, target].append(number)
    while kept["searched"] < most and any(len(found[k.name, k.target]) < wanted for k in KNOWN_CAUSES):
        number = kept["searched"]
        for known in may_act(SEED, number, SETTINGS):
            key = known.name, known.target
            if len(found[key]) < wanted and find_pair(SEED, number, known, SETTINGS) is not None:
                found[key].append(number)
                kept["found"].append([*key, number])
        kept["searched"] = number + 1
        if kept["searched"] % 250 == 0:
            fewest = min(len(found[k.name, k.target]) for k in KNOWN_CAUSES)
            _LOG.info("%d patients searched; of the rarest cause %d", kept["searched"], fewest)
            path.write_text(json.dumps(kept))
    path.write_text(json.dumps(kept))
    return {key: numbers[:wanted] for key, numbers in found.items()}


def random_network(predictor: Predictor, seed: int) -> Any:
    """Return the checkpoint's network with weights as they are before training."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_network(predictor.card).eval().requires_grad_(False)


def peaks(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the slope of each lead, (12, n), in mV per sample."""
    return np.abs(np.gradient(signal.astype(np.float64), axis=1))


def maps_of(pair: Pair, predictors: dict[str, Predictor], methods: Iterable[str], done: set[Any]) -> Iterator[Any]:
    """Yield (model, method, map, seconds, fall of the logit without the cause) that are not `done` yet."""
    known, number, first = pair.known, pair.patient, predictors[ARMS[0]]
    fs = first.card.preprocessing.fs
    signal = first.look(pair.given).signal
    if signal is None:
        return
    both = np.stack([signal, first.card.preprocessing.apply(pair.without)])
    beats = find_waves(signal, fs)
    logits = {arm: Logit.of(predictors[arm], known.target) for arm in predictors}
    logits[RANDOM] = Logit(random_network(first, number), first.card.labels.index(known.target))
    for arm, logit in logits.items():
        wanted = [one for one in methods if (known.name, known.target, number, arm, one) not in done]
        if not wanted:
            continue
        score, without = score_of(logit, both).tolist()
        for method in wanted:
            began = time.perf_counter()
            try:
                found = mapped(logit, signal, fs, method, number, beats)
            except InvalidValue as error:
                _LOG.info("no map by %s: %s", method, error)
                continue
            yield arm, method, found, time.perf_counter() - began, score - without
    for method, found in ((CEILING, pair.change_at(fs)), (PEAKS, peaks(signal))):
        if (known.name, known.target, number, "", method) not in done:
            yield "", method, found[:, : signal.shape[1]], 0.0, 0.0


def mapped(
    logit: Logit, signal: NDArray[np.float32], fs: float, method: str, seed: int, beats: Delineation
) -> NDArray[np.float32]:
    """Return the map (12, n) of a logit by a method, integrated gradients with `STEPS` steps."""
    if method != INTEGRATED:
        return attribute(logit, signal, fs, method=method, seed=seed, beats=beats)
    return integrate(logit.private(), signal, np.zeros_like(signal), STEPS)


def measure(work: Path, models: Path, wanted: int, most: int, methods: list[str]) -> None:
    """Append one line per map to `work`/maps.jsonl for whatever is not there."""
    chosen = choose(work, wanted, most)
    predictors = {arm: Predictor.open(models / arm) for arm in ARMS}
    fs = predictors[ARMS[0]].card.preprocessing.fs
    path = work / "maps.jsonl"
    done = {_key(row) for row in rows_of(work)}
    order: list[tuple[int, KnownCause, int]] = [
        (place, known, number)
        for known in KNOWN_CAUSES
        for place, number in enumerate(chosen.get((known.name, known.target), []))
    ]
    order.sort(key=lambda one: one[0])
    with path.open("a", encoding="utf-8") as file:
        for count, (place, known, number) in enumerate(order):
            wanting = {(known.name, known.target, number, a, m) for a in (*ARMS, RANDOM) for m in methods}
            if wanting <= done and (known.name, known.target, number, "", PEAKS) in done:
                continue
            pair = find_pair(SEED, number, known, SETTINGS)
            if pair is None:
                continue
            change = pair.change_at(fs)
            for arm, method, found, seconds, falls in maps_of(pair, predictors, methods, done):
                changed = change[:, : found.shape[1]]
                judged, raw = on_change(averaged(found, fs), changed), on_change(found, changed)
                row = {
                    "cause": known.name,
                    "target": known.target,
                    "patient": number,
                    "model": arm,
                    "method": method,
                    "mass": judged.mass,
                    "share": judged.share,
                    "score": judged.score,
                    "raw": raw.score,
                    "falls": falls,
                    "seconds": round(seconds, 3),
                }
                file.write(json.dumps(row) + "\n")
            file.flush()
            _LOG.info("%d of %d: patient %d of %s (%s)", count + 1, len(order), place + 1, known.name, known.target)


def rows_of(work: Path) -> list[dict[str, Any]]:
    """Return the lines that are done; a last one that was cut off is left out."""
    path = work / "maps.jsonl"
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def rounded(value: Any) -> Any:
    """Return plain data with every number of five digits, so that the file stays small."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["cause"], row["target"], row["patient"], row["model"], row["method"]


def main() -> None:
    """Measure what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--patients", type=int, default=40, help="of each cause, if so many are found")
    parser.add_argument("--searched", type=int, default=4000, help="how many simulated patients to look among")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--out", type=Path, default=PLAUSIBILITY)
    parser.add_argument(
        "--summarise", action="store_true", help="write the table of what is there, and measure nothing"
    )
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    given.work.mkdir(parents=True, exist_ok=True)
    if not given.summarise:
        measure(given.work, given.models, given.patients, given.searched, given.methods)
    ids = {arm: Predictor.open(given.models / arm).card.id for arm in ARMS}
    table = summarise(rows_of(given.work), ids, {"seed": SEED, **SETTINGS.to_json()})
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(rounded(table), separators=(",", ":")) + "\n", encoding="utf-8")
    _LOG.info("written %s", given.out)


if __name__ == "__main__":
    main()
