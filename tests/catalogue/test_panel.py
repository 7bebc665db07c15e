"""The laboratory panel against the real tables, and features by role."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgkt.catalogue import feature_specs, lab, lab_panel, measurements
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidValue
from ecgkt.mimic import table

ATOMIC_MASS = {"creatinine": 113.12, "glucose": 180.16, "calcium_total": 40.078, "magnesium": 24.305}


@pytest.fixture(scope="module")
def items(real_data: Path) -> pd.DataFrame:
    return pd.read_csv(real_data / "mimic-iv-demo-2.2/hosp/d_labitems.csv.gz").set_index("itemid")


@pytest.fixture(scope="module")
def events(real_data: Path) -> pd.DataFrame:
    columns = ["itemid", "valuenum", "valueuom", "ref_range_lower", "ref_range_upper"]
    rows = pd.read_csv(real_data / "mimic-iv-demo-2.2/hosp/labevents.csv.gz", usecols=columns)
    return rows[rows["itemid"].isin([item for analyte in lab_panel() for item in analyte.item_ids])]


LABELS_IN_MIMIC = {
    "urea_nitrogen": "Urea Nitrogen",
    "calcium_total": "Calcium, Total",
    "calcium_ionised": "Free Calcium",
    "ck_mb": "Creatine Kinase, MB Isoenzyme",
    "nt_probnp": "NTproBNP",
    "haemoglobin": "Hemoglobin",
    "white_cells": "White Blood Cells",
    "platelets": "Platelet Count",
    "rdw": "RDW",
    "tsh": "Thyroid Stimulating Hormone",
    "inr": "INR(PT)",
    "bilirubin_total": "Bilirubin, Total",
    "crp": "C-Reactive Protein",
    "d_dimer": "D-Dimer",
}


def test_item_ids_are_what_the_real_dictionary_calls_them(items: pd.DataFrame) -> None:
    for analyte in lab_panel():
        first = items.loc[analyte.item_ids[0]]
        assert first["label"] == LABELS_IN_MIMIC.get(analyte.name, analyte.title), analyte.name
        for item in analyte.item_ids:
            assert items.loc[item, "fluid"] == analyte.fluid == "Blood"


def test_no_item_belongs_to_two_analytes() -> None:
    ids = [item for analyte in lab_panel() for item in analyte.item_ids]
    assert len(ids) == len(set(ids))


def test_units_are_the_printed_ones(events: pd.DataFrame) -> None:
    for analyte in lab_panel():
        printed = events.loc[events["itemid"].isin(analyte.item_ids), "valueuom"].fillna("")
        assert set(printed) == set(analyte.printed_units), analyte.name


def test_usual_ranges_are_the_commonest_printed_ones(events: pd.DataFrame) -> None:
    for analyte in lab_panel():
        rows = events[events["itemid"] == analyte.item_ids[0]]
        low, high = rows.groupby(["ref_range_lower", "ref_range_upper"]).size().idxmax()
        assert analyte.usual == (low or None, high), analyte.name


def test_plausible_ranges_hold_every_real_value(events: pd.DataFrame) -> None:
    for analyte in lab_panel():
        values = events.loc[events["itemid"].isin(analyte.item_ids), "valuenum"].dropna()
        assert values.between(*analyte.plausible).all(), analyte.name


def test_si_factors_follow_from_the_molar_masses() -> None:
    for name, mass in ATOMIC_MASS.items():
        scale = 1e4 if lab(name).si_unit == "µmol/L" else 10.0
        assert lab(name).si_factor == pytest.approx(scale / mass, rel=2e-3), name
    assert lab("urea_nitrogen").si_factor == pytest.approx(10 / (2 * 14.007), rel=2e-3)
    assert lab("phosphate").si_factor == pytest.approx(10 / 30.974, rel=2e-3)
    assert lab("bilirubin_total").si_factor == pytest.approx(1e4 / 584.66, rel=2e-3)


def test_the_default_panel_is_the_one_that_was_decided() -> None:
    assert {analyte.name for analyte in lab_panel() if analyte.shown} == {
        *("potassium", "calcium_total", "calcium_ionised", "magnesium", "creatinine", "troponin_t", "nt_probnp"),
        *("haemoglobin", "lactate", "ph", "bicarbonate", "tsh", "glucose"),
    }


def test_an_analyte_without_a_limit_on_a_labelled_side_is_refused() -> None:
    with pytest.raises(InvalidValue, match="low limit"):
        dataclasses.replace(lab("troponin_t"), directions=("low",))


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_the_same_features_in_the_same_order(role: Role) -> None:
    specs = feature_specs(role)
    assert [spec.name for spec in specs] == [one.name for one in (*lab_panel(), *measurements())]
    assert {spec.role for spec in specs} == {role}
    assert [spec.kind for spec in specs] == ["lab"] * 26 + ["vital"] * 6 + ["biometric"] * 3


def test_inputs_have_resulted_and_targets_are_drawn_around_the_ecg() -> None:
    potassium = {role: feature_specs(role)[0].window for role in Role}
    assert (potassium[Role.INPUT].clock, potassium[Role.INPUT].to_minutes) == ("resulted", 0)
    for role in (Role.ALIGNMENT_PARTNER, Role.TARGET):
        window = potassium[role]
        assert (window.from_minutes, window.to_minutes, window.clock) == (-90, 90, "drawn")
    assert potassium[Role.REVEAL].to_minutes == 24 * 60


def test_measurements_name_columns_of_mimics_tables() -> None:
    for one in measurements():
        assert one.column in table(one.table).columns, one.name


def test_a_fahrenheit_reading_becomes_celsius_and_a_celsius_one_stays() -> None:
    temperature = next(one for one in measurements() if one.name == "temperature")
    assert temperature.convert(np.array([98.6, 37.2, np.nan])) == pytest.approx([37.0, 37.2, np.nan], nan_ok=True)


def test_plausible_vital_signs_hold_nearly_all_real_ones(real_data: Path) -> None:
    rows = pd.read_csv(real_data / "mimic-iv-ed-demo-2.2/vitalsign.csv")
    for one in measurements():
        if one.kind == "vital":
            values = one.convert(rows[one.column].dropna().to_numpy())
            assert ((values >= one.plausible[0]) & (values <= one.plausible[1])).mean() > 0.99, one.name


def test_the_counts_in_the_docs_are_those_that_the_command_prints(real_data: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "benchmarks/lab_ranges.py", str(real_data / "mimic-iv-demo-2.2")]
    printed = subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=True
    ).stdout
    assert len(printed.splitlines()) == 41
    assert printed.strip() in (root / "docs/catalogue.md").read_text(encoding="utf-8")
