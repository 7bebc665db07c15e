"""A 12-lead ECG: leads by name, millivolts, hertz, and what was done to it on the way in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.device import DeviceReport
from ecgkt.errors import InvalidValue

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
STORED_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")

_LIMB_LEADS = {"I": (1, 0), "II": (0, 1), "III": (-1, 1), "aVR": (-0.5, -0.5), "aVL": (1, -0.5), "aVF": (-0.5, 1)}
"""Shares of I and II in each: Einthoven 1912, Goldberger 1942."""

_CANONICAL = {lead.lower(): lead for lead in LEADS}
_DECORATION = re.compile(r"^(mdc_ecg_lead_|mdc_ecg_|ecg[ _]|lead[ _])|\s*\(.*\)$")
MOST_MILLIVOLT = 1e6
"""Beyond this, a kilovolt, a sample is no voltage of a heart in any wrong unit; amplifiers end at some hundred mV."""


class Domain(StrEnum):
    """Where a record comes from, as far as the file itself says."""

    SIMULATED = "simulated"
    REAL = "real"
    UNKNOWN = "unknown"


@lru_cache(maxsize=256)
def canonical_lead(name: str) -> str | None:
    """Return the standard name of a lead as files spell it (`avf`, `Lead II`, `MDC_ECG_LEAD_V1`), or None."""
    bare = name.strip().lower()
    while (shorter := _DECORATION.sub("", bare)) != bare:
        bare = shorter
    return _CANONICAL.get(bare)


@dataclass(frozen=True, eq=False)
class Record:
    """One recording.

    `signal` is (12, n) float32 in mV, rows in the order of `LEADS`, gaps NaN; `fs` in Hz. `age` in years and
    `sex` ("female", "male") are None where unknown; no other identifier has a place here. `source` names the
    format or the collection, never a patient; `notes` says what was derived, dropped or cropped. `filters` is what the
    file itself says about filters that were applied on recording ("0.05-150 Hz"), None where it says nothing. `device`
    is what the recording machine measured and stated, None where the file holds nothing of it; where `filters` is not
    given, it is the machine's.
    """

    signal: NDArray[np.float32]
    fs: float
    source: str
    domain: Domain = Domain.UNKNOWN
    age: float | None = None
    sex: str | None = None
    notes: tuple[str, ...] = ()
    filters: str | None = None
    device: DeviceReport | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.fs) or not 50 <= self.fs <= 20_000:
            raise InvalidValue("a sampling rate between 50 and 20,000 Hz", f"{self.fs}", "give the file's own rate")
        signal = np.asarray(self.signal)
        if signal.ndim != 2 or signal.shape[0] != len(LEADS) or signal.shape[1] == 0:
            raise InvalidValue(
                "a signal of shape (12 leads, n samples)", f"{signal.shape}", "build it with Record.from_leads"
            )
        if not np.issubdtype(signal.dtype, np.floating):
            raise InvalidValue("a signal in mV as floats", f"{signal.dtype}", "convert the file's units to mV first")
        if np.isinf(signal).any():
            raise InvalidValue("finite values, with gaps as NaN", "infinite values", "turn them into NaN first")
        if self.sex not in (None, "female", "male"):
            raise InvalidValue('sex as "female", "male" or None', repr(self.sex), "map the file's spelling first")
        if self.age is not None and not 0 <= self.age <= 130:
            raise InvalidValue("an age from 0 to 130 years or None", f"{self.age}", "use None where it is not known")
        frozen = np.array(signal, dtype=np.float32, order="C")
        frozen.setflags(write=False)
        object.__setattr__(self, "signal", frozen)
        object.__setattr__(self, "fs", float(self.fs))
        object.__setattr__(self, "domain", Domain(self.domain))
        if self.filters is None and self.device is not None:
            object.__setattr__(self, "filters", self.device.filters)

    @classmethod
    def from_leads(
        cls,
        leads: Mapping[str, NDArray[np.floating]],
        fs: float,
        source: str,
        *,
        domain: Domain = Domain.UNKNOWN,
        age: float | None = None,
        sex: str | None = None,
        notes: tuple[str, ...] = (),
        filters: str | None = None,
        device: DeviceReport | None = None,
    ) -> Record:
        """Build a record from samples in mV by lead name, in any order and spelling.

        Limb leads that are not stored are derived from two that are, by Einthoven (1912) and Goldberger (1942);
        channels that are not one of the twelve are left out; a lead that neither is there nor follows from others is
        missing (NaN throughout). All three are noted. Raises InvalidValue where there is none of the twelve, one
        stands twice or has another length.
        """
        named: dict[str, NDArray[np.floating]] = {}
        others = []
        for name, samples in leads.items():
            lead = canonical_lead(name)
            if lead is None:
                others.append(name.strip())
            elif lead in named:
                raise InvalidValue("each lead once", f"{lead} twice", "keep one channel per lead")
            else:
                named[lead] = np.asarray(samples)
        notes = (*notes, *_derive_limb_leads(named))
        if not named:
            got = f"none of them and {len(others)} other channels" if others else "none of them"
            raise InvalidValue("the 12 standard leads, or I, II and V1-V6", got, "export the 12-lead recording")
        lengths = {samples.shape for samples in named.values()}
        if len(lengths) > 1:
            raise InvalidValue(
                "12 leads of one length", f"lengths {sorted(lengths)}", "export the leads at one rate and length"
            )
        if others:
            notes = (*notes, f"{len(others)} channels that are not one of the 12 leads were left out")
        if missing := [lead for lead in LEADS if lead not in named]:
            notes = (*notes, f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} not in the file")
            named |= dict.fromkeys(missing, np.full(lengths.pop(), np.nan))
        with np.errstate(over="ignore"):
            signal = np.stack([named[lead] for lead in LEADS]).astype(np.float32)
        signal[~np.isfinite(signal)] = np.nan
        if (np.abs(signal) > MOST_MILLIVOLT).any():
            raise InvalidValue(
                "an ECG in mV", f"samples of over {MOST_MILLIVOLT:,.0f} mV", "check the unit and the scale in the file"
            )
        return cls(signal, fs, source, domain, age, sex, notes, filters, device)

    @property
    def seconds(self) -> float:
        """Length of the recording in seconds."""
        return float(self.signal.shape[1] / self.fs)

    def lead(self, name: str) -> NDArray[np.float32]:
        """Return the samples (n,) of one lead in mV."""
        lead = canonical_lead(name)
        if lead is None:
            raise InvalidValue(f"one of {', '.join(LEADS)}", repr(name), "use a standard lead name")
        samples: NDArray[np.float32] = self.signal[LEADS.index(lead)]
        return samples

    def first_seconds(self, seconds: float) -> Record:
        """Return the record cut to its first `seconds`, with a note; itself where it is no longer than that."""
        samples = round(seconds * self.fs)
        if self.signal.shape[1] <= samples:
            return self
        note = f"the first {seconds:g} s of {self.seconds:.1f} s are used"
        return replace(self, signal=self.signal[:, :samples], notes=(*self.notes, note))


def listed(leads: Sequence[str]) -> str:
    """Return leads as people list them: "V1", "V1-V6", "I, V4-V6"."""
    parts: list[list[str]] = []
    for lead in leads:
        follows = parts and lead[0] == "V" and lead in LEADS[6:] and parts[-1][-1] == f"V{int(lead[1:]) - 1}"
        if follows:
            parts[-1].append(lead)
        else:
            parts.append([lead])
    told = [f"{part[0]}-{part[-1]}" if len(part) > 2 else ", ".join(part) for part in parts]
    return ", ".join(told)


def _derive_limb_leads(named: dict[str, NDArray[np.floating]]) -> tuple[str, ...]:
    """Add the limb leads that follow from two others, in place; return the sentence that says so."""
    known = [lead for lead in _LIMB_LEADS if lead in named][:2]
    if len(known) < 2 or named[known[0]].shape != named[known[1]].shape:
        return ()
    one, other = (named[lead] for lead in known)
    from_i_and_ii = np.array([_LIMB_LEADS[lead] for lead in known])
    added = [lead for lead in _LIMB_LEADS if lead not in named]
    for lead in added:
        first, second = np.linalg.solve(from_i_and_ii.T, _LIMB_LEADS[lead])
        named[lead] = round(first, 9) * one + round(second, 9) * other
    return (f"{', '.join(added)} derived from {known[0]} and {known[1]}",) if added else ()
