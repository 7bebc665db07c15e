from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgkt.dashboard import samples
from ecgkt.domain import Record
from ecgkt.errors import InvalidValue
from ecgkt.explain.moves import moves
from ecgkt.explain.silence import Parts, silence
from ecgkt.inference import Predictor


@pytest.fixture
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


@pytest.fixture(scope="module")
def sinus() -> Record:
    return samples.load(samples.titles()[0]).record


def test_scores_before_and_after_are_those_of_the_two_ecgs_alone(predictor, sinus):
    level = silence(sinus, Parts(waves=("T",)))
    found = moves(predictor, sinus, level)
    alone = [predictor.predict([record]).probabilities for record in (sinus, level)]
    np.testing.assert_allclose(found.before.probabilities, alone[0], atol=1e-6)
    np.testing.assert_allclose(found.after.probabilities, alone[1], atol=1e-6)
    assert found.refusal is None
    assert np.abs(found.change).max() > 0


def test_a_flat_lead_is_scored_and_the_refusal_told(predictor, sinus):
    found = moves(predictor, sinus, silence(sinus, Parts(electrodes=("V3",))))
    assert "V3 is flat" in (found.refusal or "")
    assert np.isfinite(found.after.probabilities).all()


def test_nothing_changed_moves_nothing(predictor, sinus):
    found = moves(predictor, sinus, sinus)
    np.testing.assert_array_equal(found.change, 0)


def test_labels_are_ordered_by_the_size_of_their_change(predictor, sinus):
    found = moves(predictor, sinus, silence(sinus, Parts(electrodes=("RA",))))
    names = found.before.labels.names
    sizes = [abs(found.change[names.index(name)]) for name in found.order(names)]
    assert sizes == sorted(sizes, reverse=True)


def test_an_ecg_that_the_model_abstains_from_has_no_before(predictor, sinus):
    flat = silence(sinus, Parts(electrodes=("V3",)))
    with pytest.raises(InvalidValue, match="V3 is flat"):
        moves(predictor, flat, sinus)
