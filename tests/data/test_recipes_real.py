"""The relatives' recipes on the real demo tables, equal to an independent account in pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgkt.catalogue import cohort_recipe, lab_panel, mds_ed_labs
from ecgkt.data.joins import labels
from ecgkt.data.joins.windows import values_of
from ecgkt.domain.features import Role
from tests.data import joining
from tests.data import reference_recipes as relatives


@pytest.fixture(scope="module")
def mds_ed(real_data: Path, ecgs: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory):
    with joining.joined(real_data, ecgs, tmp_path_factory.mktemp("mds_ed"), "mds_ed") as connection:
        yield connection


@pytest.fixture(scope="module")
def cardiolab(real_data: Path, ecgs: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory):
    with joining.joined(real_data, ecgs, tmp_path_factory.mktemp("cardiolab"), "cardiolab") as connection:
        yield connection


def long(connection, recipe: str, role: Role) -> pd.DataFrame:
    found = connection.execute(values_of(cohort_recipe(recipe), role)).df()
    return found.assign(study_id=found["row"].map(joining.studies(connection)))


def as_dict(frame: pd.DataFrame, *keys: str) -> dict:
    return dict(zip(zip(*(frame[key] for key in keys), strict=True), frame["value"].astype(float), strict=True))


def assert_same(ours: dict, theirs: dict) -> None:
    assert ours.keys() == theirs.keys()
    keys = sorted(ours)
    # Vitals carry the conversion of the catalogue, weights and heights its factor: the sixth digit.
    np.testing.assert_allclose([ours[key] for key in keys], [theirs[key] for key in keys], rtol=2e-6, atol=1e-9)


def test_mds_eds_ecgs_are_those_soon_after_an_arrival(mds_ed, sources):
    theirs = relatives.mds_ed_stays(sources)
    ours = mds_ed.execute("SELECT study_id, stay_id FROM kept").df()
    assert dict(ours.itertuples(index=False)) == dict(theirs[["study_id", "stay_id"]].itertuples(index=False))
    assert len(ours) > 80


def test_mds_eds_nine_statistics_of_45_labs_and_six_vital_signs_are_equal(mds_ed, sources, real_data):
    items = relatives.read_items(real_data / "mimic-iv-demo-2.2" / "hosp")
    theirs = relatives.mds_ed_features(sources, items)
    names = {lab.label: lab.name for lab in mds_ed_labs()}
    feature = theirs["feature"].map(names).fillna(theirs["feature"])
    theirs = theirs.assign(feature=feature + "_" + theirs["statistic"]).dropna(subset="value")
    ours = long(mds_ed, "mds_ed", Role.INPUT)
    ours = ours[ours["feature"].str.endswith(tuple(f"_{name}" for name in relatives.STATISTICS))]
    assert len(ours) > 10_000
    assert_same(as_dict(ours, "study_id", "feature"), as_dict(theirs, "study_id", "feature"))


def test_mds_eds_acuity_and_body_measures_are_equal(mds_ed, sources):
    ours = long(mds_ed, "mds_ed", Role.INPUT).set_index(["study_id", "feature"])["value"].astype(float)
    acuity = relatives.acuity(sources)
    assert ours.xs("acuity", level="feature").to_dict() == acuity.to_dict()
    body = relatives.body_measures(sources)
    body = body[body["study_id"].isin(relatives.mds_ed_stays(sources)["study_id"])]
    mine = ours[ours.index.get_level_values("feature").isin(["bmi", "weight", "height"])]
    assert_same(mine.to_dict(), as_dict(body, "study_id", "feature"))


def test_what_mds_ed_takes_for_known_had_often_not_resulted(mds_ed):
    ours = mds_ed.execute(
        f"""SELECT count(*), count(*) FILTER (resulted_minutes IS NULL OR resulted_minutes > prediction_minutes)
        FROM ({values_of(cohort_recipe("mds_ed"), Role.INPUT)}) JOIN kept USING (row) WHERE feature LIKE '%_mean'"""
    ).fetchall()[0]
    assert ours == (2435, 840)


def test_cardiolabs_nearest_labs_vital_signs_and_body_measures_are_equal(cardiolab, sources):
    items = {lab.name: lab.item_ids for lab in lab_panel()}
    targets = long(cardiolab, "cardiolab", Role.TARGET)
    assert_same(
        as_dict(targets, "study_id", "feature"),
        as_dict(relatives.cardiolab_labs(sources, items), "study_id", "feature"),
    )
    inputs = long(cardiolab, "cardiolab", Role.INPUT)
    inputs = inputs[~inputs["feature"].isin(["age", "sex_male"])]
    theirs = pd.concat([relatives.cardiolab_vitals(sources), relatives.body_measures(sources)])
    assert_same(as_dict(inputs, "study_id", "feature"), as_dict(theirs, "study_id", "feature"))


def test_cardiolabs_labels_go_by_the_median_of_the_printed_limits(cardiolab, sources, tmp_path):
    targets = tmp_path / "targets.parquet"
    query = values_of(cohort_recipe("cardiolab"), Role.TARGET)
    cardiolab.execute(f"COPY ({query}) TO '{targets}' (FORMAT parquet)")
    labels.stage_tracing(cardiolab)
    ours = cardiolab.execute(labels.all_label_columns(cardiolab, cohort_recipe("cardiolab"), str(targets))).df()
    ours = ours.set_index(ours["row"].map(joining.studies(cardiolab)))
    items = {lab.name: lab.item_ids for lab in lab_panel()}
    with_ecg = sources.labevents[sources.labevents["subject_id"].isin(sources.ecgs["subject_id"])]
    limits = relatives.median_limits(with_ecg, items)
    theirs = relatives.cardiolab_labels(relatives.cardiolab_labs(sources, items), limits).set_index("study_id")
    for lab in lab_panel():
        for side in lab.directions:
            mine = ours[f"{lab.name}_{side}"].dropna().astype(float).to_dict()
            assert mine == theirs.loc[theirs["feature"] == lab.name, side].to_dict(), (lab.name, side)
