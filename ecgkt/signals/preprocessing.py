"""The ONE preprocessing: the same object in training, evaluation and app, its fingerprint in every checkpoint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue
from ecgkt.signals.conditioning import bridged


@dataclass(frozen=True)
class Preprocessing:
    """From a record at any rate to what the encoder sees: (12, n) float32 in mV at `fs` Hz, amplitudes kept.

    In order: the first `seconds`; gaps bridged linearly (a lead without any sample becomes zero); resampling by a
    polyphase anti-aliasing filter; a zero-phase Butterworth high-pass at `highpass_hz` (a single-pass one would
    fabricate ST changes: AHA/ACCF/HRS, Kligfield 2007, doi 10.1161/CIRCULATIONAHA.106.180200).
    No z-score: millivolts carry meaning. A recording shorter than `seconds` stays shorter; nothing is padded.
    """

    fs: float = 100.0
    seconds: float = 10.0
    highpass_hz: float = 0.5
    order: int = 2

    def __post_init__(self) -> None:
        if not 50 <= self.fs <= 1000:
            raise InvalidValue("a model rate between 50 and 1,000 Hz", f"{self.fs}", "use 100 or 500")
        if not 0 < self.highpass_hz < self.fs / 4:
            raise InvalidValue("a high-pass between 0 and a quarter of the rate", f"{self.highpass_hz}", "use 0.5")
        if not 1 <= self.seconds <= 60:
            raise InvalidValue("1 to 60 seconds", f"{self.seconds}", "use 10")

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits over the settings and the revision of the steps."""
        core = json.dumps({"revision": 1, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(core.encode()).hexdigest()[:12]

    @property
    def description(self) -> str:
        """What was done, for a figure's footer."""
        return self.describe(f"first {self.seconds:g} s")

    def describe(self, which: str) -> str:
        """Return the same of a named part of a recording."""
        return f"{self.fs:g} Hz, {which}, high-pass {self.highpass_hz:g} Hz zero-phase"

    def apply(self, record: Record) -> NDArray[np.float32]:
        """Return (12, n) float32 in mV at `fs` Hz, without NaN."""
        from scipy.signal import resample_poly, sosfiltfilt

        signal = bridged(record.first_seconds(self.seconds).signal.astype(np.float64))
        centre = np.median(signal, axis=1, keepdims=True)
        ratio = Fraction(self.fs / record.fs).limit_denominator(1000)
        if ratio != 1:
            signal = resample_poly(signal - centre, ratio.numerator, ratio.denominator, axis=1, padtype="line") + centre
        padding = min(int(3 * self.fs / self.highpass_hz), signal.shape[1] - 1)
        sos = _highpass(self.order, self.highpass_hz, self.fs)
        filtered: NDArray[np.float64] = sosfiltfilt(sos, signal, axis=1, padtype="odd", padlen=padding)
        return filtered.astype(np.float32)


@lru_cache(maxsize=8)
def _highpass(order: int, hz: float, fs: float) -> NDArray[np.float64]:
    from scipy.signal import butter

    sos: NDArray[np.float64] = butter(order, hz, "highpass", fs=fs, output="sos")
    return sos
