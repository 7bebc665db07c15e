"""Are maps faithful to the model? A planted shortcut that they must find, and deletion and insertion curves.

python -m benchmarks.faithfulness WORK PTB_XL_DIR [--records 24] [--methods NAME ...] [--out FILE]

*Shortcut*: the mark of `ecgkt.signals.shortcut` is planted in SIMULATED ECGs that no model has seen; the check model
that learned it is asked for the target that carried it, and beside it the transferred arm, which has never seen one.
Told is the share of the map, averaged over 50 ms as it is drawn, on the marks, against their share of the samples, and
the score of `ecgkt.evaluation.plausibility` with the mark as the change.

*Curves* (`ecgkt.explain.faithfulness`), on simulated ECGs and on the first real ones of PTB-XL that the model does not
abstain from: of each ECG the finding with the highest rank is explained, sinus rhythm apart; no label is looked at. The
slope of the signal, which knows no target, stands beside the methods. WORK keeps what is done; `--summarise` writes the
table of what is there.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.plausibility import ARMS, PEAKS, SETTINGS, mapped, peaks, rounded
from ecgkt import readers
from ecgkt.domain import Record
from ecgkt.domain.labels import Kind
from ecgkt.domain.records import Domain
from ecgkt.errors import EcgktError, InvalidValue
from ecgkt.evaluation.plausibility import mean_difference, mean_score, on_change
from ecgkt.explain.agreement import averaged
from ecgkt.explain.faithfulness import Faithfulness, deletion_insertion
from ecgkt.explain.judged import FAITHFULNESS, FORMAT, SHORTCUT_CHECK
from ecgkt.explain.logits import Logit, score_of
from ecgkt.explain.methods import METHODS
from ecgkt.explain.questions import find_waves
from ecgkt.inference import Predictor
from ecgkt.signals import shortcut
from ecgkt.simulation.plans import plan_record
from ecgkt.simulation.settings import FS
from ecgkt.simulation.waveforms import synthesise

SEED = 7_300_027
CHECK, TARGET = SHORTCUT_CHECK, "i50_heart_failure"
ORDERS = 4
_LOG = logging.getLogger("faithfulness")


def simulated(number: int) -> Record:
    """Return the first recording of a patient whom no model has seen."""
    plan = plan_record(SEED, number, 0, SETTINGS)
    patient = plan.patient
    sex = "male" if patient.male else "female"
    return Record(synthesise([plan])[0].numpy(), FS, "simulated", Domain.SIMULATED, patient.age, sex)


def real(folder: Path) -> list[Path]:
    """Return the real recordings in the order of their names."""
    return sorted(folder.rglob("*.hea"))


def shortcut_rows(predictor: Predictor, model: str, number: int, methods: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield one row per method: what of the map of a marked ECG lies on the marks."""
    fs = predictor.card.preprocessing.fs
    signal = predictor.card.preprocessing.apply(simulated(number))
    phase = float(np.random.default_rng([SEED, number]).uniform(0, shortcut.EVERY_SECONDS - 0.01))
    mark = shortcut.mark(signal.shape[1], fs, phase)
    marked, logit = signal + mark, Logit.of(predictor, TARGET)
    rises = float(np.diff(score_of(logit, np.stack([signal, marked])))[0])
    beats = find_waves(marked, fs)
    area = averaged(mark, fs) > 0
    for method in (*methods, PEAKS):
        found = _map(logit, marked, fs, method, number, beats)
        if found is None:
            continue
        drawn = averaged(found, fs)
        size = np.abs(drawn)
        yield {
            "part": "shortcut",
            "model": model,
            "method": method,
            "record": number,
            "on_mark": float(size[area].sum() / size.sum()) if size.any() else 0.0,
            "area": float(area.mean()),
            "score": on_change(drawn, mark).score,
            "rises": rises,
        }


def _map(logit: Logit, signal: NDArray[np.float32], fs: float, method: str, seed: int, beats: Any) -> Any:
    if method == PEAKS:
        return peaks(signal)
    try:
        return mapped(logit, signal, fs, method, seed, beats)
    except InvalidValue as error:
        _LOG.info("no map by %s: %s", method, error)
        return None


def curve_rows(
    predictors: dict[str, Predictor], record: Record, part: str, name: str, methods: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield one row per arm and method: the gains of the map of the record's first finding."""
    first = predictors[ARMS[0]]
    told = first.predict([record])
    if told.abstained[0] is not None or told.ranks is None:
        return
    findings = [n for n in told.labels.of_kind(Kind.TRACING).names if n != "sinus_rhythm"]
    target = max(findings, key=lambda one: float(told.ranks[0, told.labels.index(one)]))
    signal = first.card.preprocessing.apply(record)
    fs = first.card.preprocessing.fs
    beats = find_waves(signal, fs)
    for arm, predictor in predictors.items():
        logit = Logit.of(predictor, target)
        before: Faithfulness | None = None
        for method in (*methods, PEAKS):
            found = _map(logit, signal, fs, method, 0, beats)
            if found is None:
                continue

            def scores(inputs: NDArray[np.float32], logit: Logit = logit) -> NDArray[np.float64]:
                return score_of(logit, inputs)

            one = deletion_insertion(scores, signal, found, fs, random_orders=ORDERS, control=before)
            before = one
            yield {
                "part": part,
                "model": arm,
                "method": method,
                "record": name,
                "target": target,
                "deletion": one.deletion_gain,
                "insertion": one.insertion_gain,
                "beaten": one.beaten,
            }


def measure(work: Path, models: Path, folder: Path, wanted: int, methods: Sequence[str]) -> None:
    """Append what is missing to `work`/faithfulness.jsonl, a record at a time."""
    path = work / "faithfulness.jsonl"
    done = {(row["part"], str(row["record"])) for row in rows_of(work)}
    check, arms = Predictor.open(models / CHECK), {arm: Predictor.open(models / arm) for arm in ARMS}
    files = real(folder)
    with path.open("a", encoding="utf-8") as file:
        for number in range(wanted):
            tasks: dict[tuple[str, str], Any] = {
                ("shortcut", str(number)): lambda number=number: [
                    *shortcut_rows(check, CHECK, number, methods),
                    *shortcut_rows(arms[ARMS[0]], ARMS[0], number, methods),
                ],
                ("simulated", str(number)): lambda number=number: [
                    *curve_rows(arms, simulated(number), "simulated", str(number), methods)
                ],
            }
            if number < len(files):
                file_name = files[number].stem
                tasks["real", file_name] = lambda path=files[number], name=file_name: [
                    *curve_rows(arms, readers.read_record(path), "real", name, methods)
                ]
            for key, task in tasks.items():
                if key in done:
                    continue
                try:
                    rows = task()
                except EcgktError as error:
                    _LOG.info("%s %s left out: %s", *key, error)
                    continue
                file.writelines(json.dumps(row) + "\n" for row in rows)
                file.flush()
                _LOG.info("%s %s: %d maps", *key, len(rows))


def rows_of(work: Path) -> list[dict[str, Any]]:
    """Return the lines that are done."""
    path = work / "faithfulness.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def summarise(rows: Sequence[dict[str, Any]], checkpoints: dict[str, str]) -> dict[str, Any]:
    """Return means with intervals over records, by part, model and method."""
    told: list[dict[str, Any]] = []
    for part, model, method in sorted({(row["part"], row["model"], row["method"]) for row in rows}):
        some = [row for row in rows if (row["part"], row["model"], row["method"]) == (part, model, method)]
        _, records = np.unique([str(row["record"]) for row in some], return_inverse=True)
        values = ("on_mark", "score", "rises") if part == "shortcut" else ("deletion", "insertion")
        row: dict[str, Any] = {"part": part, "model": model, "method": method, "records": len(some)}
        for name in values:
            row[name] = mean_score(np.array([one[name] for one in some]), records).to_json()
        if part != "shortcut":
            row["over_peaks"] = _over_peaks(rows, part, model, method)
        else:
            row["area"] = float(np.mean([one["area"] for one in some]))
        told.append(row)
    return {"format": FORMAT, "checkpoints": checkpoints, "rows": told, "arms": _arms(rows)}


def _over_peaks(rows: Sequence[dict[str, Any]], part: str, model: str, method: str) -> dict[str, Any]:
    """Return a method's deletion gain minus the peak detector's, on the same records."""
    ours, theirs = (
        {row["record"]: row["deletion"] for row in rows if (row["part"], row["model"], row["method"]) == key}
        for key in ((part, model, method), (part, model, PEAKS))
    )
    both = sorted(ours.keys() & theirs.keys())
    first, second = (np.array([by[name] for name in both]) for by in (ours, theirs))
    return mean_difference(first, second, np.arange(len(both))).estimate.to_json()


def _arms(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return transferred minus baseline of both gains, on the same records."""
    found = []
    for part, method in sorted({(row["part"], row["method"]) for row in rows if row["part"] != "shortcut"}):
        by = {
            arm: {r["record"]: r for r in rows if (r["part"], r["method"], r["model"]) == (part, method, arm)}
            for arm in ARMS
        }
        both = sorted(by[ARMS[0]].keys() & by[ARMS[1]].keys())
        row: dict[str, Any] = {"part": part, "method": method}
        for gain in ("deletion", "insertion"):
            first, second = (np.array([by[arm][name][gain] for name in both]) for arm in ARMS)
            row[gain] = mean_difference(first, second, np.arange(len(both))).estimate.to_json()
        found.append(row)
    return found


def main() -> None:
    """Measure what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("real", type=Path, help="the folder of PTB-XL's records")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--records", type=int, default=24)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--out", type=Path, default=FAITHFULNESS)
    parser.add_argument("--summarise", action="store_true", help="write the table of what is there, no more")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    given.work.mkdir(parents=True, exist_ok=True)
    if not given.summarise:
        measure(given.work, given.models, given.real, given.records, given.methods)
    ids = {arm: Predictor.open(given.models / arm).card.id for arm in (*ARMS, CHECK)}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    table = rounded(summarise(rows_of(given.work), ids))
    given.out.write_text(json.dumps(table, separators=(",", ":")) + "\n", encoding="utf-8")
    _LOG.info("written %s", given.out)


if __name__ == "__main__":
    main()
