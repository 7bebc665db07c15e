"""Save: which files are offered when, and what is made of what was on the screen."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import NOTICE, checkpoints
from ecgkt.dashboard import exports, reveal, samples, saving, state
from ecgkt.exports.reading import Drawing
from ecgkt.figures.paper import LAYOUTS, Scale
from ecgkt.inference import Predictor

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("two_models")
ECG_ALONE = ["Report (PDF, true scale)", "ECG as drawn (SVG)", "Signal (WFDB)"]
SCORES = ["Scores (CSV)", "All that was said (JSON)"]
MAP = ["Map by wave and lead (CSV)", "Map, every sample (CSV)"]


def open_page(name: str = "case.py", **words: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / name), default_timeout=60)
    for key, word in words.items():
        page.query_params[key] = word
    page.run()
    assert not page.exception
    return page


def offered(page: AppTest) -> list[str]:
    return [button.proto.label for button in page.get("download_button")]


@pytest.fixture
def asked(untrained: Path, tmp_path: Path) -> exports.Asked:
    folder = untrained / "transferred"
    return exports.Asked(
        folder=folder,
        case=samples.load(samples.titles()[1]),
        card=checkpoints.read_card(folder),
        drawing=Drawing(LAYOUTS["6x2"], Scale(25, 5)),
        explanation=None,
        answers={},
        session="a session",
        hidden=False,
        size="A4",
        made_on=None,
    )


def made(name: str, asked: exports.Asked) -> bytes:
    (file,) = (one for one in exports.FILES if one.name == name)
    return exports.maker(file, asked)()


def test_files_are_offered_for_what_is_on_the_screen():
    page = open_page()
    assert offered(page) == [*ECG_ALONE, *SCORES]
    page = open_page(target="long_qt")
    assert offered(page) == [*ECG_ALONE, *SCORES, *MAP]


def test_before_a_read_only_the_ecg_itself_is_offered():
    page = open_page(read_first="yes", target="long_qt")
    assert offered(page) == ECG_ALONE
    assert any(exports.HIDDEN in one.value for one in page.caption)
    (box,) = (one for one in page.multiselect if str(one.key).startswith(reveal.FINDINGS))
    box.set_value(["normal"]).run()
    page.button(reveal.COMMIT).click().run()
    assert set(SCORES) < set(offered(page))


@pytest.mark.parametrize("name", ["case.py", "compare.py", "cohort.py"])
def test_where_files_may_not_leave_no_page_offers_one(name, monkeypatch):
    monkeypatch.setenv(saving.SETTING, "OFF ")
    page = open_page(name)
    assert offered(page) == []
    assert not any(exports.NEUTRAL in one.value for one in page.caption)


def test_compare_offers_its_table_where_files_may_leave():
    assert "Scores as CSV" in offered(open_page("compare.py"))


def test_nothing_is_made_before_it_is_asked_for(monkeypatch):
    calls = []
    monkeypatch.setattr(exports, "reading_of", lambda *_, **__: calls.append(1))
    open_page(target="long_qt")
    assert calls == []


def test_a_file_made_outside_the_page_holds_the_case_as_it_was_drawn(asked):
    document = json.loads(made("ecg-reading.json", asked))
    assert document["notice"] == NOTICE
    assert "6x2 · 25 mm/s, 5 mm/mV" in document["settings"]
    assert document["ecg"]["title"] == asked.case.title
    assert len(document["scores"]["labels"]) == len(asked.card.labels)
    svg = made("ecg.svg", asked).decode()
    assert "6x2 · 25 mm/s, 5 mm/mV" in svg
    assert zipfile.ZipFile(io.BytesIO(made("ecg-wfdb.zip", asked))).namelist() == ["ecg.hea", "ecg.dat"]
    assert made("ecg-scores.csv", asked).startswith(b"label,title,")


def test_what_the_session_has_computed_is_not_computed_again(asked, monkeypatch):
    case, card = asked.case, asked.card
    said = Predictor.open(asked.folder).predict([case.record])
    first = exports.reading_of(asked)
    answers = {(case.id, card.id): said, (case.id, "measurements"): first.measurements}
    monkeypatch.setattr(exports.loading, "predictor", lambda _: pytest.fail("scored again"))
    monkeypatch.setattr(exports, "measured_reading", lambda _: pytest.fail("measured again"))
    again = exports.reading_of(replace(asked, answers=answers))
    assert again.predictions is said
    assert again.measurements is first.measurements


def test_a_hidden_case_has_neither_scores_nor_the_machines_words(asked):
    hidden = exports.reading_of(replace(asked, hidden=True))
    assert hidden.predictions is None
    assert hidden.statements == ()
    assert hidden.beside.device == {}
    assert hidden.measured == {}
    assert hidden.measurements is not None


@pytest.mark.slow
def test_nothing_is_written_to_the_disk(asked, monkeypatch, tmp_path):
    made("ecg-report.pdf", asked)
    private = tmp_path / "private"
    private.mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(private))
    opened = []
    true_open = os.open
    monkeypatch.setattr(
        os,
        "open",
        lambda path, flags, *rest, **more: (
            opened.append(path) if flags & (os.O_WRONLY | os.O_RDWR) else None,
            true_open(path, flags, *rest, **more),
        )[1],
    )
    for file in exports.FILES[:5]:
        assert made(file.name, asked)
    assert opened == []
    assert list(private.iterdir()) == []


def test_a_study_is_named_by_no_number(asked):
    study = replace(asked.case, title="Study 40689238", study=40689238)
    assert exports.file_title(study) == "ECG of a MIMIC-IV-ECG folder"
    assert exports.file_title(asked.case) == asked.case.title


def test_the_choice_of_paper_and_date_reaches_the_file(asked):
    page = open_page()
    page.toggle(exports.DATED).set_value(True).run()
    assert not page.exception
    assert state.CASE in page.session_state
    letter = made("ecg-report.pdf", replace(asked, size="US Letter"))
    assert b"/MediaBox [0 0 792" in letter.replace(b"[ 0", b"[0")
