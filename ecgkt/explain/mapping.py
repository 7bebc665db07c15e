"""Mean maps over a cohort's held-out patients: who is taken, the map of each, and their mean, target by target."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS, Record
from ecgkt.errors import InvalidCohort, InvalidValue
from ecgkt.explain import saliency
from ecgkt.explain.beats import FROM_MS, TO_MS, mean_beat
from ecgkt.explain.cohort_maps import (
    BEAT_FS,
    PER,
    CohortMaps,
    TargetMaps,
    read_target,
    shares_of_patients,
    told_apart,
    write_target,
)
from ecgkt.explain.logits import Logit, score_of
from ecgkt.explain.regions import REGIONS, Regions, find_regions, shares_of
from ecgkt.signals.delineation import Delineation
from ecgkt.signals.measurements import measure

if TYPE_CHECKING:
    from ecgkt.data.studies import Study
    from ecgkt.inference import Predictor

FEWEST_PATIENTS = 8
RULE = (
    "held-out ECGs with the target, one per patient (the one that both arms score highest), and of these the {most} "
    "highest by the mean of both arms' ranks, so that both arms are shown the same ECGs; an ECG that an arm abstains "
    "from, or without three clear heartbeats, is passed over"
)


@dataclass(frozen=True, eq=False)
class Traced:
    """One ECG as it enters a mean: its input (12, n), its regions, its delineation at `samples`, its median beat."""

    signal: NDArray[np.float32]
    regions: Regions
    delineation: Delineation
    samples: int
    beat: NDArray[np.float64]


@dataclass
class Mapper:
    """Makes the mean maps of `arms` (two) over the held-out ECGs of a `study`, whose 500 Hz signals `read` returns.

    `most` patients per target, and none below `fewest`; `steps` of each path, as many as its sum needs where None. What
    was measured of an ECG is kept for the next target.
    """

    study: Study
    read: Callable[[int], Record]
    arms: Mapping[str, Predictor]
    most: int = 25
    steps: int | None = None
    fewest: int = FEWEST_PATIENTS
    _held: dict[int, Traced | None] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if len(self.arms) != 2:
            raise InvalidValue("two arms", f"{len(self.arms)}", "name two checkpoints")
        self.rows = self.study.rows("held_out")
        self.ranks = np.mean([_ranks(one, self.study.signals, self.rows) for one in self.arms.values()], axis=0)

    def candidates(self, target: str) -> NDArray[np.intp]:
        """Return the rows of the study that may be taken for a target, the highest score first, one per patient."""
        column = self.study.labels.labels.index(target)
        positive = np.flatnonzero(self.study.labels.values[self.rows, column] == 1)
        ranked = positive[np.argsort(-self.ranks[positive, self._column(target)], kind="stable")]
        subjects = self.study.cohort.subject_ids[self.rows[ranked]]
        _, first = np.unique(subjects, return_index=True)
        chosen: NDArray[np.intp] = self.rows[ranked[np.sort(first)]]
        return chosen

    def map_target(self, target: str) -> TargetMaps | str:
        """Return the mean maps of a target, or the reason why there are none."""
        traced = self._traced(target)
        if len(traced) < self.fewest:
            return f"{len(traced)} held-out patients with it, and at least {self.fewest} are needed"
        signals = np.stack([one.signal for one in traced])
        maps, by_region, by_lead, moved, residuals = {}, {}, {}, {}, {}
        for name, predictor in self.arms.items():
            found, missed = integrate(predictor, signals, target, self.steps)
            residuals[name] = float(np.median(missed))
            each = [shares_of(one, ecg.regions) for one, ecg in zip(found, traced, strict=True)]
            by_region[name] = np.stack([one.mass.sum(axis=0) for one in each])
            by_lead[name] = np.stack([one.mass.sum(axis=1) for one in each])
            sums = np.abs(found).sum(axis=(1, 2), dtype=np.float64) + 1e-12
            moved[name] = np.stack([one.signed.sum(axis=0) for one in each]) / sums[:, None]
            maps[name] = np.stack([_on_beat(one, ecg) for one, ecg in zip(found, traced, strict=True)])
        first, second = maps.values()
        chance = np.mean([one.regions.area.sum(axis=0) for one in traced], axis=0)
        size = np.mean([shares_of(one.signal, one.regions).mass.sum(axis=0) for one in traced], axis=0)
        return TargetMaps(
            target=target,
            patients=len(traced),
            beat=np.nanmean([one.beat for one in traced], axis=0).astype(np.float32),
            maps=np.stack([one.mean(axis=0) for one in maps.values()]).astype(np.float32),
            clear=told_apart(first - second, self.study.preprocessing.fs),
            regions=shares_of_patients(by_region, REGIONS),
            leads=shares_of_patients(by_lead, LEADS),
            signed=shares_of_patients(moved, REGIONS),
            chance=dict(zip(REGIONS, chance.tolist(), strict=True)),
            size=dict(zip(REGIONS, size.tolist(), strict=True)),
            residuals=residuals,
        )

    def _column(self, target: str) -> int:
        return next(iter(self.arms.values())).card.labels.index(target)

    def _traced(self, target: str) -> list[Traced]:
        taken: list[Traced] = []
        for row in self.candidates(target):
            if len(taken) == self.most:
                break
            found = self._trace(int(row))
            if found is not None and found.regions.beats:
                taken.append(found)
        return taken

    def _trace(self, row: int) -> Traced | None:
        if row not in self._held:
            self._held[row] = self._measured(self.read(row))
        return self._held[row]

    def _measured(self, record: Record) -> Traced | None:
        looks = [predictor.look(record) for predictor in self.arms.values()]
        signal = looks[0].signal
        if signal is None or any(look.signal is None for look in looks):
            return None
        found = measure(record.signal, record.fs)
        if found.delineation is None or found.beats is None:
            return None
        time = FROM_MS + 1000 / BEAT_FS * np.arange(round((TO_MS - FROM_MS) * BEAT_FS / 1000))
        beat = np.stack([np.interp(time, found.beats.time_ms, lead) for lead in found.beats.signal])
        regions = find_regions(found.delineation, self.study.preprocessing.fs, signal.shape[1])
        return Traced(signal, regions, found.delineation, record.signal.shape[1], beat)


def integrate(
    predictor: Predictor, signals: NDArray[np.float32], target: str, steps: int | None
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return integrated gradients (k, 12, n) of a target from the zero signal for inputs (k, 12, n), and what each
    misses (k,) of its score difference, as a share.
    """
    logit = Logit.of(predictor, target)
    found, missed = [], []
    for signal in signals:
        zero = np.zeros_like(signal)
        score, reference = score_of(logit, np.stack([signal, zero])).tolist()
        attribution = saliency.integrate(logit, signal, zero, steps)
        found.append(attribution)
        total = float(attribution.sum(dtype=np.float64))
        missed.append(abs(total - (score - reference)) / max(abs(score - reference), 1e-6))
    return np.stack(found), np.array(missed)


def map_cohort(
    mapper: Mapper,
    folder: Path,
    targets: Sequence[str],
    command: str,
    progress: Callable[[int, int], None] | None = None,
) -> CohortMaps:
    """Make the mean maps of all targets; each is kept in `folder` as soon as it is there, so that a broken run goes on.

    Raises InvalidCohort where the folder holds maps of other models, ECGs or settings.
    """
    arms = {name: one.card.id for name, one in mapper.arms.items()}
    key = {
        "arms": arms,
        "cohort": mapper.study.cohort.fingerprint,
        "most": mapper.most,
        "steps": mapper.steps,
    }
    _claim(folder, key)
    found: dict[str, TargetMaps] = {}
    omitted: dict[str, str] = {}
    for place, target in enumerate(targets):
        one = _kept(mapper, folder, target)
        if isinstance(one, str):
            omitted[target] = one
        else:
            found[target] = one
        if progress is not None:
            progress(place + 1, len(targets))
    taken = f"{mapper.steps} steps" if mapper.steps else "steps as each sum needs"
    return CohortMaps(
        arms=arms,
        domain=mapper.study.cohort.domain,
        cohort=mapper.study.cohort.fingerprint,
        method=f"integrated gradients, {taken}, baseline: zero signal",
        rule=RULE.format(most=mapper.most),
        command=command,
        fs=mapper.study.preprocessing.fs,
        most=mapper.most,
        targets=found,
        omitted=omitted,
    )


def forget(folder: Path) -> None:
    """Remove what a finished run left."""
    shutil.rmtree(folder, ignore_errors=True)


def _claim(folder: Path, key: Mapping[str, object]) -> None:
    path = folder / "settings.json"
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != key:
        raise InvalidCohort("maps of the same run", f"others in {folder}", "remove that folder or name another")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(key), encoding="utf-8")


def _kept(mapper: Mapper, folder: Path, target: str) -> TargetMaps | str:
    """Return a target's maps from an earlier run, else make and keep them; what has none is found out again."""
    path = folder / f"{target}.npz"
    if path.is_file():
        return read_target(path)
    found = mapper.map_target(target)
    if not isinstance(found, str):
        write_target(found, path)
    return found


def _ranks(predictor: Predictor, signals: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the place (rows, k) of each score among those of all rows, from 0 to 1."""
    logits = np.concatenate([predictor.logits(list(signals[some])) for some in _blocks(rows)])
    places: NDArray[np.float64] = logits.argsort(axis=0).argsort(axis=0) / max(1, len(rows) - 1)
    return places


def _blocks(rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(rows), 256):
        yield rows[start : start + 256]


def _on_beat(attribution: NDArray[np.float32], ecg: Traced) -> NDArray[np.float64]:
    """Return a map (12, n) on the mean beat, in thousandths of its own absolute sum."""
    found = mean_beat(attribution, ecg.regions.fs, ecg.delineation, ecg.samples)
    total = float(np.abs(attribution.astype(np.float64)).sum())
    if found is None or total == 0:
        return np.zeros((len(LEADS), round((TO_MS - FROM_MS) * ecg.regions.fs / 1000)))
    return PER * found[0] / total
