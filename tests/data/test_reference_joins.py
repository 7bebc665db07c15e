from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecgkt.catalogue import lab
from tests.data import reference_joins as reference


@pytest.fixture(scope="module")
def sources(real_data):
    ecgs = pd.read_csv(real_data / "mimic-iv-ecg-measurements" / "demo_patients_659.csv")
    return reference.read_sources(real_data / "mimic-iv-demo-2.2" / "hosp", real_data / "mimic-iv-ed-demo-2.2", ecgs)


@pytest.fixture(scope="module")
def labs(sources):
    return reference.lab_rows(sources.labevents)


@pytest.fixture(scope="module")
def rows(sources):
    return reference.measurement_rows(sources)


def within_90_minutes(sources, rows):
    both = sources.ecgs.merge(rows, on="subject_id")
    for clock in ("drawn", "resulted"):
        both[f"{clock}_minutes"] = (both[clock] - both["ecg_time"]) / pd.Timedelta(minutes=1)
    both = both[both["drawn_minutes"].abs() <= 90]
    return reference.nearest_first(both.assign(clock_minutes=both["drawn_minutes"])).drop_duplicates("study_id")


def test_serum_potassium_near_the_real_ecgs_is_as_known(sources, labs):
    near = within_90_minutes(sources, labs[labs["itemid"] == 50971])
    assert len(sources.ecgs) == 659
    assert len(near) == 242
    assert (near["drawn_minutes"] <= 0).sum() == 111
    assert (near["drawn_minutes"] < 0).sum() == 105
    assert (near["resulted_minutes"] <= 0).sum() == 19


def test_haemolysis_costs_eleven_ecgs_their_potassium_and_whole_blood_gives_seventeen(sources, labs, rows):
    usable = labs[(labs["itemid"] == 50971) & (labs["bin"] == "usable")]
    assert len(within_90_minutes(sources, usable)) == 231
    target = reference.role_values(sources, rows, "target")
    assert (target["feature"] == "potassium").sum() == 248


def test_potassium_comments_speak_of_haemolysis_in_66_rows_and_deny_it_in_three(labs):
    serum = labs[labs["itemid"] == 50971]
    assert len(serum) == 3022
    assert serum["comments"].fillna("").str.contains("hemoly", case=False).sum() == 66
    assert (serum["bin"] == "haemolysed").sum() == 63


def test_troponin_without_a_number_is_censored_and_kept(labs):
    troponin = labs[labs["itemid"] == 51003]
    assert (len(troponin), troponin["valuenum"].isna().sum()) == (278, 145)
    assert (troponin["censored"] == "<").sum() == 145
    assert (troponin["bin"] == "usable").all()
    assert set(troponin.loc[troponin["censored"] == "<", "value"]) == {0.01}


def test_every_catalogued_row_ends_in_one_bin(labs):
    assert len(labs) == 46_067
    assert labs["bin"].value_counts().to_dict() == {"usable": 45_938, "haemolysed": 81, "no number": 48}


def test_ecgs_meet_their_stays_as_known(sources):
    found = reference.stays(sources)
    assert found["stay_id"].notna().sum() == 136
    assert found["hadm_id"].notna().sum() == 469
    assert (found["stay_id"].notna() & found["hadm_id"].notna()).sum() == 114
    pd.testing.assert_series_equal(found["hadm_id"], found["hadm_by_time"], check_names=False)


def test_an_input_was_known_before_the_ecg(sources, rows):
    values = reference.role_values(sources, rows, "input")
    assert (values["resulted_minutes"] <= 0).all()
    assert (values["drawn_minutes"] <= values["resulted_minutes"]).mean() > 0.99


@pytest.mark.parametrize(
    ("text", "bound", "side"),
    [
        ("<0.01.  cTropnT > 0.10 ng/mL suggests Acute MI.", 0.01, "<"),
        ("<0.02*.", 0.02, "<"),
        ("GREATER THAN 500.  VERIFIED.", 500.0, ">"),
        ("less than =3", 3.0, "<"),
        ("cTropnT > 0.10 ng/mL", np.nan, ""),
        ("___", np.nan, ""),
    ],
)
def test_bounds_are_read_from_the_beginning_of_a_comment(text, bound, side):
    np.testing.assert_equal(reference.parse_bound(text), (bound, side))


@pytest.mark.parametrize(
    ("comment", "grade"),
    [
        ("SLIGHTLY HEMOLYZED SPECIMEN.", "slight"),
        ("Grossly hemolyzed.", "gross"),
        ("MODERATELY HEMOLYZED", "moderate"),
        ("Hemolysis falsely elevates this test.", "unspecified"),
        ("QNS TO VERIFY.  QNS TO VERIFY HEMOLYSIS.", "unspecified"),
        ("VERIFIED.  NO HEMOLYSIS PRESENT.", ""),
        ("NON-HEMOLYZED SPECIMEN.", ""),
        ("NO HEMOLYSIS SEEN AT FIRST.  HEMOLYZED ON REPEAT.", "unspecified"),
        (np.nan, ""),
    ],
)
def test_haemolysis_counts_unless_it_is_only_denied(comment, grade):
    assert reference.haemolysis_grade(comment) == grade


@pytest.mark.parametrize(
    ("value", "censored", "low", "high"),
    [
        (3.0, "", 1, 0),
        (6.0, "", 0, 1),
        (3.3, "<", 1, 0),
        (4.0, "<", np.nan, 0),
        (5.2, "<", np.nan, np.nan),
        (5.1, ">", 0, 1),
        (4.0, ">", 0, np.nan),
        (3.0, ">", np.nan, np.nan),
    ],
)
def test_a_bound_says_only_what_it_must(value, censored, low, high):
    row = pd.Series({"value": value, "censored": censored, "low": 3.3, "high": 5.1})
    potassium = lab("potassium")
    np.testing.assert_equal(reference._abnormal(row, potassium, "low"), low)
    np.testing.assert_equal(reference._abnormal(row, potassium, "high"), high)


def test_no_printed_limit_is_no_label():
    row = pd.Series({"value": 9.9, "censored": "", "low": np.nan, "high": np.nan})
    assert np.isnan(reference._abnormal(row, lab("potassium"), "high"))
