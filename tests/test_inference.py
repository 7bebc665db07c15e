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
from ecgkt.readers import find_records, read_record
from ecgkt.signals.windows import windows


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


def test_a_long_recording_has_the_median_of_its_windows_and_each_of_them_is_a_recording_of_its_own(predictor):
    long = record(5, 54)
    found = predictor.predict_windows(long)
    assert len(found.each) == 6
    for row, window in enumerate(windows(long)):
        alone = predictor.predict([window.record])
        np.testing.assert_allclose(found.each.probabilities[row], alone.probabilities[0], atol=1e-6)
    logits = predictor.logits([predictor.card.preprocessing.apply(window.record) for window in windows(long)])
    expected = predictor.read_logits(np.median(logits, axis=0)[None], Domain.REAL)
    for predictions in (found.median, predictor.predict([record(1), long])):
        np.testing.assert_allclose(predictions.probabilities[-1], expected.probabilities[0], atol=1e-6)


def test_windows_that_cannot_be_read_do_not_count_and_a_recording_of_such_alone_is_abstained_from(predictor):
    long = record(5, 30)
    signal = long.signal.copy()
    signal[6, 5500:9000] = np.nan
    spoilt = replace(long, signal=signal)
    found = predictor.predict_windows(spoilt)
    assert [reason is None for reason in found.each.abstained] == [True, False, True]
    expected = predictor.predict_windows(long).each.probabilities[[0, 2]]
    low, high = expected.min(axis=0) - 1e-6, expected.max(axis=0) + 1e-6
    assert ((low <= found.median.probabilities[0]) & (found.median.probabilities[0] <= high)).all()
    signal[6] = np.nan
    assert "lead V1 is missing" in predictor.predict([replace(long, signal=signal)]).abstained[0]


def test_every_real_long_or_short_recording_is_scored_in_its_windows_or_has_a_reason(predictor, real_data):
    lengths = set()
    for folder in ("cpsc2018", "code15", "cinc2021"):
        for path in find_records(real_data / folder):
            one = read_record(path)
            found = predictor.predict_windows(one)
            assert len(found.each) == len(windows(one))
            assert found.median.abstained[0] is not None or np.isfinite(found.median.probabilities).all()
            lengths.add((round(one.seconds), one.fs))
    assert min(lengths)[0] < 10 < max(lengths)[0] and {fs for _, fs in lengths} >= {400.0, 500.0}
