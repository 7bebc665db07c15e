from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.beside_mds_ed import compare
from ecgkt.data.prepare import prepare
from ecgkt.data.studies import read_manifest, read_values
from ecgkt.domain.features import Role


def test_a_published_table_is_held_against_ours_feature_by_feature(cohort: Path, tmp_path: Path) -> None:
    """Our own values written as the published file has them, but for one feature that is spoilt."""
    ours = prepare([cohort], tmp_path / "p", "mds_ed")
    values = read_values(ours, Role.INPUT, read_manifest(ours))
    records = pd.read_parquet(ours.records)
    column = {name: values.values[:, values.names.index(name)] for name in ("potassium_mean", "potassium_sd", "age")}
    general = {
        "general_study_id": records["study_id"], "general_subject_id": records["subject_id"],
        "general_ecg_time": records["ecg_time"].dt.strftime("%Y-%m-%d %H:%M:%S"), "general_ed_stay_id": 1.0,
        "general_ecg_no_within_stay": 0, "general_strat_fold": 3,
    }  # fmt: skip
    rest = {"diagnoses_i50": 1, "deterioration_icu_24h": 1.0}
    published = pd.DataFrame(
        {
            **general,
            "demographics_age": column["age"],
            "labvalues_potassium_mean": column["potassium_mean"],
            "labvalues_potassium_std": np.where(np.isnan(column["potassium_sd"]), np.nan, 5.0),
            **rest,
        }
    ).iloc[1:]
    published.to_csv(tmp_path / "mds_ed.csv", index=False)
    found = compare(ours.folder, tmp_path / "mds_ed.csv").set_index("feature")
    measured = int((~np.isnan(column["potassium_mean"][1:])).sum())
    assert measured > 5
    assert found.loc["potassium_mean"].tolist() == [measured, 0, 0, 1.0]
    assert found.loc["age"].tolist() == [len(records) - 1, 0, 0, 1.0]
    assert found.loc["potassium_sd", "both"] == measured
    assert found.loc["potassium_sd", "equal"] == 0
