"""Conventional and SI units: factors against molar masses, and the words of limits and values."""

from __future__ import annotations

import pytest

from ecgkt.catalogue import lab, lab_panel, limit_words, value_words

MOLAR_MASS = {
    "creatinine": (113.12, "mg/dL", "µmol/L"),
    "glucose": (180.156, "mg/dL", "mmol/L"),
    "urea_nitrogen": (28.014, "mg/dL", "mmol/L"),
    "calcium_total": (40.078, "mg/dL", "mmol/L"),
    "magnesium": (24.305, "mg/dL", "mmol/L"),
    "phosphate": (30.974, "mg/dL", "mmol/L"),
    "bilirubin_total": (584.66, "mg/dL", "µmol/L"),
}
MONOVALENT = ("potassium", "sodium", "chloride", "bicarbonate")


@pytest.mark.parametrize("name", MOLAR_MASS)
def test_factors_from_mass_to_moles_follow_from_the_molar_mass(name):
    """1 mg/dL is 10 mg/L, divided by g/mol that is mmol/L."""
    mass, unit, si = MOLAR_MASS[name]
    one = lab(name)
    assert (one.unit, one.si_unit) == (unit, si)
    assert one.si_factor == pytest.approx(10 / mass * (1000 if si.startswith("µ") else 1), rel=2e-3)


def test_equivalents_of_monovalent_ions_are_moles_and_equal_units_have_factor_one():
    assert {(lab(name).si_unit, lab(name).si_factor) for name in MONOVALENT} == {("mmol/L", 1.0)}
    for one in lab_panel():
        if one.unit == one.si_unit:
            assert one.si_factor == 1.0


def test_a_limit_is_told_in_either_unit_and_the_rows_own_range_is_called_about():
    assert limit_words(lab("glucose"), "high") == "> 180 mg/dL"
    assert limit_words(lab("glucose"), "high", si=True) == "> 9.99 mmol/L"
    assert limit_words(lab("potassium"), "high") == "> about 5.1 mEq/L"
    assert limit_words(lab("potassium"), "high", si=True) == "> about 5.1 mmol/L"
    assert limit_words(lab("ph"), "low") == "< about 7.35"


def test_a_value_is_told_in_either_unit():
    assert value_words(lab("creatinine"), 1.0, si=True) == "88.4 µmol/L"
    assert value_words(lab("nt_probnp"), 9180.0) == "9,180 pg/mL"
    assert value_words(lab("troponin_t"), 0.0302, si=True) == "30.2 ng/L"
