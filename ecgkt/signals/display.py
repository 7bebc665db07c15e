"""Filters for the eye: applied to a copy that is drawn, never to what a model sees or what is measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import Record
from ecgkt.errors import InvalidValue
from ecgkt.signals.conditioning import bridged

_ORDER = 2
_NOTCH_QUALITY = 30.0
_ONCE = (np.sqrt(2) - 1) ** (1 / (2 * _ORDER))
_BELOW_NYQUIST = 0.98


@dataclass(frozen=True)
class DisplayFilter:
    """What is taken out of the drawn signal; None leaves that end as it is.

    The cut-offs are those of the whole, forwards and backwards: -3 dB at `highpass_hz` and `lowpass_hz`. `price` says
    what the eye loses.
    """

    name: str
    highpass_hz: float | None = None
    lowpass_hz: float | None = None
    notch_hz: float | None = None
    price: str = ""

    @property
    def description(self) -> str | None:
        """What it does, for a figure's footer; None where it does nothing."""
        parts = [
            f"high-pass {self.highpass_hz:g} Hz" if self.highpass_hz else "",
            f"low-pass {self.lowpass_hz:g} Hz" if self.lowpass_hz else "",
            f"notch {self.notch_hz:g} Hz" if self.notch_hz else "",
        ]
        told = ", ".join(part for part in parts if part)
        return f"{told}, zero-phase ({self.price})" if told else None

    def works_at(self, fs: float) -> bool:
        """Whether a recording at `fs` Hz holds the frequencies that the filter works at."""
        highest = max((self.lowpass_hz or 0.0) / _ONCE, self.notch_hz or 0.0)
        return bool(highest < _BELOW_NYQUIST * fs / 2)

    def apply(self, record: Record) -> Record:
        """Return the record to draw; the one given is left as it is, and gaps stay gaps.

        Second-order Butterworth filters and a notch (quality 30), run forwards and backwards, so that no wave is moved
        and ST segments are not bent by phase (Kligfield 2007, doi 10.1161/CIRCULATIONAHA.106.180200). Raises
        InvalidValue where the rate is too low for the filter.
        """
        if self.description is None:
            return record
        if not self.works_at(record.fs):
            raise InvalidValue(f"a rate at which {self.name!r} works", f"{record.fs:g} Hz", "choose another filter")
        from scipy.signal import sosfiltfilt

        missing = np.isnan(record.signal)
        signal = bridged(record.signal.astype(np.float64))
        for sections, settled in self._stages(record.fs):
            padding = min(round(settled * record.fs), signal.shape[1] - 1)
            signal = sosfiltfilt(sections, signal, axis=1, padtype="odd", padlen=padding)
        signal[missing] = np.nan
        return replace(record, signal=signal.astype(np.float32))

    def _stages(self, fs: float) -> list[tuple[NDArray[np.float64], float]]:
        """Return each filter's sections and the seconds in which it settles."""
        stages = []
        if self.highpass_hz:
            stages.append((_butterworth(self.highpass_hz * _ONCE, "highpass", fs), 3 / self.highpass_hz))
        if self.lowpass_hz:
            stages.append((_butterworth(self.lowpass_hz / _ONCE, "lowpass", fs), 3 / self.lowpass_hz))
        if self.notch_hz:
            stages.append((_notch(self.notch_hz, fs), 3 * _NOTCH_QUALITY / self.notch_hz))
        return stages


_WANDER = "slow ST and T changes may go"
_ROUND = "rounds QRS, hides notches and pacing spikes"

FILTERS = {
    one.name: one
    for one in (
        DisplayFilter("No filter"),
        DisplayFilter("0.5 Hz high-pass", highpass_hz=0.5, price=_WANDER),
        DisplayFilter("40 Hz low-pass", lowpass_hz=40.0, price=_ROUND),
        DisplayFilter("0.5-40 Hz", highpass_hz=0.5, lowpass_hz=40.0, price=f"{_WANDER}; {_ROUND}"),
        DisplayFilter("50 Hz notch", notch_hz=50.0, price="may ring after QRS"),
        DisplayFilter("60 Hz notch", notch_hz=60.0, price="may ring after QRS"),
    )
}


@lru_cache(maxsize=16)
def _butterworth(hz: float, kind: str, fs: float) -> NDArray[np.float64]:
    from scipy.signal import butter

    sections: NDArray[np.float64] = butter(_ORDER, hz, kind, fs=fs, output="sos")
    return sections


@lru_cache(maxsize=8)
def _notch(hz: float, fs: float) -> NDArray[np.float64]:
    from scipy.signal import iirnotch, tf2sos

    sections: NDArray[np.float64] = tf2sos(*iirnotch(hz, _NOTCH_QUALITY, fs=fs))
    return sections
