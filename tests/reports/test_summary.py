"""A cohort in counts: they are those of its files, small ones of real patients are hidden, no row is in it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ecgkt.data.layout import Prepared
from ecgkt.domain import Domain
from ecgkt.errors import InvalidCohort
from ecgkt.reports.summary import (
    FEWEST,
    CohortSummary,
    hide_small,
    read_summary,
    share,
    summarise,
    told,
    write_summary,
)


@pytest.fixture(scope="module")
def summary(prepared: Path) -> CohortSummary:
    return summarise(prepared)


def test_the_counts_are_those_of_the_files(summary, prepared):
    records = pd.read_parquet(Prepared(prepared).records)
    labels = pd.read_parquet(Prepared(prepared).labels)
    for part, (ecgs, patients) in summary.parts.items():
        rows = records[records["part"] == part]
        assert (ecgs, patients) == (len(rows), rows["subject_id"].nunique())
        column = labels.loc[rows.index, "sinus_rhythm"]
        assert summary.labels["sinus_rhythm"][part] == (column.notna().sum(), column.sum())
        assert summary.groups["sex"]["men"][part] == (rows["sex_male"] == 1).sum()
    assert summary.listed == summary.kept + sum(summary.excluded.values())
    targets = pd.read_parquet(Prepared(prepared).folder / "targets.parquet")
    assert summary.values["target"]["potassium"] == targets.query("feature == 'potassium'")["row"].nunique()


def test_every_group_adds_up_to_its_part(summary):
    for groups in summary.groups.values():
        for part, (ecgs, _) in summary.parts.items():
            assert sum(counts.get(part, 0) for counts in groups.values()) == ecgs


def test_a_summary_is_read_as_it_was_written_and_holds_no_number_of_a_patient(summary, prepared, tmp_path):
    path = tmp_path / "cohort.json"
    write_summary(summary, path)
    assert read_summary(path) == summary
    records = pd.read_parquet(Prepared(prepared).records)
    numbers = {str(one) for name in ("subject_id", "study_id") for one in records[name]}
    text = path.read_text()
    assert not any(number in text for number in numbers)


def test_small_counts_of_real_patients_are_hidden_in_the_file_and_in_words(prepared, tmp_path):
    copy = tmp_path / "real"
    copy.mkdir()
    for path in prepared.iterdir():
        if path.suffix in (".parquet", ".csv"):
            shutil.copy(path, copy)
    told_of = json.loads((prepared / "manifest.json").read_text()) | {"simulated": False}
    (copy / "manifest.json").write_text(json.dumps(told_of))
    real = summarise(copy)
    assert real.domain is Domain.REAL
    counts = [count for parts in real.labels.values() for pair in parts.values() for count in pair]
    assert None in counts
    assert all(count is None or count == 0 or count >= FEWEST for count in counts)
    write_summary(real, tmp_path / "cohort.json")
    assert f'"<{FEWEST}"' in (tmp_path / "cohort.json").read_text()
    assert read_summary(tmp_path / "cohort.json") == real
    assert told(None) == "<10" and told(1234) == "1,234"
    assert share(None, 20) is None and share(5, 0) is None and share(5, 20) == 0.25


def test_hiding_keeps_what_is_of_the_whole_cohort(summary):
    hidden = hide_small(summary)
    assert (hidden.parts, hidden.listed, hidden.kept) == (summary.parts, summary.listed, summary.kept)


def test_a_total_with_a_hidden_part_is_hidden(summary):
    labels = {**summary.labels, "long_qt": {"train": (50, None), "tuning": (20, 12), "held_out": (20, 0)}}
    assert replace(summary, labels=labels).of_all("long_qt") == (90, None)


def test_a_file_that_is_none_or_of_other_labels_is_refused(summary, tmp_path):
    path = tmp_path / "cohort.json"
    path.write_text("[]")
    with pytest.raises(InvalidCohort, match="the summary of a cohort"):
        read_summary(path)
    write_summary(replace(summary, catalogue="x" * 12), path)
    with pytest.raises(InvalidCohort, match="this version's labels"):
        read_summary(path)


def test_parts_that_do_not_add_up_are_refused(summary):
    with pytest.raises(InvalidCohort, match="parts that add up"):
        replace(summary, parts={**summary.parts, "train": (0, 0)})


def test_the_bundled_summary_is_of_the_cohort_that_the_bundled_models_were_trained_on():
    from ecgkt import checkpoints

    bundled = read_summary(Path(__file__).resolve().parents[2] / "assets" / "cohort.json")
    card = checkpoints.read_card(checkpoints.bundled_folder() / "transferred")
    assert bundled.fingerprint == card.training["cohort"]
    assert bundled.parts["train"][0] == card.training["recordings"]
    assert bundled.domain is Domain.SIMULATED
