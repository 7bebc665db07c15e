"""Where a map lies in a reader's terms: on which wave of which lead, against what chance would put there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.explanations import Explanation
from ecgkt.domain.records import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.signals.delineation import Delineation, Waves
from ecgkt.signals.rhythm import RhythmKind, state_rhythm

REGIONS = ("P wave", "PR segment", "QRS complex", "ST segment", "T wave", "TP segment", "not delineated")
DEFINITIONS = (
    "its onset to its offset",
    "P offset to QRS onset",
    "its onset to its offset, ectopic beats too",
    "J point to T onset",
    "its onset to its offset",
    "T offset to the next P onset, or to the next QRS where no P wave was found (then a TQ interval, with U waves and "
    "whatever the atria do there)",
    "before the first and after the last whole beat, and where a wave's edges were not found",
)
P, PR, QRS, ST, T, TP, REST = range(len(REGIONS))
NO_WAVES, NO_LEADS = frozenset({"occlusion by electrode"}), frozenset({"occlusion by wave", "Grad-CAM"})
"""Methods whose maps tell no waves, or no leads, apart."""
NO_SUMS = frozenset({"gradients", "Grad-CAM"})
"""Methods whose maps neither add up to logits nor follow the size of the waves."""
FEWEST_BEATS = 3
MOST_UNCUT = 0.25


@dataclass(frozen=True, eq=False)
class Regions:
    """For each sample of an input (12, n) at `fs` Hz the place in `REGIONS` of what it belongs to, in `of`.

    `beats` were cut; `note` says what was not found and why, `doubt` why the shares may mean little; empty else.
    """

    of: NDArray[np.int8]
    fs: float
    beats: int
    note: str = ""
    doubt: str = ""

    def __post_init__(self) -> None:
        if self.of.ndim != 2 or self.of.shape[0] != len(LEADS):
            raise InvalidValue("regions of 12 leads (12, n)", f"{self.of.shape}", "cut the whole input")
        self.of.setflags(write=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Return what `REGIONS` are called here: without a P wave the TP segment is a TQ interval."""
        without_p = not (self.of == P).any()
        return tuple("TQ interval" if without_p and at == TP else name for at, name in enumerate(REGIONS))

    @property
    def area(self) -> NDArray[np.float64]:
        """Return (12, 7) the share of all samples that each region has in each lead: what chance would put there."""
        return self.sums(np.ones(self.of.shape)) / max(self.of.size, 1)

    def sums(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (12, 7) the sum of values (12, n) by lead and region."""
        if values.shape != self.of.shape:
            told = f"{values.shape} for regions {self.of.shape}"
            raise InvalidValue("values of the input that was cut", told, "cut the input that was explained")
        place = self.of + len(REGIONS) * np.arange(len(LEADS))[:, None]
        size = len(LEADS) * len(REGIONS)
        weights = np.asarray(values, dtype=np.float64).ravel()
        summed: NDArray[np.float64] = np.asarray(np.bincount(place.ravel(), weights, size), dtype=np.float64)
        return summed.reshape(len(LEADS), len(REGIONS))


@dataclass(frozen=True)
class Part:
    """A region or a lead: its `share` of the absolute attribution, of the area (`chance`), and its `signed` logits.

    `size` is its share of the signal's own absolute millivolts, which a map has that follows nothing but the size of
    the waves; NaN where the signal was not given.
    """

    name: str
    share: float
    chance: float
    signed: float
    size: float

    @property
    def times(self) -> float:
        """How many times chance the share is; 0 for what has no area."""
        return self.share / self.chance if self.chance > 0 else 0.0


@dataclass(frozen=True, eq=False)
class Shares:
    """A map by lead and region, each (12, 7): shares of its absolute `mass`, of the `area`, `signed` sums in logits.

    `mass` and `area` add up to 1 each (the first to 0 for an empty map), `signed` to the map's own sum; `size` to 1, or
    NaN, as in `Part`.
    """

    regions: Regions
    mass: NDArray[np.float64]
    area: NDArray[np.float64]
    signed: NDArray[np.float64]
    size: NDArray[np.float64]

    @property
    def by_region(self) -> tuple[Part, ...]:
        """All regions, in the order of the beat."""
        return self._parts(self.regions.names, 0)

    @property
    def by_lead(self) -> tuple[Part, ...]:
        """All leads, in their usual order."""
        return self._parts(LEADS, 1)

    @property
    def empty(self) -> bool:
        """Whether the map is zero everywhere."""
        return not self.mass.any()

    def _parts(self, names: tuple[str, ...], axis: int) -> tuple[Part, ...]:
        sums = [one.sum(axis=axis).tolist() for one in (self.mass, self.area, self.signed, self.size)]
        return tuple(Part(*row) for row in zip(names, *sums, strict=True))


def find_regions(delineation: Delineation | None, fs: float, samples: int) -> Regions:
    """Cut a model's input (12, `samples`) at `fs` Hz into waves and segments, each lead by its own edges.

    The input begins with the recording that was delineated. A wave that was not found is absent and not invented:
    without P wave there is no PR segment, without T wave neither ST nor TP segment. Where two overlap, QRS goes before
    P, P before T. Under 3 beats nothing is cut. Definitions stand in `DEFINITIONS`.
    """
    of = np.full((len(LEADS), samples), REST, dtype=np.int8)
    d = delineation
    if d is None or len(d.beats) < FEWEST_BEATS or not np.isfinite(d.qrs.onset).any():
        return Regions(of, fs, 0, f"No wave is told apart: fewer than {FEWEST_BEATS} clear heartbeats were found.")
    for lead in range(len(LEADS)):
        for region, starts, ends in _spans(d, lead):
            first, last = (np.clip(np.ceil(edge / d.fs * fs - 1e-9), 0, samples) for edge in (starts, ends))
            for begin, end in zip(first, last, strict=True):
                if begin < end:
                    of[lead, int(begin) : int(end)] = region
    uncut = float((of == REST).mean())
    doubt = f"{uncut:.0%} of the signal could not be cut into waves, so shares by wave say little."
    return Regions(of, fs, len(d.beats), _note(d, of), doubt if uncut > MOST_UNCUT else "")


def shares(explanation: Explanation, regions: Regions, signal: NDArray[np.floating] | None = None) -> Shares:
    """Return where a map lies, and where the explained `signal` (12, n) itself does; as `shares_of`.

    Of methods in `NO_SUMS` the signed sums and the signal's shares are NaN, since they say nothing there.
    """
    if explanation.method not in NO_SUMS:
        return shares_of(explanation.attribution, regions, signal)
    found = shares_of(explanation.attribution, regions)
    return replace(found, signed=np.full(found.signed.shape, np.nan))


def shares_of(
    attribution: NDArray[np.floating], regions: Regions, signal: NDArray[np.floating] | None = None
) -> Shares:
    """Return where an attribution (12, n) lies; raise InvalidValue where the regions are of another input."""
    values = np.asarray(attribution, dtype=np.float64)
    mass = _of_all(regions.sums(np.abs(values)))
    size = np.full(mass.shape, np.nan) if signal is None else _of_all(regions.sums(np.abs(signal)))
    return Shares(regions, mass, regions.area, regions.sums(values), size)


def _of_all(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    total = sums.sum()
    return sums / total if total > 0 else sums


def _spans(d: Delineation, lead: int) -> list[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Return starts and ends (k,) of each region in one lead, in the order in which they are painted; NaN is dropped.

    A segment reaches from one wave that was found to the next.
    """
    (p0, p1), (q0, q1), (t0, t1) = (_edges(wave, lead) for wave in (d.p, d.qrs, d.t))
    begins = np.where(np.isfinite(p0), p0, q0)
    after = np.append(begins[1:], np.nan)
    found = [(TP, t1, after), (ST, q1, t0), (T, t0, t1), (PR, p1, q0), (P, p0, p1), (QRS, q0, q1)]
    return [(region, a[(ok := np.isfinite(a + b))], b[ok]) for region, a, b in found]


def _edges(wave: Waves, lead: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return wave.onset[:, lead], wave.offset[:, lead]


def _note(d: Delineation, of: NDArray[np.int8]) -> str:
    said = []
    if not (of == P).any():
        kind = state_rhythm(d).kind
        why = f"by rules: {kind}" if kind is not RhythmKind.UNKNOWN else "too few beats to say why"
        said.append(f"No P wave was found ({why}), so there is no share for it.")
    if not (of == T).any():
        said.append("No T wave was found, so there is no share for it.")
    return " ".join(said)
