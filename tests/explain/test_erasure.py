"""Linear concept erasure, against scikit-learn's own probes and against numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain.erasure import enough, fit_erasers, shuffled_erasers


def made(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of which some combination tells two related concepts; the second is known on half of the rows."""
    generator = np.random.default_rng(seed)
    latent = generator.normal(size=(n, 2)) @ np.array([[1.0, 0.5], [0.0, 0.8]])
    mixing = np.random.default_rng(99).normal(size=(2, 12))
    hidden = np.maximum(latent @ mixing + generator.normal(size=(n, 12)), 0)
    concepts = (latent > 0.7).astype(float)
    concepts[generator.random(n) < 0.5, 1] = np.nan
    return hidden, concepts


def probe(hidden: np.ndarray, truth: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=1e6, max_iter=2000).fit(hidden, truth)


def test_without_ridge_no_linear_probe_beats_a_constant_on_the_fitted_rows():
    hidden, concepts = made()
    erasers = fit_erasers(hidden, concepts, ["a", "b"], ridge=0)
    for place, name in enumerate(erasers.names):
        known = ~np.isnan(concepts[:, place])
        truth, erased = concepts[known, place], erasers.erase(hidden, name)[known]
        assert roc_auc_score(truth, probe(hidden[known], truth).decision_function(hidden[known])) > 0.75
        told = LogisticRegression(C=1.0, max_iter=2000).fit(erased, truth).predict_proba(erased)[:, 1]
        np.testing.assert_allclose(told, truth.mean(), atol=2e-3)


@pytest.mark.parametrize("ridge", [0.0, 1.0])
def test_a_probe_fitted_anew_on_rows_that_the_eraser_never_saw_is_at_chance(ridge):
    hidden, concepts = made(5000)
    new, told = made(5000, seed=1)
    erased = fit_erasers(hidden, concepts, ["a", "b"], ridge=ridge).erase(new, "a")
    half = np.arange(len(new)) < 2500
    found = roc_auc_score(told[~half, 0], probe(erased[half], told[half, 0]).decision_function(erased[~half]))
    kept = roc_auc_score(told[~half, 0], probe(new[half], told[half, 0]).decision_function(new[~half]))
    assert kept > 0.75
    assert found == pytest.approx(0.5, abs=0.04)


def test_one_feature_that_is_the_concept_is_set_to_its_mean_and_the_others_stay():
    generator = np.random.default_rng(3)
    concept = (generator.random(1000) < 0.3).astype(float)
    beside = generator.normal(size=1000)
    beside -= beside[concept == 1].mean() * concept + beside[concept == 0].mean() * (1 - concept)
    hidden = np.stack([concept, beside], axis=1)
    erased = fit_erasers(hidden, concept[:, None], ["it"], ridge=0).erase(hidden, "it")
    np.testing.assert_allclose(erased[:, 0], concept.mean(), atol=1e-5)
    np.testing.assert_allclose(erased[:, 1], beside, atol=1e-5)


def test_the_change_of_a_logit_is_that_of_the_erased_features():
    hidden, concepts = made()
    erasers = fit_erasers(hidden, concepts, ["a", "b"])
    weights = np.random.default_rng(5).normal(size=(3, 12))
    changes = erasers.changes(hidden[:20], weights)
    for place, name in enumerate(erasers.names):
        wanted = (erasers.erase(hidden[:20], name) - hidden[:20]) @ weights.T
        np.testing.assert_allclose(changes[:, place], wanted, atol=1e-4)


def test_the_average_ecg_loses_nothing_and_a_second_erasure_neither():
    hidden, concepts = made()
    erasers = fit_erasers(hidden, concepts, ["a", "b"])
    np.testing.assert_allclose(erasers.read(hidden.mean(axis=0)[None]), 0, atol=1e-4)
    np.testing.assert_allclose(erasers.read(hidden).std(axis=0), 1, atol=1e-4)
    once = erasers.erase(hidden, "a")
    np.testing.assert_allclose(erasers.erase(once, "a"), once, atol=1e-4)


def test_dead_features_and_concepts_without_variance_do_no_harm():
    hidden, concepts = made()
    hidden = np.concatenate([hidden, np.zeros((len(hidden), 2))], axis=1)
    concepts[:, 1] = 1.0
    for ridge in (0.0, 1.0):
        erasers = fit_erasers(hidden, concepts, ["a", "all"], ridge=ridge)
        assert np.isfinite(erasers.readings).all() and np.isfinite(erasers.removed).all()
        np.testing.assert_allclose(erasers.erase(hidden, "all"), hidden, atol=1e-3)
        np.testing.assert_allclose(erasers.erase(hidden, "a")[:, 12:], 0, atol=1e-6)


def test_noise_is_the_control_of_the_same_rank_and_moves_little():
    hidden, concepts = made()
    weights = np.linalg.lstsq(hidden - hidden.mean(axis=0), concepts[:, 0], rcond=None)[0][None]
    of_it = np.abs(fit_erasers(hidden, concepts, ["a", "b"]).changes(hidden, weights)[:, 0]).mean()
    noise = shuffled_erasers(hidden, concepts, 20, seed=0)
    assert np.abs(noise.changes(hidden, weights)).mean() < of_it / 2
    again = shuffled_erasers(hidden, concepts, 20, seed=0)
    np.testing.assert_array_equal(noise.readings, again.readings)


def test_shapes_and_names_are_checked_and_rare_concepts_told():
    hidden, concepts = made()
    with pytest.raises(InvalidValue, match="align the rows"):
        fit_erasers(hidden, concepts[:-1], ["a", "b"])
    with pytest.raises(UnknownName, match="'c'"):
        fit_erasers(hidden, concepts, ["a", "b"]).erase(hidden, "c")
    rare = np.array([[1.0, 1.0], [0.0, np.nan], [0.0, 1.0]])
    assert enough(rare, 1).tolist() == [True, False]
