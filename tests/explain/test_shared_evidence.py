"""Shared evidence: exact parts of two raw scores, and their cosine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecgkt.catalogue import tracing_labels
from ecgkt.domain import LabelSet
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.explain.hidden import features_of
from ecgkt.explain.shared_evidence import SharedEvidence, shared_evidence
from ecgkt.inference import Predictor

THREE = LabelSet(tracing_labels().labels[:3])


@pytest.fixture(scope="module")
def predictor(untrained):
    return Predictor.open(untrained / "transferred")


def test_the_parts_add_up_to_the_difference_of_the_raw_scores(predictor, sine_record):
    found = shared_evidence(predictor, features_of(predictor, sine_record))
    seen = predictor.card.preprocessing.apply(sine_record)
    logits = predictor.logits([seen, np.zeros_like(seen)])
    np.testing.assert_allclose(found.contributions.sum(axis=1), logits[0] - logits[1], atol=1e-4)
    assert found.labels == predictor.card.labels


def test_it_is_symmetric_and_at_most_one(predictor, sine_record):
    found = shared_evidence(predictor, features_of(predictor, sine_record))
    first, second = found.labels.names[0], found.labels.names[40]
    assert found.cosines(first)[second] == pytest.approx(found.cosines(second)[first])
    assert all(-1.000001 <= cosine <= 1.000001 for cosine in found.cosines(first).values())
    assert first not in found.cosines(first)


def test_cosines_by_hand():
    found = SharedEvidence(THREE, np.array([[1.0, 0.0], [3.0, 3.0], [0.0, 0.0]]))
    names = THREE.names
    assert found.cosines(names[0]) == pytest.approx({names[1]: 0.7071068, names[2]: 0.0})
    with pytest.raises(UnknownName):
        found.cosines("flu")
    with pytest.raises(InvalidValue):
        SharedEvidence(THREE, np.zeros((2, 2)))


def test_a_childs_ecg_and_a_flat_lead_are_refused(predictor, sine_record):
    with pytest.raises(InvalidValue, match="18 years or more, got one of 7"):
        features_of(predictor, replace(sine_record, age=7.0))
    flat = sine_record.signal.copy()
    flat[8] = 0
    with pytest.raises(InvalidValue, match="V3"):
        features_of(predictor, replace(sine_record, signal=flat))
