"""Whether a recording can be read at all: missing, flat, gapped and implausible leads, and its length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import LEADS, Record, listed

SHORTEST_SECONDS = 5.0
LONGEST_GAP_SECONDS = 0.2
LONGEST_FLAT_SECONDS = 2.0
FLAT_MV = 0.005
LARGEST_MV = 20.0
_MISSING = "is missing"
_PART_OF_THE_TIME = (0.1, 0.6)
_MANY_LEADS = 6


@dataclass(frozen=True)
class Quality:
    """What is wrong with a recording: `leads` names each bad lead and its fault, `refusal` is a whole sentence."""

    leads: dict[str, str]
    refusal: str | None

    @property
    def good(self) -> bool:
        """Whether the model may read it."""
        return self.refusal is None


def assess(record: Record, seconds: float = 10.0) -> Quality:
    """Judge the first `seconds` of a record, those that the model sees.

    Refused are: less than 5 s; leads that were recorded one after the other; a lead that is missing, has a gap over
    0.2 s, stands still (within 5 uV) for over 2 s, or leaves +-20 mV. Shorter gaps are bridged by the preprocessing.
    """
    if record.seconds < SHORTEST_SECONDS:
        return Quality(
            {},
            f"Wanted at least {SHORTEST_SECONDS:g} s of ECG, got {record.seconds:.1f} s: record 10 s.",
        )
    seen = record.first_seconds(seconds)
    faults = fault_of_leads(seen)
    return Quality(faults, _one_after_the_other(seen) or _sentence(faults))


def fault_of_leads(seen: Record) -> dict[str, str]:
    """Return by lead what makes it unreadable over the whole record; readable leads have no entry."""
    gaps = np.isnan(seen.signal)
    level = np.nan_to_num(seen.signal) if gaps.any() else seen.signal
    # Most leads are judged without a look at each: no sample is further from the median than the largest from the
    # smallest.
    with np.errstate(over="ignore"):
        suspect = gaps.any(axis=1) | (np.ptp(level, axis=1) > LARGEST_MV)
        still = _still_seconds(level, seen.fs)
    faults = {}
    for place in np.flatnonzero(suspect | (still > 0)):
        lead, samples, gap = LEADS[place], seen.signal[place], gaps[place]
        fault = _fault(samples, gap, float(still[place]), seen.fs)
        if fault is not None:
            faults[lead] = fault
    return faults


def flat_leads(signal: NDArray[np.float32], fs: float) -> tuple[str, ...]:
    """Return the leads of a signal (12, n) in mV that stand still for over 2 s, gaps aside."""
    gaps = np.isnan(signal)
    still = _still_seconds(np.nan_to_num(signal), fs, gaps if gaps.any() else None)
    return tuple(lead for lead, stretch in zip(LEADS, still, strict=True) if stretch > LONGEST_FLAT_SECONDS)


def _fault(samples: NDArray[np.float32], gap: NDArray[np.bool_], still: float, fs: float) -> str | None:
    if gap.all():
        return _MISSING
    if (longest := _longest_run(gap) / fs) > LONGEST_GAP_SECONDS:
        return f"has a gap of {longest:.1f} s"
    known = samples[~gap]
    if np.abs(known - np.median(known)).max() > LARGEST_MV:
        return f"leaves ±{LARGEST_MV:g} mV (check the unit)"
    if still > LONGEST_FLAT_SECONDS:
        return "is flat" if still > 0.9 * len(samples) / fs else f"is flat for {still:.1f} s"
    return None


def _still_seconds(
    signal: NDArray[np.float32], fs: float, gaps: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Return (12,) the longest stretch that stays within 5 uV, looked at in blocks of 0.1 s; 0 where surely under 2 s.

    `signal` is (12, n) without NaN. Blocks in which `gaps` is set do not count as still.
    """
    block = max(1, round(fs / 10))
    blocks = signal.shape[1] // block
    shaped = signal[:, : blocks * block].reshape(len(signal), blocks, block)
    enough = LONGEST_FLAT_SECONDS * fs / block
    longest = np.zeros(len(signal))
    for lead in np.flatnonzero(_perhaps_still(shaped).sum(axis=1) > enough):
        still = np.ptp(shaped[lead], axis=1) <= FLAT_MV
        if gaps is not None:
            still &= ~gaps[lead, : blocks * block].reshape(blocks, block).any(axis=1)
        if still.sum() > enough:
            steps = np.abs(np.diff(np.median(shaped[lead], axis=1), prepend=np.nan)) > FLAT_MV
            longest[lead] = _longest_run(still & ~steps) * block / fs
    return longest


def _perhaps_still(shaped: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (12, blocks), False where a few samples of a block (12, blocks, samples) show already that it moves."""
    block = shaped.shape[2]
    pairs = ((0, block // 2), (block // 4, 3 * block // 4), (0, block - 1))
    near = [np.abs(shaped[:, :, one] - shaped[:, :, other]) <= FLAT_MV for one, other in pairs]
    both: NDArray[np.bool_] = near[0] & near[1] & near[2]
    return both


def _longest_run(mask: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0


def _one_after_the_other(seen: Record) -> str | None:
    """Return the sentence for a recording in the manner of paper, in which leads take turns."""
    known = np.isfinite(seen.signal).mean(axis=1)
    low, high = _PART_OF_THE_TIME
    parts = known[(known > low) & (known < high)]
    if len(parts) < _MANY_LEADS:
        return None
    each, whole = np.median(parts) * seen.seconds, seen.seconds
    return (
        f"Wanted all 12 leads at the same time, got leads one after the other, {each:.1f} s each of {whole:.1f} s: "
        "give the whole recording, not what was printed of it."
    )


def _sentence(faults: dict[str, str]) -> str | None:
    if not faults:
        return None
    missing = [lead for lead, fault in faults.items() if fault == _MISSING]
    parts = [f"lead{'s' if len(missing) > 1 else ''} {listed(missing)} {'are' if len(missing) > 1 else 'is'} missing"]
    parts = (parts if missing else []) + [f"lead {lead} {fault}" for lead, fault in faults.items() if fault != _MISSING]
    told = ", ".join(parts[:3])
    more = f" and {len(parts) - 3} more are no better" if len(parts) > 3 else ""
    do = "give the 12-lead recording" if missing and len(parts) == 1 else "check the electrodes"
    return f"Wanted a signal on all 12 leads, got a recording in which {told}{more}: {do}."
