from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgkt import readers
from ecgkt.catalogue import all_labels
from ecgkt.data.layout import Prepared
from ecgkt.data.studies import read_manifest, read_study, read_values
from ecgkt.domain import Domain
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidCohort
from ecgkt.signals.preprocessing import Preprocessing


@pytest.fixture
def copy(prepared: Path, tmp_path: Path) -> Prepared:
    shutil.copytree(prepared, tmp_path / "p")
    return Prepared(tmp_path / "p")


def test_a_simulated_cohort_is_read_whole_and_called_simulated(study, cohort):
    listed = len(pd.read_csv(cohort / "record_list.csv"))
    assert study.cohort.domain is Domain.SIMULATED
    assert len(study.cohort) + sum(study.cohort.excluded.values()) == listed
    assert study.labels.labels == all_labels()
    assert study.signals.shape == (len(study.cohort), 12, 1000)
    assert np.isfinite(study.signals).all()


def test_training_sees_what_the_app_sees(study, cohort):
    listing = pd.read_csv(cohort / "record_list.csv").set_index("study_id")
    for row in (0, 7):
        path = cohort / f"{listing.loc[study.cohort.record_ids[row], 'path']}.hea"
        np.testing.assert_array_equal(study.signals[row], study.preprocessing.apply(readers.read_record(path)))


def test_no_subject_is_in_two_parts_of_a_study(study):
    parts = [set(study.cohort.subject_ids[study.rows(part)].tolist()) for part in ("train", "tuning", "held_out")]
    assert sum(map(len, parts)) == len(set().union(*parts)) == len(set(study.cohort.subject_ids.tolist()))


def test_signals_are_mapped_and_not_made_again(study, prepared):
    def watch(done: int, total: int) -> None:
        pytest.fail("preprocessed again")

    again = read_study(prepared, Preprocessing(), progress=watch)
    assert isinstance(again.signals, np.memmap)
    np.testing.assert_array_equal(again.signals[:5], study.signals[:5])
    assert again.cohort.excluded == study.cohort.excluded


def test_the_lab_labels_agree_with_the_values_beside_them(study):
    values = dict(zip(study.partners.names, study.partners.values.T, strict=True))
    for name, lab, above in (("glucose_high", "glucose", 180), ("haemoglobin_low", "haemoglobin", None)):
        label, value = study.labels.column(name), values[lab]
        known = ~np.isnan(label)
        assert known.sum() > 5
        if above is not None:
            np.testing.assert_array_equal(label[known] == 1, value[known] > above)
        assert np.isnan(value[~known]).all()


def test_of_what_may_be_revealed_the_value_nearest_the_ecg_is_read(prepared):
    told = read_manifest(Prepared(prepared))
    near, revealed = (read_values(Prepared(prepared), role, told) for role in (Role.TARGET, Role.REVEAL))
    both = ~np.isnan(near.values) & ~np.isnan(revealed.values)
    assert both.sum() > 100
    assert (near.values[both] == revealed.values[both]).mean() > 0.99
    assert (~np.isnan(revealed.values)).sum() > (~np.isnan(near.values)).sum()


def test_a_folder_that_was_not_prepared_is_told_what_to_do(cohort):
    with pytest.raises(InvalidCohort, match="python -m ecgkt prepare"):
        read_study(cohort, Preprocessing())


def test_a_cohort_with_the_labels_of_another_version_is_refused(copy):
    told = json.loads(copy.manifest.read_text())
    told["key"]["labels"] = "another"
    copy.manifest.write_text(json.dumps(told))
    with pytest.raises(InvalidCohort, match="labels"):
        read_study(copy.folder, Preprocessing())


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda rows: pd.concat([rows, *(rows.head(1).assign(part=part) for part in ("held_out", "train"))]), "both"),
        (lambda rows: rows.assign(part="testing"), "the part testing"),
        (lambda rows: rows.iloc[3:], "patients in no part"),
    ],
)
def test_a_split_that_is_none_is_refused(copy, spoil, told):
    spoil(pd.read_csv(copy.splits)).to_csv(copy.splits, index=False)
    with pytest.raises(Exception, match=told):
        read_study(copy.folder, Preprocessing())
