from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgkt import checkpoints
from ecgkt.checkpoints import Checkpoint
from ecgkt.domain import Domain, Record
from ecgkt.errors import InvalidCheckpoint, InvalidValue
from ecgkt.inference import Predictor


@pytest.fixture(scope="module")
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


def record(seed: int = 0, seconds: float = 10, domain: Domain = Domain.REAL) -> Record:
    generator = np.random.default_rng(seed)
    return Record(generator.normal(0, 0.3, (12, round(500 * seconds))), 500, "test", domain)


def test_a_score_does_not_depend_on_the_company_it_is_predicted_in(predictor):
    records = [record(seed, seconds) for seed, seconds in ((1, 10), (2, 7), (3, 10), (4, 12))]
    together = predictor.predict(records)
    for row, one in enumerate(records):
        np.testing.assert_allclose(together.probabilities[row], predictor.predict([one]).probabilities[0], atol=1e-6)


def test_a_real_ecg_is_ranked_and_a_simulated_one_is_calibrated(predictor):
    assert predictor.predict([record(domain=Domain.SIMULATED)]).calibrated
    for domain in (Domain.REAL, Domain.UNKNOWN):
        predictions = predictor.predict([record(domain=domain)])
        assert not predictions.calibrated
        assert predictions.reference == "a set (3 real ECGs)"
        assert predictions.ranks is not None


def test_ranks_are_the_share_of_the_reference_below_the_logit(predictor):
    logits = np.full((1, len(predictor.card.labels)), 0.5)
    ranks = predictor.read_logits(logits, Domain.REAL).ranks
    np.testing.assert_allclose(ranks, 0.75)  # quantiles of the reference are -1, 0, 1
    assert predictor.read_logits(logits + 9, Domain.REAL).ranks.max() == 1


def test_probabilities_are_the_calibrated_logits(predictor):
    logits = np.full((1, len(predictor.card.labels)), 2.0)
    expected = 1 / (1 + np.exp(-(1.5 * 2 - 0.5)))
    np.testing.assert_allclose(predictor.read_logits(logits, Domain.SIMULATED).probabilities, expected)


def test_the_model_abstains_from_what_it_cannot_read_and_scores_the_rest(predictor):
    flat = record()
    signal = flat.signal.copy()
    signal[7] = 0
    predictions = predictor.predict([replace(flat, signal=signal), record(1)])
    assert "lead V2 is flat" in str(predictions.abstained[0])
    assert np.isnan(predictions.probabilities[0]).all()
    assert predictions.abstained[1] is None
    assert np.isfinite(predictions.probabilities[1]).all()


def test_records_of_two_domains_are_never_mixed(predictor):
    with pytest.raises(InvalidValue, match="one domain"):
        predictor.predict([record(), record(domain=Domain.SIMULATED)])
    with pytest.raises(InvalidValue, match="one domain"):
        predictor.predict([])


def test_only_a_calibrated_stage_3_checkpoint_predicts(untrained):
    checkpoint = checkpoints.load(untrained / "transferred")
    with pytest.raises(InvalidCheckpoint, match="calibrated checkpoint"):
        Predictor(Checkpoint(replace(checkpoint.card, calibration=None), checkpoint.weights))


def test_weights_of_another_architecture_are_refused(untrained):
    checkpoint = checkpoints.load(untrained / "transferred")
    weights = {name: torch.zeros(3) for name in checkpoint.weights}
    with pytest.raises(InvalidCheckpoint, match="architecture"):
        Predictor(Checkpoint(checkpoint.card, weights))


def test_a_childs_ecg_is_refused_and_an_adults_or_an_unknown_age_is_not(predictor):
    ages = (17.9, 18.0, None)
    found = predictor.predict([replace(record(), age=age) for age in ages])
    assert found.abstained[0] is not None and "18 years or more" in found.abstained[0]
    assert found.abstained[1:] == (None, None)
    assert np.isnan(found.probabilities[0]).all()


def test_a_record_is_looked_at_once_and_nothing_of_it_outlives_it(predictor, sine_record):
    own = replace(sine_record, notes=("mine",))
    assert predictor.look(own) is predictor.look(own)
    assert predictor.look(own) is not predictor.look(replace(own))
    signal = weakref.ref(predictor.look(own).signal)
    assert signal() is not None
    del own
    gc.collect()
    assert signal() is None
