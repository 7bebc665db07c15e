"""SHAP: which laboratory scores stand for a diagnosis' score, and which inputs a model that reads the blood used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import InvalidValue, UnknownName

SHRINKAGE = 0.02
"""Ridge of the surrogates, in rows: lab scores are siblings on one embedding and nearly collinear."""
BEYOND = 5.0
FAITHFUL = 0.7
"""A surrogate that stands for less of a held-out score's variance is not shown."""
AGE, SEX = "age", "male"
_COALITIONS = 4096
_GLOBAL_RANDOM = Lock()


@dataclass(frozen=True, eq=False)
class Surrogates:
    """Linear stand-ins for the raw scores of m diagnoses: from lab scores (raw), age in years and sex (1 male).

    `inputs` (p,) are the labs' names, then age and sex; a missing age or sex counts as the fitted mean. They are
    standardised by `centre` and `spread` (p,) and cut at 5 deviations. `weights` (m, p), `intercepts` (m,): raw
    scores. `fidelity` (m,) is the share of the score's variance over held-out rows that each stands for (R2).
    """

    names: tuple[str, ...]
    inputs: tuple[str, ...]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    fidelity: NDArray[np.float64]

    def __post_init__(self) -> None:
        m, p = len(self.names), len(self.inputs)
        shapes = (self.centre.shape, self.spread.shape, self.weights.shape, self.intercepts.shape, self.fidelity.shape)
        if shapes != ((p,), (p,), (m, p), (m,), (m,)):
            raise InvalidValue(f"surrogates of {m} scores from {p} inputs", f"{shapes}", "fit them anew")

    def index(self, name: str) -> int:
        """Return the place of a diagnosis; raise UnknownName where it has no surrogate."""
        if name not in self.names:
            raise UnknownName(f"one of: {', '.join(self.names)}", repr(name), "choose a diagnosis")
        return self.names.index(name)

    def standardise(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return inputs (n, p) as the surrogates read them, 0 where missing."""
        scaled = (np.asarray(inputs, dtype=np.float64) - self.centre) / self.spread
        return np.nan_to_num(np.clip(scaled, -BEYOND, BEYOND))

    def predict(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the stand-in raw scores (n, m)."""
        found: NDArray[np.float64] = self.standardise(inputs) @ self.weights.T + self.intercepts
        return found


@dataclass(frozen=True)
class Shares:
    """SHAP values of one score on one case: `parts` by input, in logits; they and `base` add up to `score`.

    `base` is the score of the reference, which `against` names.
    """

    parts: tuple[tuple[str, float], ...]
    base: float
    score: float
    against: str

    @property
    def residual(self) -> float:
        """What the parts miss of the score, in logits."""
        return self.base + sum(value for _, value in self.parts) - self.score


def fit_surrogates(
    inputs: NDArray[np.floating],
    scores: NDArray[np.floating],
    held_out: tuple[NDArray[np.floating], NDArray[np.floating]],
    names: Sequence[str],
    input_names: Sequence[str],
) -> Surrogates:
    """Fit a ridge regression of each raw score (n, m) on the inputs (n, p); fidelity is that on the held-out rows."""
    from sklearn.linear_model import Ridge
    from sklearn.metrics import r2_score

    told = np.asarray(inputs, dtype=np.float64)
    centre, spread = np.nanmean(told, axis=0), np.nanstd(told, axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    blank = np.zeros((len(names), len(input_names)))
    empty = Surrogates(
        tuple(names), tuple(input_names), centre, spread, blank, np.zeros(len(names)), np.zeros(len(names))
    )
    fitted = Ridge(alpha=SHRINKAGE * len(told)).fit(empty.standardise(told), scores)
    weights, intercepts = np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_)
    seen = fitted.predict(empty.standardise(held_out[0])).reshape(held_out[1].shape)
    fidelity = np.atleast_1d(r2_score(held_out[1], seen, multioutput="raw_values"))
    return Surrogates(empty.names, empty.inputs, centre, spread, weights, intercepts, fidelity)


def shap_of_surrogate(surrogates: Surrogates, inputs: NDArray[np.floating], name: str) -> Shares:
    """Return what each input (p,) adds to a stand-in score against the average ECG, by shap's LinearExplainer.

    Exact for a linear model whose inputs are replaced one by one by their means (Lundberg 2017, arXiv 1705.07874).
    """
    import shap

    row = surrogates.index(name)
    mean = np.zeros((1, len(surrogates.inputs)))
    model = (surrogates.weights[row], float(surrogates.intercepts[row]))
    told = surrogates.standardise(inputs[None])
    values = shap.LinearExplainer(model, shap.maskers.Independent(mean)).shap_values(told)[0]
    score = float(surrogates.predict(inputs[None])[0, row])
    parts = tuple(zip(surrogates.inputs, map(float, values), strict=True))
    return Shares(parts, float(surrogates.intercepts[row]), score, "the average ECG of the cohort")


def shap_of_tables(
    score: Callable[[NDArray[np.float32]], NDArray[np.float64]],
    values: NDArray[np.float32],
    reference: NDArray[np.float32],
    names: Sequence[str],
    against: str,
) -> Shares:
    """Return what telling each value adds to a score, by shap's KernelExplainer over the values that were measured.

    `score` returns (n,) raw scores of table rows (n, k); `values` (k,) are the case's, NaN where not measured, and
    `reference` (k,) what stands in the place of a value that is not told. Same case, same values: its draws of
    coalitions are seeded, and exact for up to twelve measured values.
    """
    import shap

    told = np.flatnonzero(~(np.isclose(values, reference, equal_nan=True) | np.isnan(values)))
    base, whole = (float(score(row[None].astype(np.float32))[0]) for row in (reference, values))
    if not len(told):
        return Shares((), base, whole, against)

    def of_coalitions(masks: NDArray[np.floating]) -> NDArray[np.float64]:
        rows = np.repeat(reference[None].astype(np.float32), len(masks), axis=0)
        rows[:, told] = np.where(masks > 0.5, values[told], reference[told])
        return score(rows)

    with _GLOBAL_RANDOM:  # shap draws from numpy's global generator: it is left as it was found
        before = np.random.get_state()
        try:
            np.random.seed(0)
            explainer = shap.KernelExplainer(of_coalitions, np.zeros((1, len(told))))
            parts = explainer.shap_values(np.ones(len(told)), nsamples=_COALITIONS, l1_reg=False, silent=True)
        finally:
            np.random.set_state(before)
    named = tuple((names[int(place)], float(part)) for place, part in zip(told, parts, strict=True))
    return Shares(named, base, whole, against)
