"""Occlusion: how much of a score goes when an electrode, or one wave of one beat, is taken out of the ECG.

The change of the score belongs to the whole of what was taken out. It is laid over the samples that this changed, in
proportion to how much it changed each: the sum over a part is exact, its distribution within the part is a drawing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue
from ecgkt.explain.logits import score_of
from ecgkt.explain.questions import Question
from ecgkt.explain.silence import WAVES, levelled, wave_spans
from ecgkt.signals.delineation import Delineation
from ecgkt.signals.electrodes import ELECTRODES, silenced

STRAIGHT = "a straight line in place of each wave"
Signal = NDArray[np.float32]


def by_electrode(question: Question) -> Signal:
    """Return the score's loss as each of nine electrodes alone carries the baseline, and its leads follow."""
    away = question.signal - question.baseline
    return _laid_out(question, [away - silenced(away, [name]) for name in ELECTRODES])


def by_wave(question: Question) -> Signal:
    """Return the score's loss as each P, PR, QRS, ST and T of each beat alone is a straight line in all leads.

    The baseline plays no part. Raises InvalidValue where no wave was found.
    """
    spans = _spans(question.beats)
    return _laid_out(question, [question.signal - levelled(question.signal, question.fs, span[None]) for span in spans])


def without_waves(signal: Signal, fs: float, beats: Delineation) -> Signal:
    """Return a signal (12, n) with all of those waves as straight lines."""
    return levelled(signal, fs, _spans(beats))


def _spans(beats: Delineation) -> NDArray[np.float64]:
    """Return (k, 2) start and end in seconds of every P, PR, QRS, ST and T."""
    pr = np.stack([beats.p.last, beats.qrs.first], axis=1) / beats.fs
    with np.errstate(invalid="ignore"):
        pr = pr[pr[:, 1] > pr[:, 0]]
    spans = np.concatenate([pr, *(wave_spans(beats, wave) for wave in WAVES)])
    if not len(spans):
        raise InvalidValue("an ECG in which waves are found", "none", "choose a method that needs no waves")
    return spans


def _laid_out(question: Question, parts: list[Signal]) -> Signal:
    """Lay each part's score over the samples (12, n) that it has, by their size; a part of zeros has none."""
    whole = np.stack(parts)
    size = np.abs(whole).astype(np.float64)
    total = size.sum(axis=(1, 2))
    lost = question.scores[0] - score_of(question.logit, question.signal - whole)
    weight = np.divide(lost, total, out=np.zeros_like(lost), where=total > 0)
    attribution: Signal = np.tensordot(weight, size, axes=1).astype(np.float32)
    return attribution
