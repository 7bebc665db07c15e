"""The Compare page over a cohort made by construction: which arm is better, and where, is known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import NOTICE
from ecgkt.dashboard import compare, compare_cohort, compare_sections, mean_maps, state
from ecgkt.domain import Domain, Estimate
from ecgkt.explain.cohort_maps import CohortMaps, TargetMaps, write_maps
from tests.pages.words import text_of

ROOT = Path(__file__).resolve().parents[2]
MAPS = "What they look at"
SECTIONS = tuple(section for section in compare_cohort.SECTIONS if section != MAPS)


@pytest.fixture(autouse=True)
def results(untrained_app: None, stored_results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECGKT_PREDICTIONS", str(stored_results))


def open_page(section: str = "Labels") -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / "compare.py"), default_timeout=120)
    page.session_state[compare.VIEW] = compare.VIEWS[1]
    page.session_state[compare_cohort.SECTION] = section
    page.run()
    assert not page.exception
    return page


def presses(page: AppTest) -> list:
    return [button for button in page.button if str(button.key).startswith("compare_press")]


def test_the_better_arm_stands_first_and_its_gain_is_told_with_what_was_helped():
    page = open_page()
    told = text_of(page)
    assert page.selectbox(compare_cohort.FIRST).value == "transferred"
    assert page.selectbox(compare_cohort.SECOND).value == "baseline"
    assert "SIMULATED patients" in told and "cccccccccccc" in told and NOTICE in told
    assert "Harmed (q below 0.05): 0." in told
    assert "helped</td>" in told


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_and_offers_what_it_shows(section):
    page = open_page(section)
    assert not page.error
    labels = [button.proto.label for button in page.get("download_button")]
    wanted = {"Where they disagree": [], "Methods": ["Methods paragraph"]}
    if section in wanted:
        assert labels == wanted[section]
    else:
        assert labels[0] == "Table as CSV"
        assert any(label.startswith("Figure as SVG") for label in labels)


def test_the_gap_is_undefined_where_an_arm_is_missing(stored_results, tmp_path, monkeypatch):
    (tmp_path / "predictions").mkdir()
    for path in (stored_results / "predictions").iterdir():
        if not path.name.startswith("multimodal"):
            (tmp_path / "predictions" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("ECGKT_PREDICTIONS", str(tmp_path))
    told = text_of(open_page("Gap closed"))
    assert "Undefined" in told and "multimodal are missing" in told


def test_without_stored_predictions_one_sentence_says_what_to_do(monkeypatch, tmp_path):
    from ecgkt.dashboard import loading

    monkeypatch.delenv("ECGKT_PREDICTIONS")
    if loading.predictions_folder() is None:
        assert "python -m ecgkt evaluate" in text_of(open_page())
    monkeypatch.setenv("ECGKT_PREDICTIONS", str(tmp_path))
    (error,) = open_page().error
    assert error.value.startswith("Wanted a folder of stored predictions")


def test_one_arm_is_not_compared_with_itself():
    page = open_page()
    page.selectbox(compare_cohort.SECOND).set_value("transferred").run()
    assert "two different models" in text_of(page)


def test_a_disagreement_opens_where_the_folder_is_the_cohorts(cohort, monkeypatch):
    page = open_page("Where they disagree")
    assert not presses(page)
    assert "--records" in text_of(page)
    monkeypatch.setenv("ECGKT_RECORDS", str(cohort))
    page = open_page("Where they disagree")
    press = presses(page)[0]
    number = press.key.rpartition("_")[2]
    from ecgkt.dashboard import compare_disagreements

    monkeypatch.setattr(compare_disagreements, "CASE_PAGE", str(ROOT / "pages" / "compare.py"))
    press.click().run()
    case = page.session_state[state.CASE]
    assert case.title == f"Study {number}"
    assert case.device


def test_no_disagreement_opens_from_a_folder_that_lists_one_ecg_otherwise(cohort, tmp_path, monkeypatch):
    """Simulated cohorts of other seeds share numbers: what they hold under them is another patient's ECG."""
    listed = pd.read_csv(cohort / "record_list.csv")
    listed.loc[0, "subject_id"] += 1
    listed.to_csv(tmp_path / "record_list.csv", index=False)
    monkeypatch.setenv("ECGKT_RECORDS", str(tmp_path))
    page = open_page("Where they disagree")
    assert not presses(page)
    assert "other ECGs than this cohort's" in text_of(page)


def test_the_choice_of_family_holds_through_other_sections():
    page = open_page()
    page.segmented_control(compare_sections.FAMILY).set_value("lab").run()
    page.segmented_control(compare_cohort.SECTION).set_value("Methods").run()
    page.segmented_control(compare_cohort.SECTION).set_value("Labels").run()
    assert page.segmented_control(compare_sections.FAMILY).value == "lab"


def test_the_address_holds_the_choice_and_opens_it_again():
    page = open_page()
    page.selectbox(compare_cohort.FIRST).set_value("multimodal").run()
    page.segmented_control(compare_sections.FAMILY).set_value("visit").run()
    address = dict(page.query_params)
    assert (address["first"], address["family"]) == ("multimodal", "visit")
    again = AppTest.from_file(str(ROOT / "pages" / "compare.py"), default_timeout=120)
    for key, value in {**address, "second": "no such arm"}.items():
        again.query_params[key] = value
    again.run()
    assert not again.exception
    assert again.selectbox(compare_cohort.FIRST).value == "multimodal"
    assert again.selectbox(compare_cohort.SECOND).value == "baseline"
    assert again.segmented_control(compare_sections.FAMILY).value == "visit"


def test_predictions_of_another_cohort_are_refused_in_one_sentence(stored_results, tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    (tmp_path / "predictions").mkdir()
    for path in (stored_results / "predictions").iterdir():
        table = pq.read_table(path)
        if path.name.startswith("baseline"):
            table = table.set_column(0, "record_id", pa.array(table["record_id"].to_numpy() + 1))
        pq.write_table(table, tmp_path / "predictions" / path.name)
    monkeypatch.setenv("ECGKT_PREDICTIONS", str(tmp_path))
    (error,) = open_page().error
    assert "baseline with other rows" in error.value


def test_mean_maps_are_shown_for_a_target_with_both_arms_and_their_difference(tmp_path, monkeypatch):
    monkeypatch.setattr(mean_maps, "BUNDLED", tmp_path / "mean_maps.npz")
    assert "python -m ecgkt mean-maps" in text_of(open_page(MAPS))
    write_maps(made_up(), tmp_path / "mean_maps.npz")
    page = open_page(MAPS)
    told = text_of(page)
    assert told.count("<figure>") == 3
    assert "On 25 held-out SIMULATED patients with Long QT the arms differ most on the T wave" in told
    assert "transferred 40% (35 to 45) and baseline 20% (15 to 25) of the map" in told
    assert "+20.0 (+15.0 to +25.0)" in told and "(\N{MINUS SIGN}5.0 to +5.0) ?" in told
    assert "one per patient" in told and "Another cohort" in told
    labels = [button.proto.label for button in page.get("download_button")]
    assert labels == ["Table as CSV", *(f"Figure as SVG: {name}" for name in ("transferred", "baseline", "difference"))]
    assert page.query_params["mean_map"] in ("long_qt", ["long_qt"])


def test_a_damaged_file_of_mean_maps_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(mean_maps, "BUNDLED", tmp_path / "mean_maps.npz")
    (tmp_path / "mean_maps.npz").write_bytes(b"no maps")
    (warning,) = open_page(MAPS).warning
    assert "write them again" in warning.value


def made_up() -> CohortMaps:
    """One target on which the first arm puts twice as much on the T wave."""

    def around(value: float) -> Estimate:
        return Estimate(value, value - 0.05, value + 0.05, 25, 25, "patient")

    values = {"transferred": (0.4, 0.1), "baseline": (0.2, 0.1), "difference": (0.2, 0.0)}
    shares = {arm: {"T wave": around(t), "P wave": around(p)} for arm, (t, p) in values.items()}
    arms = {"transferred": "t" * 12, "baseline": "b" * 12}
    one = TargetMaps(
        target="long_qt",
        patients=25,
        beat=np.zeros((12, 200), np.float32),
        maps=np.ones((2, 12, 100), np.float32),
        clear=np.zeros((12, 100), bool),
        regions=shares,
        leads={},
        signed={},
        chance={"P wave": 0.1, "T wave": 0.2},
        size={"P wave": 0.05, "T wave": 0.25},
        residuals=dict.fromkeys(arms, 0.01),
    )
    told = ("integrated gradients", "held-out ECGs, one per patient", "python -m ecgkt mean-maps")
    return CohortMaps(arms, Domain.SIMULATED, "another", *told, 100.0, 25, {"long_qt": one}, {})
