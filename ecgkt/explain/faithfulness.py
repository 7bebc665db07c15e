"""Whether a map is faithful to the model: the score as the samples it points at are taken out, or put in, first.

Deletion and insertion curves (Petsiuk 2018, arXiv 1806.07421) over pieces of 50 ms in one lead, against the same
number of pieces in random orders. A piece is not cut out: what remains is joined by a straight line, and only where
more than 0.2 s in a row are gone does the line come down to the baseline over 0.1 s. A step that no heart makes would
be answered by the network as such (Hooker 2019, arXiv 1806.10758), and the curve would measure that. Still the
network sees signals that no heart gives; so the same is done in random orders, and only the difference is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue

if TYPE_CHECKING:
    pass

Signal = NDArray[np.float32]
Logit = Callable[[Signal], NDArray[np.float64]]
"""From inputs (b, 12, n) to their logits (b,)."""
Order = Literal["signed", "absolute"]

PIECE_SECONDS = 0.05
BRIDGED_SECONDS = 0.2
SHARES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Where the curves are read, as shares of all pieces: closest where a good map changes most."""
RANDOM_ORDERS = 8
BATCH = 64


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """Logits at `shares` (k,) of the pieces taken out (`deletion`) or put in (`insertion`), each (k,).

    `random_deletion` and `random_insertion` (orders, k) are the same in random orders. Areas are means of the logit
    over the share of pieces. A gain is the distance to the random orders' mean area as a share of `scale`, which is
    the logit's difference between the whole signal and none of it, or one logit where that is smaller: 0 is what
    chance gives, above 0 the map knows better.
    """

    shares: NDArray[np.float64]
    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]
    random_deletion: NDArray[np.float64]
    random_insertion: NDArray[np.float64]

    def __post_init__(self) -> None:
        count = len(self.shares)
        for name in ("deletion", "insertion"):
            random = getattr(self, f"random_{name}")
            if getattr(self, name).shape != (count,) or random.ndim != 2 or random.shape[1] != count:
                raise InvalidValue(f"{name} curves of {count} logits", f"{random.shape}", "read all at the same shares")

    @property
    def scale(self) -> float:
        """Return what a gain is counted in, logits."""
        return max(abs(float(self.deletion[0] - self.deletion[-1])), 1.0)

    @property
    def deletion_gain(self) -> float:
        """Return how much earlier the score falls than in random orders: above 0 is better."""
        return float(self._areas(self.random_deletion).mean() - self._areas(self.deletion)) / self.scale

    @property
    def insertion_gain(self) -> float:
        """Return how much earlier the score rises than in random orders: above 0 is better."""
        return float(self._areas(self.insertion) - self._areas(self.random_insertion).mean()) / self.scale

    @property
    def beaten(self) -> tuple[float, float]:
        """Return the share of random orders that deletion and insertion do better than."""
        deletion = self._areas(self.deletion) < self._areas(self.random_deletion)
        insertion = self._areas(self.insertion) > self._areas(self.random_insertion)
        return float(deletion.mean()), float(insertion.mean())

    def _areas(self, curves: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of each curve over the shares, by trapezoids."""
        area: NDArray[np.float64] = np.trapezoid(curves, self.shares, axis=-1) / (self.shares[-1] - self.shares[0])
        return area


def deletion_insertion(
    logit: Logit,
    signal: Signal,
    attribution: NDArray[np.floating],
    fs: float,
    *,
    baseline: Signal | None = None,
    order: Order = "signed",
    random_orders: int = RANDOM_ORDERS,
    seed: int = 0,
    control: Faithfulness | None = None,
    progress: Callable[[float], None] | None = None,
) -> Faithfulness:
    """Return the curves of an attribution (12, n) of `logit` on an input (12, n) at `fs` Hz.

    Pieces are ordered by the sum of their attribution, largest first, so that what raises the score goes first; with
    `order="absolute"` by the sum of its size, for maps without a sign. The `baseline` (12, n) is the zero signal unless
    given. The same `seed` gives the same random orders; with `control`, what was found for another map of this logit on
    this input and baseline, its random curves are taken over and cost nothing. Inputs go to `logit` in batches of 64
    at most, and `progress` is told the share done after each. What `progress` or `logit` raises passes through.

    Raises InvalidValue for shapes that differ, values that are not finite, or no random order.
    """
    base = np.zeros_like(signal) if baseline is None else baseline
    _check(signal, attribution, base, random_orders)
    pieces = _pieces(signal.shape, fs)
    count = int(pieces.max()) + 1
    size = attribution.astype(np.float64) if order == "signed" else np.abs(attribution.astype(np.float64))
    ranks: list[NDArray[np.integer]] = [_ranks(-np.bincount(pieces.ravel(), weights=size.ravel(), minlength=count))]
    if control is None:
        rng = np.random.default_rng(seed)
        ranks += [rng.permutation(count) for _ in range(random_orders)]
    steps = np.unique(np.rint(np.array(SHARES) * count).astype(int))
    kept = [rank >= step for rank in ranks for step in steps] + [rank < step for rank in ranks for step in steps]
    found = np.empty(len(kept))
    for start in range(0, len(kept), BATCH):
        some = [bridge(signal, base, mask[pieces], fs) for mask in kept[start : start + BATCH]]
        found[start : start + BATCH] = logit(np.stack(some))
        if progress is not None:
            progress(min(start + BATCH, len(kept)) / len(kept))
    curves = found.reshape(2, len(ranks), len(steps))
    random = (curves[0, 1:], curves[1, 1:])
    if control is not None:
        random = (control.random_deletion, control.random_insertion)
    return Faithfulness(steps / count, curves[0, 0], curves[1, 0], *random)


def bridge(signal: Signal, baseline: Signal, kept: NDArray[np.bool_], fs: float) -> Signal:
    """Return the signal (12, n) with what is not `kept` (12, n) taken out, without a step where it was.

    Gaps of up to 0.2 s are bridged by a straight line between the samples beside them; a longer one comes down to
    the baseline within 0.1 s at each end. The ends of the recording count as baseline beyond.
    """
    lead_in = max(1, round(BRIDGED_SECONDS * fs / 2))
    time = np.arange(-1, signal.shape[1] + 1)
    filled = signal.copy()
    for lead in np.flatnonzero(~kept.all(axis=1)):
        keep = np.concatenate([[True], kept[lead], [True]])
        nodes = np.flatnonzero(keep)
        long = np.diff(nodes) > 2 * lead_in
        flat = np.concatenate([nodes[:-1][long] + lead_in, nodes[1:][long] - lead_in])
        away = np.concatenate([[0.0], (signal[lead] - baseline[lead]).astype(np.float64), [0.0]])
        away[flat], keep[flat] = 0.0, True
        joined = np.interp(time, time[keep], away[keep])[1:-1]
        filled[lead] = np.where(kept[lead], signal[lead], baseline[lead] + joined)
    return filled


def _pieces(shape: tuple[int, ...], fs: float) -> NDArray[np.intp]:
    """Return for every sample (12, n) the number of its piece; the last of a lead may be shorter."""
    width = max(1, round(PIECE_SECONDS * fs))
    along = np.arange(shape[1]) // width
    numbers: NDArray[np.intp] = along[None] + (along[-1] + 1) * np.arange(shape[0])[:, None]
    return numbers


def _ranks(values: NDArray[Any]) -> NDArray[np.intp]:
    ranks = np.empty(len(values), dtype=np.intp)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _check(signal: Signal, attribution: NDArray[np.floating], baseline: Signal, random_orders: int) -> None:
    if signal.ndim != 2 or attribution.shape != signal.shape or baseline.shape != signal.shape:
        raise InvalidValue(
            "a signal, an attribution and a baseline of one shape (12, n)",
            f"{signal.shape}, {attribution.shape} and {baseline.shape}",
            "explain the input that is judged",
        )
    if not all(np.isfinite(values).all() for values in (signal, attribution, baseline)):
        raise InvalidValue("finite values", "NaN or infinite ones", "judge the network's input, which has no gaps")
    if random_orders < 1:
        raise InvalidValue("at least one random order", f"{random_orders}", "leave it at the default")
