"""Analytes and measurements beyond the panel against the real tables."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgkt.catalogue import feature_specs, lab_panel, mds_ed_labs, other_labs, other_measurements
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidValue
from ecgkt.mimic import table

ANOTHER_UNIT = {"lymphocytes_absolute": "#/uL"}
"""Printed by an item of the label, a thousand times as large, and rejected on purpose."""


@pytest.fixture(scope="module")
def items(real_data: Path) -> pd.DataFrame:
    return pd.read_csv(real_data / "mimic-iv-demo-2.2/hosp/d_labitems.csv.gz")


@pytest.fixture(scope="module")
def events(real_data: Path, items: pd.DataFrame) -> pd.DataFrame:
    columns = ["itemid", "valuenum", "valueuom", "ref_range_lower", "ref_range_upper"]
    rows = pd.read_csv(real_data / "mimic-iv-demo-2.2/hosp/labevents.csv.gz", usecols=columns)
    return rows.assign(valueuom=rows["valueuom"].fillna("").str.strip()).merge(items, on="itemid")


def commonest_fluid(events: pd.DataFrame, label: str) -> str:
    return str(events.loc[events["label"] == label, "fluid"].value_counts().idxmax())


def test_items_are_all_of_their_label_in_its_most_frequent_fluid(items, events) -> None:
    for analyte in (*other_labs(), *mds_ed_labs()):
        fluid = commonest_fluid(events, analyte.label)
        assert fluid == "Blood", analyte.name
        its = items.loc[(items["label"] == analyte.label) & (items["fluid"] == fluid), "itemid"]
        assert sorted(its) == sorted(analyte.item_ids), analyte.name
        rows = events["itemid"].value_counts()
        assert rows.get(analyte.item_ids[0], 0) == max(rows.get(item, 0) for item in analyte.item_ids), analyte.name


def test_printed_units_are_those_of_the_real_rows(events: pd.DataFrame) -> None:
    for analyte in other_labs():
        printed = set(events.loc[events["itemid"].isin(analyte.item_ids), "valueuom"])
        assert printed - {ANOTHER_UNIT.get(analyte.name)} == set(analyte.printed_units), analyte.name


def test_usual_ranges_are_the_commonest_printed_ones(events: pd.DataFrame) -> None:
    without = set()
    for analyte in other_labs():
        rows = events[events["itemid"] == analyte.item_ids[0]]
        printed = rows.groupby(["ref_range_lower", "ref_range_upper"]).size()
        if printed.empty:
            without.add(analyte.name)
            assert analyte.usual == (None, None)
        else:
            low, high = printed.idxmax()
            assert analyte.usual == (low or None, high), analyte.name
    assert without == {"base_excess", "oxygen_saturation_blood"}


def test_plausible_ranges_hold_every_real_value_in_a_listed_unit(events: pd.DataFrame) -> None:
    for analyte in other_labs():
        rows = events[events["itemid"].isin(analyte.item_ids) & events["valueuom"].isin(analyte.printed_units)]
        values = rows["valuenum"].dropna()
        assert len(values) and values.between(*analyte.plausible).all(), analyte.name


def test_no_name_and_no_item_is_also_in_the_panel() -> None:
    panel, others = lab_panel(), other_labs()
    names = [one.name for one in (*panel, *others)]
    ids = [item for one in (*panel, *others) for item in one.item_ids]
    assert len(names) == len(set(names)) and len(ids) == len(set(ids))


def test_nothing_beyond_the_panel_is_a_feature_of_ours() -> None:
    ours = {spec.name for spec in feature_specs(Role.INPUT)}
    assert not ours & {one.name for one in (*other_labs(), *other_measurements())}


def test_mds_ed_has_its_45_labels_each_once() -> None:
    labs = mds_ed_labs()
    assert len(labs) == len({one.label for one in labs}) == len({one.name for one in labs}) == 45
    assert sum(one.name in {lab.name for lab in lab_panel()} for one in labs) == 23
    assert {one.above for one in labs} == {20.0, 100.0, 2000.0, float("inf")}
    assert {one.column for one in labs} >= {"alanine_aminotransferase_(alt)", "bilirubin,_total", "ph"}


def test_what_mds_ed_calls_by_a_label_is_our_analyte_of_that_first_item() -> None:
    first = {one.name: one.item_ids[0] for one in (*lab_panel(), *other_labs())}
    assert all(first[one.name] == one.item_ids[0] for one in mds_ed_labs())


def test_an_analyte_without_items_is_refused() -> None:
    with pytest.raises(InvalidValue, match="d_labitems"):
        dataclasses.replace(other_labs()[0], item_ids=())


def test_other_measurements_name_columns_of_mimics_tables() -> None:
    assert [one.name for one in other_measurements()] == ["weight", "height", "acuity"]
    for one in other_measurements():
        assert one.column in table(one.table).columns, one.name


def test_pounds_and_inches_become_kilograms_and_centimetres() -> None:
    weight, height, acuity = other_measurements()
    assert weight.convert(np.array([220.462, np.nan])) == pytest.approx([100.0, np.nan], nan_ok=True, rel=1e-5)
    assert height.convert(np.array([70.0])) == pytest.approx([177.8])
    assert acuity.convert(np.array([3.0])) == pytest.approx([3.0])


def test_real_weights_heights_and_acuities_are_nearly_all_plausible(real_data: Path) -> None:
    omr = pd.read_csv(real_data / "mimic-iv-demo-2.2/hosp/omr.csv.gz")
    triage = pd.read_csv(real_data / "mimic-iv-ed-demo-2.2/triage.csv")
    for one in other_measurements():
        rows = (
            triage["acuity"] if one.table == "triage" else omr.loc[omr["result_name"] == one.printed_unit, one.column]
        )
        values = one.convert(pd.to_numeric(rows, errors="coerce").dropna().to_numpy(np.float64))
        assert len(values) > 100 and np.mean((values >= one.plausible[0]) & (values <= one.plausible[1])) > 0.99
