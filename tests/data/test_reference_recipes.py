from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecgkt.catalogue import lab_panel
from tests.data import reference_joins, reference_recipes


@pytest.fixture(scope="module")
def hosp(real_data):
    return real_data / "mimic-iv-demo-2.2" / "hosp"


@pytest.fixture(scope="module")
def sources(real_data, hosp):
    ecgs = pd.read_csv(real_data / "mimic-iv-ecg-measurements" / "demo_patients_659.csv")
    return reference_joins.read_sources(hosp, real_data / "mimic-iv-ed-demo-2.2", ecgs)


def test_nine_statistics_by_hand():
    found = reference_recipes.nine_statistics(np.array([2.0, 4.0, 3.0]), np.array([0.0, 10.0, 20.0]))
    assert found == pytest.approx(
        {
            "mean": 3.0,
            "median": 3.0,
            "min": 2.0,
            "max": 4.0,
            "sd": np.sqrt(2 / 3),
            "first": 2.0,
            "last": 3.0,
            "change": 0.5,
            "slope": 0.05,
        }
    )
    assert tuple(found) == reference_recipes.STATISTICS


def test_the_slope_is_that_of_least_squares():
    rng = np.random.default_rng(3)
    values, minutes = rng.normal(5, 1, 7), np.sort(rng.uniform(0, 90, 7))
    slope = reference_recipes.nine_statistics(values, minutes)["slope"]
    assert slope == pytest.approx(np.polyfit(minutes, values, 1)[0])


def test_one_value_has_no_spread_and_no_slope_and_a_first_value_of_zero_no_change():
    one = reference_recipes.nine_statistics(np.array([4.1]), np.array([12.0]))
    assert (one["sd"], one["slope"], one["change"]) == (0, 0, 0)
    assert np.isnan(reference_recipes.nine_statistics(np.array([0.0, 1.0]), np.array([0.0, 5.0]))["change"])


def test_a_hundred_real_ecgs_lie_within_90_minutes_of_an_arrival(sources):
    stays = reference_recipes.mds_ed_stays(sources)
    assert (len(stays), stays["stay_id"].nunique(), stays["subject_id"].nunique()) == (100, 91, 44)
    inside = reference_joins.stays(sources).set_index("study_id")["stay_id"]
    assert (inside[stays["study_id"]].to_numpy() == stays["stay_id"].to_numpy()).all()


def test_mds_ed_features_of_the_real_ecgs(sources, hosp):
    features = reference_recipes.mds_ed_features(sources, reference_recipes.read_items(hosp))
    wide = features.pivot(index=["study_id", "feature"], columns="statistic", values="value").reset_index()
    counts = wide["feature"].value_counts()
    assert {name: counts[name] for name in ("Potassium", "Troponin T", "Lactate", "heart_rate", "temperature")} == {
        "Potassium": 71,
        "Troponin T": 17,
        "Lactate": 43,
        "heart_rate": 84,
        "temperature": 63,
    }
    assert wide.loc[wide["feature"] == "Potassium", "mean"].sum() == pytest.approx(326.3)
    assert ((wide["min"] <= wide["median"]) & (wide["median"] <= wide["max"])).all()
    single = features.loc[features["n"] == 1].pivot(index=["study_id", "feature"], columns="statistic", values="value")
    assert (single["first"] == single["last"]).all()
    assert (single[["sd", "slope"]] == 0).all(axis=None)


def test_the_order_of_the_file_is_not_that_of_time(sources, hosp):
    items = reference_recipes.read_items(hosp)
    by_time = reference_recipes.mds_ed_features(sources, items)
    by_file = reference_recipes.mds_ed_features(sources, items, ("place",))
    changed = by_time.loc[(by_time["value"] - by_file["value"]).abs() > 1e-12, "statistic"].value_counts()
    assert changed.to_dict() == {"change": 175, "first": 157, "last": 141}


def test_cardiolab_takes_200_potassium_values_within_an_hour(sources):
    item_ids = {entry.name: entry.item_ids for entry in lab_panel()}
    labs = reference_recipes.cardiolab_labs(sources, item_ids)
    assert labs["drawn_minutes"].abs().max() <= 60
    limits = reference_recipes.median_limits(sources.labevents, item_ids)
    labels = reference_recipes.cardiolab_labels(labs, limits).groupby("feature")[["low", "high"]].agg(["size", "sum"])
    assert labels.loc["potassium"].tolist() == [200, 7, 200, 37]
    assert labels.loc["nt_probnp"].tolist() == [22, 0, 22, 19]
    vitals = reference_recipes.cardiolab_vitals(sources)["feature"].value_counts()
    assert (vitals["heart_rate"], vitals["temperature"]) == (94, 64)


def test_body_measures_within_thirty_days(sources):
    counts = reference_recipes.body_measures(sources)["feature"].value_counts()
    assert counts.to_dict() == {"weight": 376, "bmi": 342, "height": 265}
    assert len(reference_recipes.acuity(sources)) == 93
