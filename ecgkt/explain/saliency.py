"""Integrated gradients: the gradient of a logit, from Captum, summed along the straight path from a baseline."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.explain.logits import Score, score_of

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 50
UNEXPLAINED = 0.1
ENDS = np.linspace(0.0, 1.0, 17) ** 1.5
"""Where the 16 pieces of the path end: near the zero signal a network of ReLUs changes its slope most often."""
HALVED, MOST = 6, 300

Piece = tuple[float, float]


def integrate(
    logit: Score, signal: NDArray[np.float32], baseline: NDArray[np.float32], steps: int | None = None
) -> NDArray[np.float32]:
    """Return the attribution (12, n) of a logit along the straight path from a baseline (12, n) to a signal (12, n).

    (signal - baseline) times the mean gradient on the path (Sundararajan 2017); `steps` spread it evenly, by Captum's
    own rule. Without them the path is cut into 16 pieces, each with the gradient in its middle; what a piece adds is
    held against the logit's difference between its ends, and the six that miss most are halved until all together
    miss at most a tenth of the whole difference (of one logit, where it is smaller), or 300 gradients were taken.
    """
    away = signal - baseline
    if steps is not None:
        return _evenly(logit, signal, baseline, steps)
    ends = [float(share) for share in ENDS]
    scores = dict(zip(ends, score_of(logit, _points(baseline, away, ends)).tolist(), strict=True))
    allowed = UNEXPLAINED * max(abs(scores[1.0] - scores[0.0]), 1.0)
    maps: dict[Piece, NDArray[np.float32]] = {}
    misses: dict[Piece, float] = {}
    pieces, taken = list(pairwise(ends)), 0
    while True:
        middles = [(begin + end) / 2 for begin, end in pieces]
        slopes, values = slopes_and_scores(logit, _points(baseline, away, middles))
        scores.update(zip(middles, values.tolist(), strict=True))
        for (begin, end), slope in zip(pieces, slopes, strict=True):
            maps[begin, end] = away * slope * np.float32(end - begin)
            misses[begin, end] = float(maps[begin, end].sum(dtype=np.float64)) - (scores[end] - scores[begin])
        taken += len(pieces)
        if abs(sum(misses.values())) <= allowed or taken >= MOST:
            whole: NDArray[np.float64] = np.stack(list(maps.values())).sum(axis=0, dtype=np.float64)
            return whole.astype(np.float32)
        pieces = []
        for begin, end in sorted(misses, key=lambda piece: -abs(misses[piece]))[:HALVED]:
            del maps[begin, end], misses[begin, end]
            pieces += [(begin, (begin + end) / 2), ((begin + end) / 2, end)]


def gradient(logit: Score, points: Tensor) -> Tensor:
    """Return the gradient (b, 12, n) of each point's own logit."""
    from captum.attr import Saliency

    found: Tensor = Saliency(logit).attribute(points.requires_grad_(), abs=False)
    return found.detach()


def slopes_and_scores(logit: Score, points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the gradients (b, 12, n) of points (b, 12, n) and, from the same passes, their logits (b,)."""
    import torch

    scores: list[Tensor] = []

    def kept(x: Tensor) -> Tensor:
        found: Tensor = logit(x)
        scores.append(found.detach())
        return found

    slopes = [gradient(kept, torch.from_numpy(points[k : k + BATCH])) for k in range(0, len(points), BATCH)]
    return torch.cat(slopes).numpy(), torch.cat(scores).double().numpy()


def _points(baseline: NDArray[np.float32], away: NDArray[np.float32], shares: list[float]) -> NDArray[np.float32]:
    """Return the points (k, 12, n) at shares of the path from a baseline."""
    return baseline + np.array(shares, dtype=np.float32)[:, None, None] * away


def _evenly(
    logit: Score, signal: NDArray[np.float32], baseline: NDArray[np.float32], steps: int
) -> NDArray[np.float32]:
    import torch
    from captum.attr import IntegratedGradients

    given, reference = torch.from_numpy(signal)[None], torch.from_numpy(baseline)[None]
    found: Tensor = IntegratedGradients(logit).attribute(given, reference, n_steps=steps, internal_batch_size=BATCH)
    attribution: NDArray[np.float32] = found.detach()[0].numpy()
    return attribution
