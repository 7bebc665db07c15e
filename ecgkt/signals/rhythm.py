"""What can be said of the rhythm by rules: whether a P wave leads each QRS complex, and if not, what is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ecgkt.signals.conditioning import RATE, bandpassed, condition
from ecgkt.signals.delineation import LEAST_COHERENCE, Delineation

_IRREGULAR = 0.09
_ATRIAL_LEADS = (1, 2, 5, 6)


class RhythmKind(StrEnum):
    """The statements that the rules can make."""

    P_BEFORE_QRS = "a P wave before each QRS complex"
    FIBRILLATION = "atrial fibrillation"
    FLUTTER = "atrial flutter"
    VENTRICULAR_PACING = "ventricular pacing"
    COMPLETE_BLOCK = "complete AV block"
    NO_P = "no P wave before the QRS complexes"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Rhythm:
    """`kind` and what led to it: RR irregularity (share of RR), P coherence, atrial rate (per minute) or NaN."""

    kind: RhythmKind
    irregularity: float
    p_coherence: float
    atrial_rate: float

    @property
    def has_pr(self) -> bool:
        """Whether a PR interval has a meaning."""
        return self.kind == RhythmKind.P_BEFORE_QRS


def state_rhythm(signal: NDArray[np.floating], d: Delineation) -> Rhythm:
    """Return the statement for a delineated signal (12, n); UNKNOWN below 4 beats. A rule, not a diagnosis."""
    irregular = irregularity(d)
    if len(d.beats) < 4:
        return Rhythm(RhythmKind.UNKNOWN, irregular, d.p_coherence, float("nan"))
    if _ventricles_paced(d):
        return Rhythm(RhythmKind.VENTRICULAR_PACING, irregular, d.p_coherence, float("nan"))
    hz, strength = atrial_waves(signal, d)
    coupled = d.p_coherence >= LEAST_COHERENCE
    kind, rate = RhythmKind.NO_P, float("nan")
    if strength > (0.55 if coupled else 0.4) and 3.5 <= hz <= 6.0:
        kind, rate = RhythmKind.FLUTTER, 60 * hz
    elif coupled:
        kind = RhythmKind.P_BEFORE_QRS
    elif irregular > _IRREGULAR:
        kind = RhythmKind.FIBRILLATION
    return Rhythm(kind, irregular, d.p_coherence, rate)


def irregularity(d: Delineation) -> float:
    """Return the median change from one RR interval to the next as a share of RR, ectopic beats left out."""
    rr = np.diff(d.beats)
    plain = ~(d.ectopic[1:] | d.ectopic[:-1])
    if plain.sum() < 3:
        plain[:] = True
    change = np.abs(np.diff(rr))[plain[1:] & plain[:-1]]
    return float(np.median(change) / np.median(rr)) if len(change) >= 2 else float("nan")


def _ventricles_paced(d: Delineation) -> bool:
    """Return whether a spike stands from 70 ms before to 30 ms after the onset of most QRS complexes."""
    if len(d.spikes) < 2:
        return False
    gap = (d.spikes[None, :] - d.qrs.first[:, None]) * 1000 / d.fs
    return bool(((gap > -70) & (gap < 30)).any(axis=1).mean() > 0.5)


def atrial_waves(signal: NDArray[np.floating], d: Delineation) -> tuple[float, float]:
    """Return rate (Hz) and regularity (autocorrelation, 0 to 1) of atrial waves in II, III, aVF and V1.

    QRS complexes are bridged; T waves stay, so a flutter with 2:1 conduction is told from a T wave only by its rate.
    """
    x = condition(signal, d.fs).signal[list(_ATRIAL_LEADS)].copy()
    scale = RATE / d.fs
    for first, last in zip(d.qrs.first * scale, d.qrs.last * scale, strict=True):
        if np.isfinite(first + last):
            a, b = max(int(first) - 5, 0), min(int(last) + 5, x.shape[1] - 1)
            x[:, a : b + 1] = np.linspace(x[:, a], x[:, b], b - a + 1, axis=1)
    x = bandpassed(x, 3.0, 14.0)
    spectrum = np.abs(np.fft.rfft(x, 2 * x.shape[1])) ** 2
    autocorrelation = np.fft.irfft(spectrum.sum(axis=0))
    autocorrelation = autocorrelation / (autocorrelation[0] + 1e-12)
    low, high = round(RATE / 6.0), round(RATE / 3.5)
    lag = low + int(autocorrelation[low : high + 1].argmax())
    return RATE / lag, float(autocorrelation[lag])
