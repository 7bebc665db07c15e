"""The limits of the checks beside a map, from maps that are known to be wrong.

python -m benchmarks.guard_limits PREPARED [--ecgs 30] [--methods "integrated gradients"] [--figures guard_figures.csv]

A check's limit is the quantile that 95 % of wrong maps fail; where 95 % of right maps keep to it with room to spare, it
is half-way between both quantiles, the largest margin. On SIMULATED tuning patients and the transferred model, a map is
wrong that belongs to another target on the same ECG (sum, methods, score, noise) or that did not change when the
weights were shuffled, which is how alike maps under noise are (weights). A score is wrong of which over half is the
planted mark's, in the shortcut model (heart), or that a model trained on shuffled diagnoses gives (known). Figures are
appended to a file as they come, and a run goes on where it was; the limits go to `assets/guard_limits.json`.
"""

from __future__ import annotations

import argparse
import csv
import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecgkt import checkpoints
from ecgkt.data.studies import Study, read_study
from ecgkt.data.waveforms.stored import StoredWaveforms
from ecgkt.domain import Explanation, Record
from ecgkt.domain.labels import Kind
from ecgkt.explain.guards import checking, figures
from ecgkt.explain.guards.checking import HEART, KNOWN, METHODS, NOISE, SCORE, SIMULATED, SUM, WEIGHTS
from ecgkt.explain.guards.figures import Subject
from ecgkt.explain.guards.limits import PATH, WRONG_PASS
from ecgkt.explain.methods import DEFAULT, explain
from ecgkt.inference import Predictor
from ecgkt.signals import shortcut
from ecgkt.training.controls import TARGET

MARKS, OVER_HALF = 4, 0.5
ABOVE = {KNOWN: True, SUM: False, HEART: False, METHODS: True, WEIGHTS: False, SCORE: True, NOISE: True}
WRONG = {
    KNOWN: "targets of a model trained on shuffled diagnoses",
    SUM: "maps of another target on the same simulated ECG",
    HEART: "simulated ECGs with a planted mark that carries over half of the score",
    METHODS: "maps of another target on the same simulated ECG",
    WEIGHTS: "maps that noise, and no shuffling of weights, has changed",
    SCORE: "maps of another target on the same simulated ECG",
    NOISE: "maps of another target on the same simulated ECG",
}
COMMAND = 'python -m benchmarks.guard_limits PREPARED --ecgs {} --methods "{}"'
Row = tuple[str, str, str, float]
"""Check, method, right or wrong, figure."""


def figures_of(predictor: Predictor, record: Record, targets: list[str], method: str, seed: int) -> Iterator[Row]:
    """Yield what the checks measure of right maps of targets on an ECG, and of each other's maps."""
    maps = [explain(predictor, record, target, method=method, seed=seed) for target in targets]
    subjects = [Subject(predictor, record, one, seed) for one in maps]
    for place, subject in enumerate(subjects):
        own, other = maps[place], maps[place - 1]
        for kind, one in (("right", own), ("wrong", other)):
            given = own if kind == "right" else _mistaken(own, one)
            missed = figures.unexplained(given)
            if missed is not None:
                yield SUM, method, kind, missed
            curves = figures.follows(Subject(predictor, record, given, seed))
            yield SCORE, method, kind, min(figures.gains(curves))
        others = [
            subject.map_of(subject.signal, method=name) for name in figures.OTHERS if name != subject.explanation.method
        ]
        noisy = list(figures.noisy_maps(subject))
        for kind, one in (("right", own), ("wrong", other)):
            for check, compared in ((METHODS, others), (NOISE, noisy)):
                cosines = [subject.alike(found, one.attribution).cosine for found in compared]
                if known := [value for value in cosines if value is not None]:
                    yield check, method, kind, float(np.mean(known))
        yield from _weights_of(subject, noisy)
        scores = figures.not_of_the_heart(subject)
        if scores is not None and method == DEFAULT:
            yield HEART, "any", "right", figures.share_lost(*scores)


def _weights_of(subject: Subject, noisy: list[np.ndarray]) -> Iterator[Row]:
    """Yield how alike a map is to those under noise, in which no weight was shuffled, and under shuffled weights."""
    for one in noisy:
        if (kept := figures.likest([subject.alike(one)])) is not None:
            yield WEIGHTS, subject.explanation.method, "wrong", kept
    if (lost := figures.likest([one for _, one in figures.all_shuffled(subject)])) is not None:
        yield WEIGHTS, subject.explanation.method, "right", lost


def _mistaken(own: Explanation, other: Explanation) -> Explanation:
    """Return another target's map as if it were this one's, with the residual that it then has."""
    missed = None if own.residual is None else float(other.attribution.astype(np.float64).sum()) - (own.difference or 0)
    return replace(own, attribution=other.attribution, residual=missed)


def marked_figures(predictor: Predictor, record: Record, rng: np.random.Generator) -> Iterator[Row]:
    """Yield how much of the shortcut model's score is lost with what the heart cannot have made, without and with mark.

    The mark is planted four times, of any height up to its own; only those ECGs are told on which it carries over half
    of the score difference.
    """

    def scores(one: Record) -> tuple[float, float, float] | None:
        return figures.not_of_the_heart(Subject(predictor, one, explain(predictor, one, TARGET, method="gradients")))

    plain = scores(record)
    if plain is None:
        return
    yield HEART, "any", "right", figures.share_lost(*plain)
    for _ in range(MARKS):
        planted = shortcut.mark(record.signal.shape[1], record.fs, float(rng.uniform(0, shortcut.EVERY_SECONDS)))
        marked = scores(replace(record, signal=record.signal + float(rng.random()) * planted))
        if marked is not None and figures.share_lost(marked[0], plain[0], marked[2]) > OVER_HALF:
            yield HEART, "any", "wrong", figures.share_lost(*marked)


def chosen_targets(study: Study, row: int, rng: np.random.Generator) -> list[str]:
    """Return two targets of an ECG: one that its tracing has, and any other."""
    tracing = study.labels.of_kind(Kind.TRACING)
    has = np.array(tracing.labels.names)[tracing.values[row] == 1]
    one = str(rng.choice(has if len(has) else tracing.labels.names))
    return [one, str(rng.choice([name for name in study.labels.labels.names if name != one]))]


def limits_from(rows: list[Row]) -> dict[str, dict[str, dict[str, object]]]:
    """Return by check and method the limit, of how many it is told, and the share of right maps that keep to it."""
    limits: dict[str, dict[str, dict[str, object]]] = {}
    for check, above in ABOVE.items():
        for method in sorted({row[1] for row in rows if row[0] == check}):
            wrong, right = (
                np.array([row[3] for row in rows if row[:3] == (check, method, kind)]) for kind in ("wrong", "right")
            )
            worse, better = (
                float(np.quantile(some, WRONG_PASS if above == (some is right) else 1 - WRONG_PASS))
                for some in (wrong, right)
            )
            apart = better > worse if above else better < worse
            value = (worse + better) / 2 if apart else worse
            passed = float((right >= value if above else right <= value).mean())
            limits.setdefault(check, {})[method] = {
                "value": value,
                "n": len(wrong),
                "wrong": WRONG[check],
                "right": len(right),
                "right_pass": passed,
            }
            told = f"{value:.3f} | {worse:.3f} of {len(wrong)} | {better:.3f} of {len(right)} | {passed:.0%}"
            print(f"| {checking.TITLES[check][0]} | {method} | {told} |")
    return limits


def main() -> None:
    """Measure, append, and write the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("--ecgs", type=int, default=30)
    parser.add_argument("--methods", nargs="+", default=[DEFAULT])
    parser.add_argument("--figures", type=Path, default=Path("guard_figures.csv"))
    arguments = parser.parse_args()
    models = checkpoints.bundled_folder()
    transferred, planted = (Predictor.open(models / name) for name in ("transferred", "checks/shortcut"))
    study = read_study(arguments.prepared, transferred.card.preprocessing)
    waveforms = StoredWaveforms.open(arguments.prepared)
    tuning = np.random.default_rng(0).permutation(study.rows("tuning"))[: arguments.ecgs]
    done = _read(arguments.figures)
    for place, row in enumerate(tuning.tolist()):
        record = waveforms.record(int(waveforms.rows_of([study.cohort.record_ids[row]])[0]))
        for method in arguments.methods:
            if (place, method) in done or transferred.look(record).signal is None:
                continue
            rng = np.random.default_rng([1, place])
            found = list(figures_of(transferred, record, chosen_targets(study, row, rng), method, place))
            if method == DEFAULT:
                found += list(marked_figures(planted, record, rng))
            _append(arguments.figures, place, method, found)
    rows = [row for some in _read(arguments.figures).values() for row in some]
    shuffled = checkpoints.read_card(models / "checks" / "random_labels")
    for name, estimate in shuffled.estimates[SIMULATED].items():
        if shuffled.labels[name].kind is not Kind.LAB and estimate.low is not None:
            rows.append((KNOWN, "any", "wrong", estimate.low))
    for name, estimate in transferred.card.estimates[SIMULATED].items():
        if transferred.card.labels[name].kind is not Kind.LAB and estimate.low is not None:
            rows.append((KNOWN, "any", "right", estimate.low))
    print("| check | method | limit | 95 % of wrong fail | 95 % of right pass | right that pass the limit |")
    print("|---|---|---:|---:|---:|---:|")
    told = {"command": COMMAND.format(arguments.ecgs, '" "'.join(arguments.methods)), "limits": limits_from(rows)}
    PATH.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[tuple[int, str], list[Row]]:
    found: dict[tuple[int, str], list[Row]] = {}
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as stream:
            for place, asked, check, method, kind, figure in csv.reader(stream):
                row = (check, "any" if check in (SUM, HEART) else method, kind, float(figure))
                found.setdefault((int(place), asked), []).append(row)
    return found


def _append(path: Path, place: int, method: str, rows: list[Row]) -> None:
    with path.open("a", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows((place, method, *row) for row in rows)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        main()
