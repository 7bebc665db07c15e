"""From scores of single maps to the stored table: per cause, per target, pooled, and arm against arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue
from ecgkt.evaluation.comparison import Difference
from ecgkt.evaluation.false_discovery import benjamini_hochberg
from ecgkt.evaluation.plausibility import mean_difference, mean_score
from ecgkt.explain.judged import FORMAT, PEAK_DETECTOR

RANDOM, CEILING, PEAKS = "random weights", "the change itself", PEAK_DETECTOR
"""What stands beside the arms: a network before training, the best possible map, and one that knows no target."""
ARMS = ("transferred", "baseline")
STATEMENT = "SIMULATED patients, no model has seen them; what a cause changed is known from the simulator."
Case = tuple[str, str, int]
Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of maps by what made them: `by[(model, method)][(cause, target, patient)]`."""

    by: Mapping[tuple[str, str], Mapping[Case, float]]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Scores:
        """Gather rows of the keys cause, target, patient, model, method and score."""
        found: dict[tuple[str, str], dict[Case, float]] = {}
        for row in rows:
            key = str(row["model"]), str(row["method"])
            found.setdefault(key, {})[row["cause"], row["target"], int(row["patient"])] = float(row["score"])
        return cls(found)

    def paired(self, *makers: tuple[str, str], target: str = "", cause: str = "") -> Paired:
        """Return the scores of several makers on the cases that all of them have, of a target or cause alone."""
        common = set.intersection(*(set(self.by.get(maker, {})) for maker in makers))
        cases = sorted(c for c in common if (not target or c[1] == target) and (not cause or c[0] == cause))
        values = np.array([[self.by[maker][case] for case in cases] for maker in makers]).reshape(len(makers), -1)
        return Paired(values, np.array([c[2] for c in cases], dtype=np.int64), [f"{c[0]}|{c[1]}" for c in cases])


@dataclass(frozen=True, eq=False)
class Paired:
    """Scores (makers, n) of the same n maps' places, with `patients` (n,) and `groups` (cause and target)."""

    values: NDArray[np.float64]
    patients: NDArray[np.int64]
    groups: list[str]

    def mean(self, maker: int) -> dict[str, Any]:
        """Return the mean score of a maker, every group counting alike."""
        return mean_score(self.values[maker], self.patients, self.groups).to_json()

    def difference(self, first: int, second: int) -> Difference:
        """Return the mean difference of two makers."""
        return mean_difference(self.values[first], self.values[second], self.patients, self.groups)


def summarise(rows: Sequence[Row], checkpoints: Mapping[str, str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table as plain data; `checkpoints` are ids by arm, `settings` those of the simulation.

    Raises InvalidValue where a row is missing what a table needs.
    """
    scores = Scores.of(rows)
    measured = {method for model, method in scores.by if model == ARMS[0]}
    if not measured:
        raise InvalidValue(f"maps of the {ARMS[0]} arm", "none", "measure some first")
    pooled = {method: _pooled(scores, method) for method in sorted(measured)}
    methods = _ranked(scores, pooled)
    return {
        "format": FORMAT,
        "simulated": True,
        "statement": STATEMENT,
        "simulation": dict(settings),
        "checkpoints": dict(checkpoints),
        "patients": len({case[2] for made in scores.by.values() for case in made}),
        "maps": sum(map(len, scores.by.values())),
        "methods": methods,
        "pooled": pooled,
        "arms": {method: _arms(scores, method) for method in methods},
        "causes": _causes(scores, methods),
        "answers": _answers(rows),
        "targets": _targets(scores, methods, checkpoints),
    }


def _pooled(scores: Scores, method: str) -> dict[str, Any]:
    """Return a method's mean over all causes by arm, and of what stands beside it on the same cases."""
    makers = [*((arm, method) for arm in ARMS), (RANDOM, method), ("", CEILING), ("", PEAKS)]
    found = scores.paired(*makers)
    return {(maker[0] or maker[1]): found.mean(place) for place, maker in enumerate(makers)}


def _ranked(scores: Scores, pooled: Mapping[str, Any]) -> list[str]:
    """Return the methods by their mean over the cases that all have that were measured enough; the others last."""
    enough = [method for method in pooled if pooled[method][ARMS[0]]["value"] is not None]
    few = [method for method in pooled if method not in enough]
    if not enough:
        return few
    common = scores.paired(*((ARMS[0], method) for method in enough))
    means = {method: common.mean(place)["value"] or -1.0 for place, method in enumerate(enough)}
    return [*sorted(enough, key=lambda method: -means[method]), *few]


def _arms(scores: Scores, method: str) -> dict[str, Any]:
    """Return transferred minus baseline: pooled, and by cause with q over the causes."""
    makers = [(arm, method) for arm in ARMS]
    everything = scores.paired(*makers).difference(0, 1)
    cases = sorted({case[:2] for case in scores.by.get(makers[0], {})})
    found = [
        (cause, target, scores.paired(*makers, cause=cause, target=target).difference(0, 1)) for cause, target in cases
    ]
    defined = [one for one in found if one[2].p is not None]
    q = benjamini_hochberg(np.array([one[2].p for one in defined]))
    rows = [
        {"cause": cause, "target": target, **_told(replace(difference, q=float(each)))}
        for (cause, target, difference), each in zip(defined, q, strict=True)
    ]
    return {"pooled": _told(everything), "causes": rows}


def _told(difference: Difference) -> dict[str, Any]:
    return {"difference": difference.estimate.to_json(), "p": difference.p, "q": difference.q}


def _causes(scores: Scores, methods: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row per cause, target, maker: its mean score."""
    rows = []
    for maker, made in sorted(scores.by.items()):
        if maker[0] and maker[1] not in methods:
            continue
        for cause, target in sorted({case[:2] for case in made}):
            estimate = scores.paired(maker, cause=cause, target=target).mean(0)
            rows.append({"cause": cause, "target": target, "model": maker[0], "method": maker[1], "score": estimate})
    return rows


def _answers(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return by cause, target and arm how the logit falls when the cause is taken away: what there is to point at."""
    falls: dict[tuple[str, str, str], dict[int, float]] = {}
    for row in rows:
        if row["model"] in ARMS:
            falls.setdefault((row["cause"], row["target"], row["model"]), {})[int(row["patient"])] = row["falls"]
    told = []
    for (cause, target, model), by_patient in sorted(falls.items()):
        values, patients = np.array(list(by_patient.values())), np.array(list(by_patient), dtype=np.int64)
        estimate = mean_score(values, patients).to_json()
        share = float((values > 0).mean())
        told.append({"cause": cause, "target": target, "model": model, "falls": estimate, "fell_in": share})
    return told


def _targets(scores: Scores, methods: Sequence[str], checkpoints: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what the app asks for: one row per target, checkpoint and method, over all causes of the target."""
    rows = []
    for arm, checkpoint_id in checkpoints.items():
        for method in methods:
            makers = [(arm, method), (RANDOM, method), ("", PEAKS), ("", CEILING)]
            for target in sorted({case[1] for case in scores.by.get(makers[0], {})}):
                found = scores.paired(*makers, target=target)
                rows.append(
                    {
                        "target": target,
                        "checkpoint_id": checkpoint_id,
                        "method": method,
                        "causes": sorted({group.split("|")[0] for group in found.groups}),
                        "score": found.mean(0),
                        "random": found.mean(1),
                        "peaks": found.mean(2),
                        "ceiling": found.mean(3),
                        "over_random": found.difference(0, 1).estimate.to_json(),
                        "over_peaks": found.difference(0, 2).estimate.to_json(),
                    }
                )
    return rows
