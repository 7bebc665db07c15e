"""SHAP values against Shapley's own formula, their sums against the scores, and stand-ins against scikit-learn."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain.surrogate import SHRINKAGE, Surrogates, fit_surrogates, shap_of_surrogate, shap_of_tables

INPUTS = ("potassium_high", "sodium_low", "age", "male")


def made(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    inputs = generator.normal([0, 1, 60, 0.5], [1, 2, 15, 0.5], (n, 4))
    scores = np.stack([2 * inputs[:, 0] - 0.02 * inputs[:, 2], generator.normal(size=n)], axis=1)
    return inputs, scores


@pytest.fixture(scope="module")
def surrogates() -> Surrogates:
    return fit_surrogates(*made(), made(seed=1), ("e87_hyperkalaemia", "i10_hypertension"), INPUTS)


def test_fidelity_is_that_of_a_ridge_regression_on_rows_it_never_saw(surrogates):
    inputs, scores = made()
    new, told = made(seed=1)
    centre, spread = inputs.mean(axis=0), inputs.std(axis=0)
    model = Ridge(alpha=SHRINKAGE * len(inputs)).fit((inputs - centre) / spread, scores)
    wanted = r2_score(told, model.predict((new - centre) / spread), multioutput="raw_values")
    np.testing.assert_allclose(surrogates.fidelity, wanted, atol=1e-3)
    assert surrogates.fidelity[0] > 0.95 and surrogates.fidelity[1] < 0.05


def test_shap_values_of_a_stand_in_add_up_to_its_score(surrogates):
    for row in made(50, seed=2)[0]:
        shares = shap_of_surrogate(surrogates, row, "e87_hyperkalaemia")
        assert abs(shares.residual) < 1e-6
        assert shares.score == pytest.approx(float(surrogates.predict(row[None])[0, 0]))
    assert max(shares.parts, key=lambda part: abs(part[1]))[0] in ("potassium_high", "age")


def test_the_average_case_and_a_missing_input_have_no_part(surrogates):
    row = made(1, seed=3)[0][0]
    row[2] = np.nan
    parts = dict(shap_of_surrogate(surrogates, row, "e87_hyperkalaemia").parts)
    assert parts["age"] == 0 and parts["potassium_high"] != 0
    assert all(
        abs(part) < 1e-9 for _, part in shap_of_surrogate(surrogates, surrogates.centre, "i10_hypertension").parts
    )


def test_shapes_and_names_are_checked(surrogates):
    with pytest.raises(UnknownName, match="flu"):
        shap_of_surrogate(surrogates, np.zeros(4), "flu")
    with pytest.raises(InvalidValue, match="surrogates of 2 scores from 3 inputs"):
        Surrogates(surrogates.names, INPUTS[:3], *[np.zeros(4)] * 2, np.zeros((2, 4)), np.zeros(2), np.zeros(2))


def crossed(rows: np.ndarray) -> np.ndarray:
    """A score with an interaction and an effect of being measured at all."""
    told = np.nan_to_num(rows)
    return told[:, 0] + told[:, 1] * told[:, 2] + 0.5 * (~np.isnan(rows[:, 1])) + told[:, 3] ** 2


def shapley(values: np.ndarray, reference: np.ndarray, told: list[int]) -> dict[int, float]:
    """Shapley's formula (1953) over every coalition."""
    found = {}
    for one in told:
        rest = [place for place in told if place != one]
        total = 0.0
        for size in range(len(rest) + 1):
            weight = factorial(size) * factorial(len(rest) - size) / factorial(len(told))
            for some in combinations(rest, size):
                without, having = reference.copy(), reference.copy()
                without[list(some)] = values[list(some)]
                having[[*some, one]] = values[[*some, one]]
                total += weight * float(crossed(having[None])[0] - crossed(without[None])[0])
        found[one] = total
    return found


def test_shap_values_of_tables_are_shapleys_and_add_up():
    values = np.array([1.0, 2.0, 3.0, -1.0, np.nan], dtype=np.float32)
    reference = np.array([0.0, np.nan, np.nan, 0.5, np.nan], dtype=np.float32)
    shares = shap_of_tables(crossed, values, reference, "abcde", "nothing measured")
    wanted = shapley(values, reference, [0, 1, 2, 3])
    assert [name for name, _ in shares.parts] == list("abcd")
    np.testing.assert_allclose([part for _, part in shares.parts], list(wanted.values()), atol=1e-4)
    assert abs(shares.residual) < 1e-5


def test_many_values_add_up_too_twice_the_same_and_numpys_global_generator_is_left_alone():
    generator = np.random.default_rng(0)
    weights = generator.normal(size=20)
    values, reference = generator.normal(size=20).astype(np.float32), np.zeros(20, dtype=np.float32)

    def score(rows: np.ndarray) -> np.ndarray:
        return np.tanh(rows @ weights)

    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    first, second = (shap_of_tables(score, values, reference, [*map(str, range(20))], "zero") for _ in range(2))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert first == second and abs(first.residual) < 1e-6


def test_a_case_of_whom_nothing_was_measured_is_the_reference():
    nothing = np.full(5, np.nan, dtype=np.float32)
    shares = shap_of_tables(crossed, nothing, nothing, "abcde", "nothing measured")
    assert shares.parts == () and shares.residual == 0
