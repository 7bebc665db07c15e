"""What a model looks at for a target over many patients: mean maps by arm, their shares by wave, and one small file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.domain.records import LEADS, Domain
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.explain.beats import FROM_MS, TO_MS

BEAT_FS = 200.0
"""Rate in Hz at which mean beats are stored."""
PER = 1000.0
"""Mean maps are stored in thousandths of a patient's whole map per sample."""
_ESTIMATES = ("regions", "leads", "signed")
_FIGURES = ("chance", "size", "residuals")


@dataclass(frozen=True, eq=False)
class TargetMaps:
    """One target over some patients, two arms beside each other on the same ECGs.

    `beat` (12, 200) is the mean of their median beats in mV at 200 Hz, `maps` (arms, 12, m) the mean beat-aligned
    attribution of each arm from -300 ms of QRS onset on, every patient's map divided by its own absolute sum and told
    in thousandths, and `clear` (12, m) where the first arm's minus the second's is told from zero. `regions` and
    `leads` map each arm, and "difference", to shares by name, `signed` to what each region adds to the score, as a
    share of the map's absolute sum. `chance` and `size` are the regions' mean shares of the samples and of all absolute
    millivolts, `residuals` by arm the median relative residual.
    """

    target: str
    patients: int
    beat: NDArray[np.float32]
    maps: NDArray[np.float32]
    clear: NDArray[np.bool_]
    regions: Mapping[str, Mapping[str, Estimate]]
    leads: Mapping[str, Mapping[str, Estimate]]
    signed: Mapping[str, Mapping[str, Estimate]]
    chance: Mapping[str, float]
    size: Mapping[str, float]
    residuals: Mapping[str, float]

    def __post_init__(self) -> None:
        if self.maps.ndim != 3 or self.maps.shape[1] != len(LEADS) or self.clear.shape != self.maps.shape[1:]:
            raise InvalidValue("maps (arms, 12, m)", f"{self.maps.shape}, {self.clear.shape}", "compute them again")

    @property
    def difference(self) -> NDArray[np.float32]:
        """Return the first arm's mean map minus the second's (12, m), zero where it is not told from zero."""
        apart: NDArray[np.float32] = np.where(self.clear, self.maps[0] - self.maps[1], 0).astype(np.float32)
        return apart


@dataclass(frozen=True, eq=False)
class CohortMaps:
    """Mean maps of many targets: `arms` by name with their checkpoints' ids, and how they were made.

    `fs` is the rate of the maps, `most` the patients per target that were asked for, `omitted` maps a target without
    maps to the reason.
    """

    arms: Mapping[str, str]
    domain: Domain
    cohort: str
    method: str
    rule: str
    command: str
    fs: float
    most: int
    targets: Mapping[str, TargetMaps]
    omitted: Mapping[str, str]

    @property
    def samples(self) -> int:
        """How many samples a map has."""
        return round((TO_MS - FROM_MS) * self.fs / 1000)


def write_target(found: TargetMaps, path: Path) -> None:
    """Write one target's maps as a file of arrays, whole or not at all."""
    _save(path, _told(found), _arrays([found]))


def read_target(path: Path) -> TargetMaps:
    """Read what `write_target` wrote; raise InvalidCohort where it is damaged."""
    told, arrays = _load(path)
    return _target(told, arrays, 0)


def write_maps(maps: CohortMaps, path: Path) -> None:
    """Write mean maps as one small file, whole or not at all."""
    told = {name: getattr(maps, name) for name in ("cohort", "method", "rule", "command", "fs", "most")}
    told |= {"arms": dict(maps.arms), "domain": str(maps.domain), "omitted": dict(maps.omitted)}
    told["targets"] = [_told(one) for one in maps.targets.values()]
    _save(path, told, _arrays(list(maps.targets.values())))


def read_maps(path: Path) -> CohortMaps:
    """Read what `write_maps` wrote; raise InvalidCohort where it is damaged."""
    told, arrays = _load(path)
    try:
        targets = [_target(one, arrays, place) for place, one in enumerate(told.pop("targets"))]
        by_name = {one.target: one for one in targets}
        return CohortMaps(**{**told, "domain": Domain(told["domain"])}, targets=by_name)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise _damaged(path) from error


def _told(found: TargetMaps) -> dict[str, Any]:
    shares = {
        what: {arm: {name: asdict(one) for name, one in some.items()} for arm, some in getattr(found, what).items()}
        for what in _ESTIMATES
    }
    told = {"target": found.target, "patients": found.patients}
    return {**told, **shares, **{what: dict(getattr(found, what)) for what in _FIGURES}}


def _arrays(found: Sequence[TargetMaps]) -> dict[str, NDArray[Any]]:
    if not found:
        return {}
    return {
        "beats": np.stack([one.beat for one in found]).astype(np.float16),
        "maps": np.stack([one.maps for one in found]).astype(np.float16),
        "clear": np.stack([one.clear for one in found]),
    }


def _target(told: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], place: int) -> TargetMaps:
    regions, leads, signed = (
        {arm: {name: Estimate(**one) for name, one in some.items()} for arm, some in told[what].items()}
        for what in _ESTIMATES
    )
    return TargetMaps(
        target=told["target"],
        patients=told["patients"],
        beat=arrays["beats"][place].astype(np.float32),
        maps=arrays["maps"][place].astype(np.float32),
        clear=arrays["clear"][place],
        regions=regions,
        leads=leads,
        signed=signed,
        **{what: told[what] for what in _FIGURES},
    )


def _save(path: Path, told: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("wb") as file:
        held: dict[str, Any] = {"told": np.array(json.dumps(told)), **arrays}
        np.savez_compressed(file, **held)
    unfinished.replace(path)


def _load(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        told: dict[str, Any] = json.loads(str(arrays.pop("told")))
    except (OSError, EOFError, BadZipFile, ValueError, KeyError) as error:
        raise _damaged(path) from error
    return told, arrays


def _damaged(path: Path) -> InvalidCohort:
    return InvalidCohort("mean maps as `mean-maps` writes them", f"no such file in {path.name}", "write them again")


def shares_of_patients(
    shares: Mapping[str, NDArray[np.float64]], names: Sequence[str], resamples: int = 1000, seed: int = 0
) -> dict[str, dict[str, Estimate]]:
    """Return by arm the mean of shares (patients, k) by name with its interval, and of the first arm minus the second.

    Patients are resampled, the same in both arms, so that the difference is paired.
    """
    from ecgkt.evaluation.resampling import percentile_interval, subject_weights

    (first, one), (second, other) = shares.items()
    n = len(one)
    weights = subject_weights(np.arange(n), resamples, seed) / n
    found = {}
    for arm, values in ((first, one), (second, other), ("difference", one - other)):
        mean, draws = values.mean(axis=0), weights @ values
        found[arm] = {
            name: Estimate(float(mean[k]), *percentile_interval(float(mean[k]), draws[:, k], n), n, n, "patient")
            for k, name in enumerate(names)
        }
    return found


def told_apart(differences: NDArray[np.float64], fs: float, level: float = 0.05) -> NDArray[np.bool_]:
    """Return where (12, m) the mean of paired differences (patients, 12, m) is told from zero.

    Each is averaged over 50 ms, as it is drawn; t tests over patients, with a false discovery rate of `level` over all
    points (Benjamini, Hochberg 1995).
    """
    from scipy.stats import t

    from ecgkt.evaluation.false_discovery import benjamini_hochberg

    width = max(1, round(0.05 * fs))
    kernel = np.hanning(width + 2)[1:-1]
    kernel /= kernel.sum()
    smooth = np.apply_along_axis(np.convolve, 2, differences, kernel, mode="same")
    n = len(smooth)
    error = smooth.std(axis=0, ddof=1) / np.sqrt(n)
    ratio = np.divide(np.abs(smooth.mean(axis=0)), error, out=np.zeros(error.shape), where=error > 0)
    p = 2 * t.sf(ratio, n - 1)
    clear: NDArray[np.bool_] = benjamini_hochberg(p.ravel()).reshape(p.shape) <= level
    return clear
