from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from ecgkt.errors import InvalidValue
from ecgkt.evaluation.novelty import fit_spread, fold_of, limit_of


@pytest.fixture
def points() -> np.ndarray:
    generator = np.random.default_rng(2)
    return generator.normal(0, 1, (300, 5)) @ generator.normal(0, 1, (5, 12)) + generator.normal(0, 0.3, (300, 12)) + 4


def test_the_distance_is_that_of_scikit_learns_probabilistic_components(points):
    spread = fit_spread(points, 5)
    standard = (points - spread.centre) / spread.scale
    reference = PCA(5).fit(standard)
    new = standard[:20] * 1.7
    expected = np.einsum("nd,de,ne->n", new, reference.get_precision(), new)
    ours = spread.distances(new * spread.scale + spread.centre) ** 2 * points.shape[1]
    np.testing.assert_allclose(ours, expected, rtol=1e-6)


def test_with_every_component_it_is_mahalanobis_distance(points):
    spread = fit_spread(points, 11)
    precision = np.linalg.inv(np.cov(points.T))
    away = points[:30] - points.mean(axis=0)
    expected = np.sqrt(np.einsum("nd,de,ne->n", away, precision, away) / 12)
    np.testing.assert_allclose(spread.distances(points[:30]), expected, rtol=1e-6)


def test_what_leaves_the_subspace_is_further_than_what_goes_as_far_within_it(points):
    spread = fit_spread(points, 5)
    across = np.linalg.svd(spread.directions)[2][-1] * spread.scale
    along = spread.directions[0] * spread.scale
    far = spread.distances(spread.centre + 3 * np.stack([across, along]))
    assert far[0] > 3 * far[1]


def test_one_in_a_hundred_of_what_was_left_out_lies_beyond_the_limit(points):
    limit, distances = limit_of(points, np.arange(300), 5)
    assert np.isfinite(distances).all()
    assert (distances > limit).sum() == 3
    assert np.median(distances) > np.median(fit_spread(points, 5).distances(points)), "they were in no fit"


def test_a_subject_is_always_in_one_fold_and_folds_are_of_about_one_size():
    subjects = np.random.default_rng(0).integers(0, 10**9, 4000)
    fold = fold_of(subjects, 5)
    np.testing.assert_array_equal(fold, fold_of(subjects, 5))
    assert np.bincount(fold, minlength=5).min() > 700
    assert fold_of(np.arange(10), 2).sum() in range(2, 9)


def test_a_column_that_never_changes_does_not_make_everything_infinitely_far(points):
    still = np.column_stack([points, np.full(300, 2.0)])
    assert np.isfinite(fit_spread(still, 5).distances(still)).all()


def test_too_few_points_are_refused():
    with pytest.raises(InvalidValue, match="at least 20"):
        fit_spread(np.zeros((8, 3)), 2)
