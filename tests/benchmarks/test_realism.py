from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import realism, realism_measured, realism_told
from ecgkt.catalogue import tracing_labels
from ecgkt.domain import LEADS, LabelTable

CART = {
    "rr_interval": 1000,
    "p_onset": 100,
    "p_end": 200,
    "qrs_onset": 260,
    "qrs_end": 350,
    "t_end": 660,
    "p_axis": 50,
    "qrs_axis": 270,
    "t_axis": -190,
}


def test_a_carts_measurements_become_intervals():
    found = realism_measured.cart_intervals(pd.DataFrame([CART, {**CART, "rr_interval": 512}]))
    assert {name: found[name][0] for name in ("rate", "p", "pr", "qrs", "qt", "qtc")} == pytest.approx(
        {"rate": 60, "p": 100, "pr": 160, "qrs": 90, "qt": 400, "qtc": 400}
    )
    assert found["qtc"][1] == pytest.approx(500)
    assert (found["p_axis"][0], found["qrs_axis"][0], found["t_axis"][0]) == (50, -90, 170)


def test_what_a_cart_did_not_measure_is_missing():
    rows = [{**CART, "p_onset": 29999, "p_end": 29999, "p_axis": 29999}, {**CART, "rr_interval": 0}]
    found = realism_measured.cart_intervals(pd.DataFrame([*rows, {**CART, "t_end": 200}]))
    assert np.isnan([found["p"][0], found["pr"][0], found["p_axis"][0], found["rate"][1], found["qtc"][1]]).all()
    assert np.isnan(found["qt"][2])
    assert found["qrs"].tolist() == [90, 90, 90]


def test_the_first_study_of_each_patient_counts(tmp_path):
    rows = [
        {**CART, "subject_id": 1, "study_id": k, "ecg_time": f"2180-0{9 - k}-01", "qrs_end": 350 + k} for k in (1, 2)
    ]
    for number, row in enumerate([*rows, {**rows[0], "subject_id": 2}]):
        (tmp_path / "more").mkdir(exist_ok=True)
        pd.DataFrame([row]).to_csv(tmp_path / ("more" if number else "") / f"{number}.csv", index=False)
    assert sorted(realism_measured.machine_measurements(tmp_path)["qrs"]) == [91, 92]


def test_a_p_wave_keeps_its_sign_and_is_measured_from_its_own_line():
    time = np.linspace(0, 1, 51)
    bump = np.sin(np.pi * time)
    leads = np.stack([0.1 * bump, -0.1 * bump, 0.1 * bump + 0.5 + time, *([0 * time] * 9)])
    found = realism_measured.p_amplitude(leads)
    assert found[:3] == pytest.approx([0.1, -0.1, 0.1])
    assert (found[3:] == 0).all()


def table(*rows: tuple[str, ...]) -> LabelTable:
    values = np.zeros((len(rows), len(tracing_labels())), np.float32)
    for row, present in zip(values, rows, strict=True):
        row[tracing_labels().positions(present)] = 1
    return LabelTable(tracing_labels(), values)


def test_a_record_belongs_to_the_first_group_of_the_mix_that_it_has():
    both = ("atrial_fibrillation", "left_bundle_branch_block", "left_ventricular_hypertrophy")
    found = realism_measured.mix_of(table(both, both[1:], both[2:], ("inferior_infarction",), ("sinus_rhythm",)))
    assert found.tolist() == ["AF or flutter", "conduction", "hypertrophy", "infarction", "normal or other"]


def test_matching_takes_as_many_as_the_rarest_group_allows():
    have = np.array(["a"] * 50 + ["b"] * 10 + ["c"] * 100)
    wanted = np.array(["a"] * 2 + ["b"] * 2)
    rows = realism_measured.matched_rows(have, wanted, np.random.default_rng(0), 1000)
    assert len(set(rows.tolist())) == len(rows) == 20
    assert np.unique(have[rows], return_counts=True)[1].tolist() == [10, 10]
    assert len(realism_measured.matched_rows(have, wanted, np.random.default_rng(0), 6)) == 6


def test_distances_are_zero_for_the_same_and_in_units_for_a_shift():
    values = np.append(np.arange(100.0), np.nan)
    assert realism.distances(values, values, 1) == "0.00, 0.0"
    assert realism.distances(values, values + 7, 1).endswith(", 7.0")
    assert realism.distances(values, np.full(3, np.nan), 1) == "none"


def test_the_line_of_qt_on_rr_is_found():
    rr = np.linspace(500, 1200, 50)
    slope, r, n = realism.log_line(40 * rr**0.33, rr)
    assert (slope, r, n) == pytest.approx((0.33, 1.0, 50))


def test_numbers_that_differ_tell_apart_and_numbers_alike_do_not():
    rng = np.random.default_rng(3)
    real = np.arange(400) < 200
    values = rng.normal(size=(400, 3))
    values[rng.random(values.shape) < 0.1] = np.nan
    people = np.arange(400) // 2
    for kind in ("logistic", "trees"):
        assert realism_told.tell_apart(values, real, people, kind, 0).estimate.value == pytest.approx(0.5, abs=0.12)
    values[real, 1] += 2
    found = realism_told.tell_apart(values, real, people, "trees", 0)
    assert found.estimate.value > 0.85
    assert found.importance.argmax() == 1
    assert realism_told.alone(values, real).round(1).tolist() == [0.5, 0.9, 0.5]


def test_no_person_is_in_both_parts_of_a_fold():
    people = np.repeat(np.arange(40), 3)
    real = np.repeat(np.arange(40) % 2 == 0, 3)
    for train, test in realism_told.folds(real, people, 0):
        assert not set(people[train]) & set(people[test])


@pytest.mark.slow
def test_the_network_finds_a_wave_and_nothing_in_noise(monkeypatch):
    monkeypatch.setattr(realism_told, "EPOCHS", 6)
    rng = np.random.default_rng(5)
    real = np.arange(160) < 80
    signals = rng.normal(size=(160, 2, 400)).astype(np.float32)
    assert realism_told.network_tells(signals, real, np.arange(160), 100, 0).value == pytest.approx(0.5, abs=0.2)
    signals[real] += np.sin(np.arange(400) / 3).astype(np.float32)
    assert realism_told.network_tells(signals, real, np.arange(160), 100, 0).value > 0.95
    ends = rng.normal(size=(160, 2, 400)).astype(np.float32)
    ends[real, :, -50:] = 4.0
    assert realism_told.network_tells(ends, real, np.arange(160), 100, 0).value < 0.8


def test_every_number_is_in_one_group():
    names = realism_measured.feature_names()
    columns = [column for group in realism.groups(names).values() for column in group]
    assert sorted(columns) == list(range(len(names)))
    assert len(names) == 10 + 5 * len(LEADS)


def test_a_simulated_recording_is_measured_and_noise_is_refused():
    from ecgkt.simulation import SimulationSettings, simulate_arrays

    block = simulate_arrays(6, 2, SimulationSettings(artefacts=0.2, faulty=0))
    found = realism_measured.measure_all(block.signals, 500)
    own = realism_measured.own_readings(block.readings)
    assert np.median(np.abs(found.column("rate") - own["rate"])) < 3
    flat = realism_measured.measure_all(np.zeros((1, 12, 5000)), 500)
    assert np.isnan(flat.values).all()
