from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import LEADS, Domain, Record
from ecgkt.domain.records import STORED_LEADS, canonical_lead
from ecgkt.errors import InvalidValue


def test_leads_are_placed_by_name_and_never_by_position(random_leads):
    mimic_order = ["I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6"]
    record = Record.from_leads({name: random_leads[name] for name in mimic_order}, 500, "test")
    for name in LEADS:
        np.testing.assert_array_equal(record.lead(name), random_leads[name].astype(np.float32))


@pytest.mark.parametrize(
    ("spelling", "lead"),
    [
        ("avf", "aVF"),
        ("Lead II", "II"),
        ("MDC_ECG_LEAD_V1", "V1"),
        ("Lead I (Einthoven)", "I"),
        ("AVR", "aVR"),
        (" v6 ", "V6"),
    ],
)
def test_the_spellings_of_lead_names_are_known(spelling, lead):
    assert canonical_lead(spelling) == lead


@pytest.mark.parametrize("spelling", ["VX", "", "X", "V7", "EEG", "lead"])
def test_what_is_no_standard_lead_has_no_name(spelling):
    assert canonical_lead(spelling) is None


def test_limb_leads_are_derived_from_the_eight_that_carts_store_and_said_so(random_leads):
    record = Record.from_leads({name: random_leads[name] for name in STORED_LEADS}, 500, "test")
    i, ii = record.lead("I"), record.lead("II")
    np.testing.assert_allclose(record.lead("III"), ii - i, atol=1e-6)
    np.testing.assert_allclose(record.lead("aVR"), -(i + ii) / 2, atol=1e-6)
    np.testing.assert_allclose(record.lead("aVL"), i - ii / 2, atol=1e-6)
    np.testing.assert_allclose(record.lead("aVF"), ii - i / 2, atol=1e-6)
    assert record.notes == ("III, aVR, aVL, aVF derived from I and II",)


def test_other_channels_are_left_out_and_counted(random_leads):
    record = Record.from_leads({**random_leads, "vx": np.zeros(5000)}, 500, "test")
    assert "1 channels that are not one of the 12 leads were left out" in record.notes


def test_infinite_samples_become_gaps(random_leads):
    random_leads["V3"][10] = np.inf
    assert np.isnan(Record.from_leads(random_leads, 500, "test").lead("V3")[10])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda leads: leads.clear() or leads.update(EEG=np.zeros(9)), "12 standard leads.*1 other channels"),
        (lambda leads: leads.update({"v1 ": leads["V1"]}), "V1 twice"),
        (lambda leads: leads.update({"V1": leads["V1"][:100]}), "one length"),
    ],
)
def test_a_set_of_leads_that_is_no_ecg_is_refused_in_one_sentence(random_leads, change, told):
    change(random_leads)
    with pytest.raises(InvalidValue, match=told):
        Record.from_leads(random_leads, 500, "test")


@pytest.mark.parametrize(
    "wrong",
    [
        {"signal": np.zeros((5000, 12), np.float32)},
        {"signal": np.zeros((12, 5000), np.int16)},
        {"signal": np.full((12, 5000), np.inf, np.float32)},
        {"fs": 0},
        {"fs": float("nan")},
        {"sex": "F"},
        {"age": -1},
    ],
)
def test_an_invalid_record_cannot_exist(wrong):
    valid = {"signal": np.zeros((12, 5000), np.float32), "fs": 500, "source": "test"}
    with pytest.raises(InvalidValue):
        Record(**{**valid, **wrong})


def test_a_record_cannot_be_changed_after_birth(sine_record):
    with pytest.raises(ValueError, match="read-only"):
        sine_record.signal[0, 0] = 1


def test_a_longer_record_is_cut_with_a_note(sine_record):
    cut = sine_record.first_seconds(4)
    assert (cut.seconds, cut.notes) == (4, ("the first 4 s of 10.0 s are used",))
    assert sine_record.first_seconds(10) is sine_record


def test_a_record_of_unknown_origin_is_not_called_simulated():
    assert Record(np.zeros((12, 5000), np.float32), 500, "test").domain is Domain.UNKNOWN
