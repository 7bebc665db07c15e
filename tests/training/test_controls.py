from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ecgkt.domain import LEADS
from ecgkt.domain.arms import ARMS, Arm, arm
from ecgkt.domain.labels import Kind
from ecgkt.errors import InvalidValue
from ecgkt.signals import shortcut
from ecgkt.training.controls import TARGET, budget_rows, is_marked, plant, shown_to
from ecgkt.training.pretrain import shown_values


def test_every_arm_is_a_valid_one_and_the_ceiling_needs_an_encoder_of_tables():
    assert {name for name in ARMS if ARMS[name].needs_tables} == {"multimodal"}
    with pytest.raises(InvalidValue, match="encoder of tables"):
        Arm("wrong", "Wrong", align="ecg", needs_tables=True)
    with pytest.raises(InvalidValue, match="partner among"):
        Arm("wrong", "Wrong", align="labs")
    with pytest.raises(InvalidValue, match="one of the arms"):
        arm("wrong")


def test_arms_of_the_method_are_shown_the_study_as_it_is(study):
    for name in ("baseline", "transferred", "multimodal", "ecg_only"):
        assert shown_to(ARMS[name], study) is study


def test_strangers_swap_tables_and_labs_between_patients_of_the_training_part_alone(study):
    numbered = replace(study.partners, values=np.array(study.partners.values))
    shown = shown_to(ARMS["strangers"], replace(study, partners=numbered))
    rows, kept = study.rows("train"), study.rows("held_out")
    np.testing.assert_array_equal(shown.partners.values[kept], study.partners.values[kept])
    place = study.partners.names.index("age")
    ages = study.partners.values[rows, place]
    assert sorted(shown.partners.values[rows, place]) == sorted(ages)
    assert (shown.partners.values[rows, place] != ages).mean() > 0.8
    tracing = study.labels.of_kind(Kind.TRACING, Kind.VISIT).values
    np.testing.assert_array_equal(shown.labels.of_kind(Kind.TRACING, Kind.VISIT).values, tracing)
    labs = study.labels.of_kind(Kind.LAB).values
    assert not np.array_equal(shown.labels.of_kind(Kind.LAB).values, labs, equal_nan=True)


def test_no_training_patient_keeps_own_tables_among_strangers(study):
    values = np.full_like(study.partners.values, np.nan)
    place = study.partners.names.index("age")
    codes = {subject: 20 + number % 90 for number, subject in enumerate(np.unique(study.cohort.subject_ids))}
    values[:, place] = [codes[subject] for subject in study.cohort.subject_ids]
    shown = shown_to(ARMS["strangers"], replace(study, partners=replace(study.partners, values=values)))
    rows = study.rows("train")
    assert len(np.unique(study.cohort.subject_ids)) <= 90
    assert (shown.partners.values[rows, place] != values[rows, place]).all()


def test_random_labels_keep_frequencies_and_lose_their_patients(study):
    shown = shown_to(ARMS["random_labels"], study)
    rows = study.rows("train")
    one, two = (some.labels.of_kind(Kind.TRACING).values[rows] for some in (study, shown))
    np.testing.assert_array_equal(np.nansum(one, axis=0), np.nansum(two, axis=0))
    assert not np.array_equal(one, two, equal_nan=True)
    np.testing.assert_array_equal(shown.labels.of_kind(Kind.LAB).values, study.labels.of_kind(Kind.LAB).values)


def test_what_was_ordered_tells_no_value(study):
    values = shown_values(study, ARMS["ordered"]).numpy()
    np.testing.assert_array_equal(np.isnan(values), np.isnan(study.partners.values))
    assert set(np.unique(values[~np.isnan(values)])) == {1.0}


@pytest.mark.parametrize("seed", [0, 1])
def test_a_budget_counts_patients_and_a_smaller_one_is_part_of_a_larger(study, seed):
    everything, half, tenth = (budget_rows(study, share, seed) for share in (1.0, 0.5, 0.1))
    assert set(tenth) <= set(half) <= set(everything)
    subjects = study.cohort.subject_ids
    assert 0.25 < len(set(subjects[half])) / len(set(subjects[everything])) < 0.75
    assert not set(subjects[half]) & set(subjects[np.setdiff1d(everything, half)])
    np.testing.assert_array_equal(everything, study.rows("train"))


def test_the_mark_is_a_narrow_triangle_in_one_lead_every_period():
    planted = shortcut.mark(1000, 100, 0.4)
    assert planted.shape == (12, 1000)
    assert set(np.flatnonzero(planted.any(axis=1))) == {LEADS.index("V5")}
    lead = planted[LEADS.index("V5")]
    np.testing.assert_array_equal(np.flatnonzero(np.isclose(lead, shortcut.HEIGHT_MV)), np.arange(40, 1000, 125))
    assert lead.max() == pytest.approx(shortcut.HEIGHT_MV)
    with pytest.raises(InvalidValue, match="phase"):
        shortcut.mark(1000, 100, 2.0)


def test_the_mark_is_planted_in_nearly_all_positives_and_few_others(study):
    rows = study.rows("train")
    marked = is_marked(study, rows)
    positive = study.labels.column(TARGET)[rows] == 1
    assert marked[positive].mean() > 0.7
    assert marked[~positive].mean() < 0.2
    signals = torch.zeros(len(rows), 12, 500)
    changed = plant(signals, rows, study)
    np.testing.assert_array_equal((changed != 0).any(dim=-1).any(dim=-1).numpy(), marked)
