"""A page's address opens the same page again, and never holds an ECG that somebody brought along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import readers
from ecgkt.dashboard import compare, paper, samples, state
from ecgkt.readers.mimic_folder import MimicFolder

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("two_models")
FIBRILLATION = next(title for title in samples.titles() if title.startswith("Atrial fibrillation"))


def open_page(words: dict[str, str] | None = None, name: str = "case.py") -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / name), default_timeout=60)
    for key, word in (words or {}).items():
        page.query_params[key] = word
    page.run()
    assert not page.exception
    return page


def words_of(page: AppTest) -> dict[str, str]:
    return {key: word[0] if isinstance(word, list) else word for key, word in page.query_params.items()}


def rows(page: AppTest) -> list:
    return [button for button in page.button if str(button.key).startswith("row-")]


def shown(page: AppTest) -> str:
    """All that stands on the page, but for ids of widgets."""
    return "".join(part.proto.body for part in page.get("html")) + "".join(row.label for row in rows(page))


def test_what_was_chosen_on_the_case_page_opens_again_from_its_address():
    page = open_page()
    page.selectbox(state.SAMPLE).set_value(FIBRILLATION).run()
    page.selectbox(state.MODEL).set_value("another").run()
    page.selectbox(paper.LAYOUT).set_value("6x2")
    page.selectbox(paper.SPEED).set_value(12.5)
    page.selectbox(paper.GAIN).set_value(5.0)
    page.selectbox(paper.FILTER).set_value("0.5-40 Hz").run()
    rows(page)[2].click().run()
    words = words_of(page)
    assert words == {
        "case": "atrial-fibrillation-simulated",
        "model": "another",
        "target": rows(page)[2].key.removeprefix("row-"),
        "layout": "6x2",
        "speed": "12.5",
        "gain": "5",
        "filter": "0.5-40 Hz",
        "tool": "Sheet",
    }
    again = open_page(words)
    assert not again.warning
    assert words_of(again) == words
    assert shown(again) == shown(page)
    assert again.selectbox(state.SAMPLE).value == FIBRILLATION


@pytest.mark.parametrize("title", samples.titles())
def test_every_sample_has_a_stable_word_and_one_that_does_not_tell(title):
    for word in (samples.slug(title), samples.veiled_slug(title)):
        assert samples.named(word) == title
        assert open_page({"case": word}).session_state[state.CASE].title == title
    assert re.fullmatch("sample-[0-9a-f]{6}", samples.veiled_slug(title))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"case": "a-strange-sample"}, "the case `a-strange-sample`, which is no sample"),
        ({"case": "40000001"}, "study 40000001 of a MIMIC-IV-ECG folder, and the app was opened without one"),
        ({"model": "gpt"}, "the model `gpt`, which is not here; model chosen instead: transferred"),
        ({"target": "happiness"}, "the target `happiness`, which this model does not have"),
        ({"layout": "9x9"}, "the layout `9x9`, which is not here; layout chosen instead: 3x4 + II"),
        ({"gain": "<b>`"}, "`<b>`, which is not here"),
    ],
)
def test_what_this_machine_lacks_is_one_sentence_and_the_rest_opens(words, told):
    page = open_page({"speed": "50", **words})
    (warning,) = page.warning
    assert told in warning.value
    assert page.selectbox(paper.SPEED).value == 50.0
    assert rows(page)
    assert page.session_state[state.CASE].title == samples.titles()[0]
    page.selectbox(paper.GAIN).set_value(20.0)
    page.run()
    assert not page.warning


def test_an_upload_never_stands_in_the_address_and_takes_the_case_out_of_it(cohort):
    page = open_page({"case": samples.slug(FIBRILLATION)})
    header = readers.find_records(cohort)[3]
    files = [header, header.with_suffix(".dat")]
    page.file_uploader[0].set_value([(one.name, one.read_bytes(), "application/octet-stream") for one in files])
    page.run()
    assert page.session_state[state.CASE].title == "Uploaded ECG"
    words = words_of(page)
    assert "case" not in words
    assert header.stem not in str(words)
    page.selectbox(paper.LAYOUT).set_value("12x1").run()
    assert page.session_state[state.CASE].title == "Uploaded ECG"
    assert "case" not in words_of(page)


def test_what_physionet_gave_never_stands_in_the_address(monkeypatch):
    from ecgkt.readers import physionet

    record = samples.load(samples.REAL).record
    monkeypatch.setattr(physionet, "fetch_record", lambda database, name: record)
    page = open_page({"case": samples.slug(FIBRILLATION)})
    page.button(state.PHYSIONET).click().run()
    assert page.session_state[state.CASE].title.startswith("PhysioNet")
    assert "case" not in words_of(page)


def test_a_study_of_the_folder_is_linked_by_its_number_and_its_samples(cohort, monkeypatch):
    monkeypatch.setenv("ECGKT_RECORDS", str(cohort))
    study = MimicFolder.open(cohort).studies()[2].study_id
    page = open_page()
    page.selectbox(state.STUDY).set_value(study).run()
    words = words_of(page)
    number, _, digits = words["case"].partition("-")
    assert (number, len(digits)) == (str(study), 6)
    assert open_page(words).session_state[state.CASE].title == f"Study {study}"
    assert open_page({"case": str(study)}).session_state[state.CASE].title == f"Study {study}"
    other = open_page({"case": f"{study}-{'0' * 6}"})
    (warning,) = other.warning
    assert f"study {study} is another ECG than the one of that number in this folder" in warning.value
    assert other.session_state[state.CASE].title == samples.titles()[0]
    (warning,) = open_page({"case": "1"}).warning
    assert warning.value.startswith("The link opens study 1, which this folder does not give.")


def test_an_older_address_is_gone_back_to_and_a_newer_choice_goes_before_it():
    page = open_page()
    page.selectbox(paper.LAYOUT).set_value("6x2").run()
    before = words_of(page)
    page.selectbox(state.SAMPLE).set_value(FIBRILLATION).run()
    page.selectbox(paper.LAYOUT).set_value("12x1").run()
    for key, word in before.items():
        page.query_params[key] = word
    page.run()
    assert page.session_state[state.CASE].title == samples.titles()[0]
    assert page.selectbox(state.SAMPLE).value == samples.titles()[0]
    assert page.selectbox(paper.LAYOUT).value == "6x2"
    assert words_of(page) == before
    page.selectbox(paper.LAYOUT).set_value("Cabrera 6x2")
    page.query_params["layout"] = "12x1"
    page.run()
    assert page.selectbox(paper.LAYOUT).value == "Cabrera 6x2"
    assert words_of(page)["layout"] == "Cabrera 6x2"


def test_the_case_stands_in_the_address_of_compare_and_opens_there():
    page = open_page({"case": samples.slug(FIBRILLATION), "compared": "another"}, "compare.py")
    assert page.session_state[state.CASE].title == FIBRILLATION
    assert words_of(page)["case"] == samples.slug(FIBRILLATION)
    assert page.multiselect(compare.MODELS).value == ["another"]
    page = open_page({"compared": "no such model"}, "compare.py")
    (warning,) = page.warning
    assert "the model `no such model`, which is not here" in warning.value


def test_from_case_to_compare_and_back_keeps_all(tmp_path):
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    page.selectbox(state.SAMPLE).set_value(FIBRILLATION).run()
    page.selectbox(paper.LAYOUT).set_value("6x2").run()
    page.selectbox(state.MODEL).set_value("another").run()
    page.query_params.clear()
    page.switch_page("pages/compare.py").run()
    assert not page.exception
    assert FIBRILLATION in shown(page)
    assert page.selectbox(state.SAMPLE).value == FIBRILLATION, "the list names the open sample on every page"
    page.query_params.clear()
    page.switch_page("pages/case.py").run()
    assert page.selectbox(state.SAMPLE).value == FIBRILLATION
    assert page.session_state[state.CASE].title == FIBRILLATION
    assert page.selectbox(paper.LAYOUT).value == "6x2"
    assert page.selectbox(state.MODEL).value == "another"
    assert words_of(page)["layout"] == "6x2"
