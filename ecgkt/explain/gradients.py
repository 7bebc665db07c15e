"""Attributions that read the gradient of a logit, at the ECG itself or at points drawn near its way to the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.explain.questions import Question
from ecgkt.explain.saliency import gradient, integrate

if TYPE_CHECKING:
    from ecgkt.explain.logits import Score

DRAWS = 50
NOISE_MV = 0.02
Map = NDArray[np.float32]


def integrated_gradients(question: Question) -> Map:
    """Return the gradient integrated along the straight path from the baseline; its sum is the score difference."""
    return integrate(question.logit, question.signal, question.baseline, question.steps)


def gradients(question: Question) -> Map:
    """Return the signed gradient at the ECG, in logits per mV."""
    import torch

    found: Map = gradient(question.logit, torch.from_numpy(question.signal)[None])[0].numpy()
    return found


def gradient_shap(question: Question) -> Map:
    """Return the mean of (ECG + noise - baseline) times the gradient at a point drawn between both (Lundberg 2017).

    50 points, one in each fiftieth of the path, with white noise of 20 uV, which is what good recordings have. The
    draws are those of a generator of our own: Captum's GradientShap takes them from generators that all threads share.
    """
    generator = np.random.default_rng(question.seed)
    share = (np.arange(DRAWS) + generator.random(DRAWS)) / DRAWS
    noise = generator.normal(0.0, NOISE_MV, (DRAWS, *question.signal.shape))
    return expected_gradients(
        question.logit, question.signal, question.baseline, share.astype(np.float32), noise.astype(np.float32)
    )


def expected_gradients(
    logit: Score,
    signal: NDArray[np.float32],
    baseline: NDArray[np.float32],
    shares: NDArray[np.float32],
    noise: NDArray[np.float32],
) -> Map:
    """Return the mean attribution (12, n) over draws: `shares` (k,) of the path and `noise` (k, 12, n) in mV."""
    import torch

    reference = torch.from_numpy(baseline)
    away = torch.from_numpy(signal) + torch.from_numpy(noise) - reference
    points = reference + torch.from_numpy(shares)[:, None, None] * away
    found: Map = (gradient(logit, points) * away).mean(dim=0).numpy()
    return found
