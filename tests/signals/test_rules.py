"""Rules alone: each criterion by hand on made measurements, and what they find on real records."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.catalogue import tracing_labels
from ecgkt.domain import LEADS
from ecgkt.signals.adults import under_age
from ecgkt.signals.measurements import Measured, Measurements, measure
from ecgkt.signals.rhythm import Rhythm, RhythmKind
from ecgkt.signals.rules import state_rules

NORMAL = {
    "heart_rate": 72.0, "p_duration": 100.0, "pr": 160.0, "qrs": 90.0, "qtc_fridericia": 410.0,
    "p_axis": 50.0, "qrs_axis": 40.0,
}  # fmt: skip


def measured(kind=RhythmKind.P_BEFORE_QRS, leads=None, **values) -> Measurements:
    """A normal ECG but for what is given; `leads` maps (wave, lead) to mV."""
    numbers = {**NORMAL, **values}
    waves = {"r": 0.8, "s": 0.4, "st": 0.0, "t": 0.3}
    table = {
        wave: {lead: Measured((leads or {}).get((wave, lead), usual), "mV") for lead in LEADS}
        for wave, usual in waves.items()
    }
    said = {name: Measured(value, "ms", None if value is not None else "refused") for name, value in numbers.items()}
    return Measurements(said, table, Rhythm(kind, 0.02, 0.9, float("nan")), (), None, None)


def met(found: Measurements, age: float | None = 60, sex: str | None = "male") -> set[str]:
    return {name for name, said in state_rules(found, age, sex).items() if said.met}


def test_a_normal_ecg_meets_sinus_rhythm_alone():
    assert met(measured()) == {"sinus_rhythm"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"heart_rate": 101.0}, "sinus_tachycardia"),
        ({"heart_rate": 59.0}, "sinus_bradycardia"),
        ({"pr": 201.0}, "first_degree_av_block"),
        ({"qrs": 112.0}, "intraventricular_conduction_delay"),
        ({"pr": 110.0, "qrs": 114.0}, "pre_excitation"),
        ({"qrs_axis": -46.0}, "left_anterior_fascicular_block"),
        ({"qrs_axis": -31.0}, "left_axis_deviation"),
        ({"qrs_axis": 95.0}, "right_axis_deviation"),
        ({"qtc_fridericia": 451.0}, "long_qt"),
        ({"qrs": 140.0, "leads": {("s", "I"): 0.05, ("s", "V1"): 1.5}}, "left_bundle_branch_block"),
        ({"leads": {("st", "II"): 0.12, ("st", "aVF"): 0.11}}, "st_elevation"),
        ({"leads": {("st", "V4"): -0.06, ("st", "V5"): -0.07}}, "st_depression"),
        ({"leads": {("t", "V5"): -0.2, ("t", "V6"): -0.12}}, "t_wave_inversion"),
        ({"leads": {("s", "V1"): 1.9, ("r", "V5"): 1.7}}, "left_ventricular_hypertrophy"),
        ({"leads": {("r", "aVL"): 1.1, ("s", "V3"): 1.8}}, "left_ventricular_hypertrophy"),
        ({"leads": {("r", "V1"): 0.9}, "qrs_axis": 100.0}, "right_ventricular_hypertrophy"),
        ({"leads": {(w, lead): 0.2 for w in "rs" for lead in LEADS[:6]}}, "low_qrs_voltage"),
    ],
)
def test_each_criterion(changed, named):
    assert named in met(measured(**changed))


def test_leads_that_cannot_be_read_are_not_without_deviation():
    chest = {("st", lead): None for lead in LEADS[6:]}
    said = state_rules(measured(leads=chest), 60, "male")
    for name in ("st_elevation", "st_depression", "t_wave_inversion"):
        assert (said[name].met, said[name].why) == (None, "V1-V6 cannot be read")
    assert "st_elevation" in met(measured(leads={**chest, ("st", "II"): 0.2, ("st", "aVF"): 0.2}))


def test_one_lead_alone_and_a_smaller_deviation_are_no_st_elevation():
    assert "st_elevation" not in met(measured(leads={("st", "II"): 0.3}))
    assert "st_elevation" not in met(measured(leads={("st", "V2"): 0.19, ("st", "V3"): 0.19}))
    assert "st_elevation" not in met(measured(leads={("st", "II"): 0.3, ("st", "V5"): 0.3}))


def test_limits_go_by_age_and_sex_and_the_stricter_one_counts_where_they_are_not_known():
    chest = measured(leads={("st", "V2"): 0.21, ("st", "V3"): 0.21})
    assert "st_elevation" in met(chest, 60, "male")
    assert "st_elevation" not in met(chest, 30, "male")
    assert "st_elevation" in met(chest, 30, "female")
    assert "st_elevation" not in met(chest, None, None)
    assert "long_qt" in met(measured(qtc_fridericia=455.0), 60, "male")
    assert "long_qt" not in met(measured(qtc_fridericia=455.0), 60, None)


def test_repolarisation_and_voltage_are_not_judged_with_a_wide_qrs():
    said = state_rules(measured(qrs=150.0, leads={("st", "V2"): 0.5, ("st", "V3"): 0.5}), 60, "male")
    for name in ("st_elevation", "st_depression", "t_wave_inversion", "left_ventricular_hypertrophy", "long_qt"):
        assert said[name].met is None
        assert "wide" in said[name].why


def test_an_axis_that_a_wide_qrs_excludes_is_said_with_that_reason():
    said = state_rules(measured(qrs=128.0, qrs_axis=-72.0), 60, "male")["left_anterior_fascicular_block"]
    assert said.met is False
    assert "72" in said.why and "wide" in said.why


def test_in_fibrillation_there_is_no_sinus_rule_and_no_pr():
    found = measured(RhythmKind.FIBRILLATION, pr=None, p_axis=None, heart_rate=130.0)
    assert met(found) == {"atrial_fibrillation"}
    assert state_rules(found, 60, "male")["first_degree_av_block"].met is None


def test_a_child_is_judged_by_no_rule():
    assert state_rules(measured(), 17.9, "male") == {}
    assert state_rules(measured(), 18, "male")
    assert under_age(None) is None and under_age(18) is None
    assert "got one of 7" in (under_age(7.0) or "")


def test_rules_speak_of_the_catalogues_targets_alone():
    assert set(state_rules(measured())) <= set(tracing_labels().names)


@pytest.mark.slow
def test_rules_agree_with_the_readers_of_ludb_where_intervals_decide(real_data):
    from ecgkt import readers
    from ecgkt.data.collections import open_collection

    ludb = open_collection(real_data / "ludb")
    said, truth = [], []
    for path, row in zip(ludb.paths, ludb.labels.values, strict=True):
        record = readers.read_record(path)
        said.append(state_rules(measure(record.signal, record.fs), record.age, record.sex))
        truth.append(dict(zip(ludb.labels.labels.names, row, strict=True)))
    for name, sensitive, specific in (
        ("sinus_rhythm", 0.85, 0.6),
        ("sinus_bradycardia", 0.8, 0.8),  # readers call many rates from 55 to 60 normal
        ("atrial_fibrillation", 0.6, 0.95),
        ("first_degree_av_block", 0.5, 0.85),
    ):
        pairs = [(one[name].met, row[name]) for one, row in zip(said, truth, strict=True) if name in one]
        known = np.array([(bool(m), y) for m, y in pairs if m is not None and not np.isnan(y)])
        ill = known[:, 1] == 1
        assert known[ill, 0].mean() >= sensitive, name
        assert 1 - known[~ill, 0].mean() >= specific, name
