"""What maps were worth on SIMULATED patients whose cause is known: the stored table, and what it says of one map.

`benchmarks/plausibility.py` writes the table (`judging.summarise` makes it); the app reads it here. A map of a target
is called good enough where its mean score lies above that of the same method on random weights and above a peak
detector's, each with the whole interval of the paired difference, and comes to at least a quarter of what a map of the
change itself has (`GOOD_SHARE`, our own choice).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ecgkt.domain.estimates import Estimate
from ecgkt.errors import InvalidValue
from ecgkt.explain.methods import METHODS

_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "explanations"
PLAUSIBILITY, FAITHFULNESS = _FOLDER / "plausibility.json", _FOLDER / "faithfulness.json"
GOOD_SHARE = 0.25
EQUAL = 0.01
"""Mean scores nearer than this count as equal: methods then differ less than any map's interval is wide."""
PEAK_DETECTOR, SHORTCUT_CHECK = "peak detector", "checks/shortcut"
FORMAT = 1


@dataclass(frozen=True)
class Worth:
    """What maps of one target by one method from one checkpoint were worth on simulated patients.

    `score`, `random` (the same method on random weights), `peaks` (a peak detector) and `ceiling` (the change itself)
    are means over `causes`, each counting alike; 0 is chance. `over_random` and `over_peaks` are paired differences.
    """

    target: str
    checkpoint_id: str
    method: str
    causes: tuple[str, ...]
    score: Estimate
    random: Estimate
    peaks: Estimate
    ceiling: Estimate
    over_random: Estimate
    over_peaks: Estimate

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """Return why the maps are not good enough, in plain words; empty where they are."""
        if not self.score.defined:
            return (f"too few simulated patients ({self.score.n})",)
        found = []
        for estimate, than in ((self.over_random, "those of a model with random weights"),
                               (self.over_peaks, "a peak detector that knows no target")):  # fmt: skip
            if estimate.low is None or estimate.low <= 0:
                found.append(f"no better than {than}")
        if (self.score.value or 0.0) < GOOD_SHARE * (self.ceiling.value or 1.0):
            found.append("under a quarter of what a map of the change itself would have")
        return tuple(found)

    @property
    def good(self) -> bool:
        """Whether the maps are good enough by the rule of this module."""
        return not self.shortcomings


@dataclass(frozen=True, eq=False)
class JudgedMaps:
    """The stored table: `methods` that were measured, the best of them first, and `worth` of each map.

    `means` are the transferred arm's over all causes, by method.
    """

    methods: tuple[str, ...]
    worth: Mapping[tuple[str, str, str], Worth]
    checkpoints: Mapping[str, str]
    patients: int
    means: Mapping[str, float] = field(default_factory=dict)

    def of(self, target: str, checkpoint_id: str, method: str) -> Worth | None:
        """Return what maps of a target were worth, None where no known cause or another checkpoint was measured."""
        return self.worth.get((target, checkpoint_id, method))

    def good_methods(self, target: str, checkpoint_id: str) -> tuple[str, ...]:
        """Return the methods that are good enough for a target, the best overall first."""
        found = ((method, self.of(target, checkpoint_id, method)) for method in self.methods)
        return tuple(method for method, worth in found if worth is not None and worth.good)

    def measured(self, target: str, checkpoint_id: str) -> bool:
        """Return whether any method was measured for a target and checkpoint."""
        return any(self.of(target, checkpoint_id, method) for method in self.methods)


def read_judged(path: Path = PLAUSIBILITY) -> JudgedMaps | None:
    """Return the stored table, None where there is none; raises InvalidValue where it is not one."""
    if not path.is_file():
        return None
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, _changed: int) -> JudgedMaps:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["format"] != FORMAT or table["simulated"] is not True:
            raise ValueError(f"format {table['format']}")
        rows = [_worth(row) for row in table["targets"]]
        methods, checkpoints = tuple(table["methods"]), dict(table["checkpoints"])
        patients = int(table["patients"])
        means = {name: float(found["transferred"]["value"] or 0.0) for name, found in table["pooled"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidValue(
            "the table that benchmarks.plausibility writes", f"{path.name}: {error}", "write it again"
        ) from error
    return JudgedMaps(methods, {(w.target, w.checkpoint_id, w.method): w for w in rows}, checkpoints, patients, means)


def _worth(row: Mapping[str, Any]) -> Worth:
    estimates = {
        name: Estimate(**row[name]) for name in ("score", "random", "peaks", "ceiling", "over_random", "over_peaks")
    }
    return Worth(row["target"], row["checkpoint_id"], row["method"], tuple(row["causes"]), **estimates)


def is_faithful(method: str, path: Path = FAITHFULNESS) -> bool | None:
    """Return whether maps by a method show what the models use; None where that was not measured.

    They do where the whole interval of their score on the check model's planted mark lies above a peak detector's, and
    that of their deletion gain does too (simulated and real ECGs together, transferred arm, paired). Raises
    InvalidValue where the file is no such table.
    """
    if not path.is_file():
        return None
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        found = {(row["part"], row["model"], row["method"]): row for row in rows}
        ours, peaks = (found.get(("shortcut", SHORTCUT_CHECK, name)) for name in (method, PEAK_DETECTOR))
        curve = found.get(("all", "transferred", method))
        if ours is None or peaks is None or curve is None:
            return None
        on_mark, by_peaks, over = Estimate(**ours["score"]), Estimate(**peaks["score"]), Estimate(**curve["over_peaks"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidValue(
            "the table that benchmarks.faithfulness writes", f"{path.name}: {error}", "write it again"
        ) from error
    if on_mark.low is None or by_peaks.high is None or over.low is None:
        return None
    return on_mark.low > by_peaks.high and over.low > 0


def best_method(path: Path = PLAUSIBILITY, faithful: Path = FAITHFULNESS) -> str | None:
    """Return the method to begin with: of the faithful ones the most plausible over all causes.

    Of those that are as plausible as that one to within `EQUAL`, the first in the order of `METHODS` that draws
    nothing at random. None where nothing was measured, or no method is faithful.
    """
    judged = read_judged(path)
    found = [] if judged is None else [method for method in judged.methods if is_faithful(method, faithful)]
    if judged is None or not found:
        return None
    equal = [method for method in found if judged.means[method] >= judged.means[found[0]] - EQUAL]
    return next((name for name, method in METHODS.items() if name in equal and not method.draws), equal[0])
