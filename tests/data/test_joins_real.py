"""Every join, window, value and label on the real demo tables, equal to an independent account in pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgkt.catalogue import cohort_recipe, icd10_of, lab_labels, visit_labels
from ecgkt.data.joins import labels
from ecgkt.data.joins.windows import values_of
from ecgkt.domain.features import Role
from tests.data import joining
from tests.data import reference_joins as reference

VALUES = ["value", "drawn_minutes", "resulted_minutes", "low", "high"]


@pytest.fixture(scope="module")
def joined(real_data: Path, ecgs: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory):
    with joining.joined(real_data, ecgs, tmp_path_factory.mktemp("listed"), "ours") as connection:
        yield connection


def test_each_ecg_falls_into_the_same_stays(joined, sources):
    ours = joined.execute("SELECT study_id, stay_id, hadm_id FROM ecgs").df().set_index("study_id").astype("Int64")
    theirs = reference.stays(sources).set_index("study_id")[["stay_id", "hadm_id"]].astype("Int64")
    assert len(ours) == 659
    assert ours["stay_id"].notna().sum() == 136
    assert ours["hadm_id"].notna().sum() == 469
    pd.testing.assert_frame_equal(ours.sort_index(), theirs.sort_index())


def test_every_laboratory_row_ends_in_the_same_bin(joined, sources):
    mine = "SELECT feature, rejection, haemolysis, count(*) AS rows, count(*) FILTER (sign <> '') AS bounds"
    ours = joined.execute(f"{mine} FROM lab_rows GROUP BY ALL").df()
    ours["rejection"] = ours["rejection"].replace("", "usable")
    with_ecg = sources.labevents[sources.labevents["subject_id"].isin(sources.ecgs["subject_id"])]
    rows = reference.lab_rows(with_ecg).rename(columns={"bin": "rejection", "grade": "haemolysis"})
    theirs = rows.groupby(["feature", "rejection", "haemolysis"], as_index=False).agg(
        rows=("value", "size"), bounds=("censored", lambda c: int((c != "").sum()))
    )
    key = ["feature", "rejection", "haemolysis"]
    pd.testing.assert_frame_equal(
        ours.set_index(key).sort_index().astype(int), theirs.set_index(key).sort_index().astype(int)
    )
    assert len(rows) == ours["rows"].sum() > 40_000


def test_vital_signs_and_body_mass_are_read_alike(joined, sources):
    query = "SELECT feature, CASE rejection WHEN '' THEN 'usable' ELSE rejection END, count(*) FROM other_rows"
    ours = {(name, why): rows for name, why, rows in joined.execute(f"{query} GROUP BY ALL").fetchall()}
    others = reference.other_rows(sources)
    others = others[others["subject_id"].isin(sources.ecgs["subject_id"]) & (others["bin"] != "no number")]
    assert ours == others.groupby(["feature", "bin"]).size().to_dict()


@pytest.mark.parametrize("role", list(Role))
def test_each_role_holds_the_same_values_at_the_same_times(joined, sources, role):
    ours = joined.execute(values_of(cohort_recipe(), role)).df()
    ours["study_id"] = ours["row"].map(joining.studies(joined))
    theirs = reference.role_values(sources, reference.measurement_rows(sources), str(role))
    order = ["study_id", "feature", "drawn_minutes", "resulted_minutes", "value"]
    ours, theirs = (table.sort_values(order, ignore_index=True) for table in (ours, theirs))
    counts = [table.groupby("feature")["study_id"].nunique().to_dict() for table in (ours, theirs)]
    assert counts[0] == counts[1]
    for column in ("study_id", "feature", "censored"):
        assert ours[column].tolist() == theirs[column].tolist(), column
    for column in VALUES:
        np.testing.assert_allclose(ours[column].astype(float), theirs[column].astype(float), rtol=0, atol=1e-6)


def test_labels_by_values_and_by_codes_are_the_same(joined, sources, tmp_path):
    targets = tmp_path / "targets.parquet"
    joined.execute(f"COPY ({values_of(cohort_recipe(), Role.TARGET)}) TO '{targets}' (FORMAT parquet)")
    labels.stage_tracing(joined)
    ours = joined.execute(labels.all_label_columns(joined, cohort_recipe(), str(targets))).df()
    ours = ours.set_index(ours["row"].map(joining.studies(joined))).sort_index()

    def mapped(code: str, version: int) -> tuple[str, ...]:
        return tuple(filter(None, [icd10_of(code, version)]))

    codes = reference.visit_codes(sources, mapped)
    values = reference.role_values(sources, reference.measurement_rows(sources), "target")
    for theirs, names in (
        (reference.visit_label_rows(codes), visit_labels().names),
        (reference.lab_label_rows(sources, values), lab_labels().names),
    ):
        theirs = theirs.sort_index()
        assert theirs.index.tolist() == ours.index.tolist()
        for name in names:
            np.testing.assert_array_equal(ours[name].to_numpy(float, na_value=np.nan), theirs[name].to_numpy(float))
    assert ours["i48_atrial_fibrillation"].sum() > 50
    assert ours["potassium_high"].notna().sum() == 248


def test_the_codes_of_a_visit_bring_their_ancestors(joined):
    codes = joined.execute(labels.expanded_codes()).df()
    assert codes["code"].str.len().between(3, 5).all()
    assert not codes.duplicated(["row", "code"]).any()
    longer = codes[codes["code"].str.len() > 3]
    parents = set(zip(codes["row"], codes["code"], strict=True))
    assert all((row, code[:-1]) in parents for row, code in zip(longer["row"], longer["code"], strict=True))
