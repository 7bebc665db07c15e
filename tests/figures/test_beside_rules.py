"""What the model added to rules: computed from where they differ."""

from __future__ import annotations

import numpy as np

from ecgkt.catalogue import all_labels
from ecgkt.domain import Domain, LabelSet, Predictions
from ecgkt.domain.frequencies import Observed
from ecgkt.figures.beside_rules import added_words, model_says, what_was_added

NAMES = ("atrial_fibrillation", "sinus_rhythm", "long_qt", "anterior_infarction")
TITLES = {name: all_labels()[name].title for name in NAMES}
LABELS = LabelSet(tuple(all_labels()[name] for name in NAMES))


def given(*values: float, domain: Domain = Domain.SIMULATED, **more) -> Predictions:
    ranks = {"ranks": [list(values)], "reference": "a set"} if domain is Domain.REAL else {}
    return Predictions(LABELS, np.array([values]), "c", domain, Domain.SIMULATED, **ranks, **more)


def test_where_calibrated_the_model_says_what_half_of_such_ecgs_have():
    said = [model_says(given(0.5, 0.49, 0.9, 0.0), name) for name in NAMES]
    assert said == [True, False, True, False]
    counted = {"sinus_rhythm": Observed((), (100,), (80,), (0.7,), (0.9,))}
    assert model_says(given(0.5, 0.2, 0.9, 0.0, observed=counted), "sinus_rhythm") is True


def test_elsewhere_an_ecg_is_held_against_as_many_of_the_reference_set_as_have_it():
    real = given(0.97, 0.2, 0.5, 0.99, domain=Domain.REAL)
    assert model_says(real, "atrial_fibrillation", 0.05) is True
    assert model_says(real, "atrial_fibrillation", 0.01) is False
    assert model_says(real, "sinus_rhythm", 0.9) is True
    assert model_says(real, "anterior_infarction", 0.0) is False
    assert model_says(real, "long_qt") is None


def test_what_each_adds_is_told_apart():
    model = {"atrial_fibrillation": True, "sinus_rhythm": False, "long_qt": True, "anterior_infarction": True}
    rules = {"atrial_fibrillation": True, "sinus_rhythm": True, "long_qt": False, "anterior_infarction": None}
    added = what_was_added(NAMES, model, rules)
    assert added.compared == NAMES[:3] and added.agreed == 1
    told = added_words(added, TITLES)
    assert "agree on 1 of 3" in told
    assert "both say Atrial fibrillation" in told
    assert "against the rules the model says Long QT" in told
    assert "no rule applies it says Anterior infarction" in told
    assert "rules alone say Sinus rhythm" in told
    assert "adds nothing" not in told


def test_a_model_that_adds_nothing_is_told_so():
    said = dict.fromkeys(NAMES, False)
    assert "adds nothing" in added_words(what_was_added(NAMES, said, said), TITLES)
    assert "no target in common" in added_words(what_was_added(NAMES, {}, said), TITLES)
