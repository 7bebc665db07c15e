"""Turning a dial changes what it says and nothing else; sizes against what physiology names (docs/simulation.md)."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.catalogue import dial_patients, dials, sensitivities
from ecgkt.domain import LEADS, Domain
from ecgkt.errors import InvalidValue
from ecgkt.simulation.dial import Dialled, Position, simulate

V3 = LEADS.index("V3")


def turn(name: str, *values: float, patient: str = "dialysis", sensitivity: str = "typical", **more: str):
    return simulate([Position(patient, sensitivity, {name: value}, **more) for value in values])


def rms(one: Dialled, other: Dialled) -> float:
    return float(np.sqrt(np.mean((one.record.signal - other.record.signal) ** 2)))


def test_the_same_position_is_the_same_ecg_alone_or_among_others():
    one, again = (simulate([Position("healthy", values={"potassium": 6.8})])[0] for _ in range(2))
    among = simulate([Position("dialysis"), Position("healthy", values={"potassium": 6.8})])[1]
    np.testing.assert_array_equal(one.record.signal, again.record.signal)
    np.testing.assert_allclose(one.record.signal, among.record.signal, atol=1e-5)
    assert one.record.domain is Domain.SIMULATED


@pytest.mark.parametrize("patient", dial_patients())
def test_the_truth_is_what_the_dials_say(patient):
    values = {"potassium": 6.8, "calcium": 0.9, "rate": 95.0, "temperature": 30.0}
    made = simulate([Position(patient, values=values)])[0]
    assert made.blood["potassium"] == 6.8
    assert made.blood["calcium_ionised"] == 0.9
    assert made.position.values["temperature"] == 30.0
    assert made.intervals["rate"] == pytest.approx(95, rel=0.03)
    assert made.labels["potassium_high"] == 1
    assert made.labels["potassium_low"] == 0
    assert made.labels["calcium_ionised_low"] == 1
    assert made.record.age == int(dial_patients()[patient].title.split(", ")[1])


def test_potassium_within_range_is_neither_high_nor_low():
    for made in turn("potassium", 3.4, 4.2, 5.0):
        assert made.labels["potassium_high"] == made.labels["potassium_low"] == 0


def test_t_rises_with_high_potassium_and_falls_with_low():
    heights = [made.t_mv[V3] for made in turn("potassium", 2.4, 3.0, 4.2, 5.5, 6.5, 7.5)]
    assert heights == sorted(heights)
    assert heights[0] < 0.7 * heights[2]


def test_qrs_and_pr_widen_late_and_only_with_high_potassium():
    made = turn("potassium", 2.4, 4.2, 5.5, 6.5, 7.5, 8.0)
    qrs, pr = [[round(one.intervals[name], 3) for one in made] for name in ("qrs", "pr")]
    assert qrs[0] == qrs[1] == qrs[2] < qrs[3] < qrs[4] < qrs[5]
    assert pr[0] == pr[1] == pr[2] < pr[3] < pr[4] < pr[5]
    assert 10 <= qrs[4] - qrs[1] <= 40
    assert 20 <= pr[4] - pr[1] <= 60


def test_a_sensitive_heart_answers_more():
    sizes = []
    for name in sensitivities():
        usual, high = turn("potassium", 4.2, 6.8, sensitivity=name)
        sizes.append(high.t_mv[V3] / usual.t_mv[V3])
    assert sizes == sorted(sizes)
    assert sizes[0] < 1.15 < 1.5 < sizes[2]


def test_calcium_acts_on_the_length_of_st_alone():
    low, usual, high = turn("calcium", 0.8, 1.2, 1.6)
    assert low.intervals["qtc"] > usual.intervals["qtc"] > high.intervals["qtc"]
    assert low.intervals["qrs"] == usual.intervals["qrs"] == high.intervals["qrs"]
    assert low.blood["calcium_total"] < usual.blood["calcium_total"] < high.blood["calcium_total"]


def test_qtc_moves_by_10_to_15_ms_for_each_mg_per_dl_of_calcium_outside_the_range():
    """1 mg/dL of total calcium goes with 0.118 mmol/L of ionised (Zhang 2011; Genovesi 2008)."""
    for from_mmol, to_mmol in ((0.7, 0.9), (1.5, 1.7)):
        first, second = turn("calcium", from_mmol, to_mmol)
        slope = (second.intervals["qtc"] - first.intervals["qtc"]) / ((to_mmol - from_mmol) / 0.118)
        assert -15 <= slope <= -10


def test_the_rate_is_the_dials_whatever_else_would_slow_it():
    rates = [made.intervals["rate"] for made in turn("rate", 40, 70, 110, 150)]
    assert rates == pytest.approx([40, 70, 110, 150], rel=0.05)
    usual, high = turn("potassium", 4.2, 8.0)
    cold = turn("temperature", 28.0)[0]
    assert high.intervals["rate"] == pytest.approx(usual.intervals["rate"])
    assert cold.intervals["rate"] == pytest.approx(usual.intervals["rate"])


def test_elevation_grows_where_it_is_asked_for():
    none, some, much = turn("ischaemia", 0.0, 0.2, 0.4, ischaemia="elevation_inferior", patient="hypertension")
    three, left = LEADS.index("III"), LEADS.index("aVL")
    up = [np.percentile(one.record.signal[three] - none.record.signal[three], 99) for one in (some, much)]
    down = [np.percentile(one.record.signal[left] - none.record.signal[left], 1) for one in (some, much)]
    assert some.labels["st_elevation"] == 1
    assert none.labels["st_elevation"] == 0
    assert 0.1 < up[0] < up[1]
    assert down[1] < down[0] < -0.05


def test_depression_is_no_elevation():
    none, much = turn("ischaemia", 0.0, 0.3, ischaemia="depression_diffuse", patient="hypertension")
    assert none.labels["st_depression"] == 0
    assert much.labels["st_depression"] == 1
    assert much.blood["troponin_t"] == none.blood["troponin_t"]


def test_cold_widens_and_fever_leaves_the_wave_alone():
    cold, usual, fever = turn("temperature", 28.0, 37.0, 40.0)
    for name in ("pr", "qrs", "qtc"):
        assert cold.intervals[name] > usual.intervals[name]
    np.testing.assert_array_equal(usual.record.signal, fever.record.signal)


def test_what_no_dial_turns_stays_as_it_was():
    """Noise and beats are the same: far from any wave two recordings differ by next to nothing."""
    usual, high = turn("potassium", 4.2, 5.6)
    apart = np.abs(high.record.signal - usual.record.signal).max(axis=0)
    assert np.median(apart) < 0.02 < 0.1 < apart.max()
    assert {name: value for name, value in high.blood.items() if name != "potassium"} == {
        name: value for name, value in usual.blood.items() if name != "potassium"
    }
    assert rms(usual, high) < rms(usual, turn("potassium", 8.0)[0])


def test_einthoven_and_goldberger_hold_at_every_dials_ends():
    positions = [Position("healthy").at(name, end) for name, one in dials().items() for end in (one.low, one.high)]
    for made in simulate(positions):
        one, two, three, right, left, foot = made.record.signal[:6].astype(float)
        np.testing.assert_allclose(three, two - one, atol=1e-4)
        np.testing.assert_allclose(right + left + foot, 0, atol=1e-4)


def test_what_no_dial_has_is_refused():
    with pytest.raises(InvalidValue, match="nobody"):
        Position("nobody")
    with pytest.raises(InvalidValue, match="sodium"):
        Position("healthy", values={"sodium": 140.0})
    with pytest.raises(InvalidValue, match=r"2\.0 mmol/L to 8\.0 mmol/L"):
        Position("healthy", values={"potassium": 9.0})
