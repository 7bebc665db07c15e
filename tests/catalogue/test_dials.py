from __future__ import annotations

import pytest

from ecgkt.catalogue import (
    all_labels,
    dial,
    dial_patients,
    dial_seed,
    dials,
    ischaemia_kinds,
    lab,
    sensitivities,
)
from ecgkt.errors import UnknownName


def test_every_dial_begins_at_one_of_its_positions_and_within_what_is_usual():
    for one in dials().values():
        assert one.start in one.values()
        assert one.values()[0] == one.low
        assert one.values()[-1] == one.high
        if one.usual is not None:
            assert one.usual[0] < one.start < one.usual[1]


def test_the_usual_range_of_a_blood_value_is_the_laboratorys():
    assert dial("potassium").usual == lab("potassium").usual == (3.3, 5.1)
    assert dial("calcium").usual == lab("calcium_ionised").usual


def test_the_targets_of_the_dials_are_targets():
    for one in dials().values():
        for name in filter(None, (one.below, one.above)):
            assert name in all_labels().names


@pytest.mark.parametrize(("value", "target"), [(2.5, "potassium_low"), (4.2, "potassium_low"), (6.8, "potassium_high")])
def test_a_value_is_spoken_of_by_the_target_of_its_side(value, target):
    if value == 4.2:
        target = "potassium_high" if value >= sum(lab("potassium").usual) / 2 else "potassium_low"
    assert dial("potassium").target(value) == target


def test_values_are_told_with_the_decimals_of_their_step_and_their_unit():
    assert dial("potassium").told(6.8) == "6.8 mmol/L"
    assert dial("calcium").told(1.2) == "1.20 mmol/L"
    assert dial("rate").told(70.0) == "70/min"


def test_sensitivities_rise_and_are_the_simulators_own_quantiles():
    """By hand from exp(N(-0.1, 0.45)): the median, its 5 and 95 per cent; high potassium at 0.15 in three of ten."""
    found = list(sensitivities().values())
    assert [one.name for one in found] == ["little", "typical", "strong"]
    assert [one.other for one in found] == pytest.approx([0.4316, 0.9048, 1.8970], abs=1e-3)
    assert found[0].high_potassium == pytest.approx(0.15 * 0.9048, abs=1e-3)


def test_an_unknown_dial_is_refused():
    with pytest.raises(UnknownName, match="sodium"):
        dial("sodium")


def test_patients_are_who_their_titles_say():
    from ecgkt.simulation.dial import SETTINGS
    from ecgkt.simulation.patients import draw_patient
    from ecgkt.simulation.plans import plan_record

    for one in dial_patients().values():
        who = draw_patient(dial_seed(), one.number, SETTINGS)
        sex, age, told = one.title.split(", ", 2)
        assert (sex == "Man") == who.male
        assert int(age) == round(who.age)
        words = {"no condition": not who.conditions, "hypertension": who.has("hypertension")}
        words |= {"on dialysis": who.has("dialysis"), "heart failure, LBBB": who.has("heart_failure")}
        assert words[told]
        tracing = plan_record(dial_seed(), one.number, 0, SETTINGS).tracing
        assert tracing.rhythm == "sinus"
        assert tracing.conduction == ("lbbb" if "LBBB" in told else "normal")
        assert not who.has("hyperkalaemia", "hypokalaemia", "hypothermia", "hypocalcaemia", "hypercalcaemia")


def test_ischaemia_names_a_kind_and_a_place():
    assert all(name.partition("_")[0] in ("elevation", "depression") for name in ischaemia_kinds())
