"""The work list: many records in, scored in pieces, sorted, filtered, opened, taken along."""

from __future__ import annotations

import io
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import NOTICE, checkpoints, readers
from ecgkt.dashboard import (
    reveal,
    samples,
    state,
    work_list_choices,
    work_list_export,
    work_list_held,
    work_list_intake,
    work_list_table,
)
from ecgkt.dashboard.work_list_held import WORK_LIST, Entry, WorkList
from ecgkt.worklist.lines import Outcome
from tests.pages.words import text_of

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.usefixtures("untrained_app")


@pytest.fixture
def page() -> AppTest:
    """The page, reached through the app as a user reaches it."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app.switch_page("pages/work_list.py").run()
    assert not app.exception
    return app


def work_of(page: AppTest) -> WorkList:
    return page.session_state[WORK_LIST]


def rows_of(page: AppTest):
    (rows,) = work_of(page).rows.values()
    return rows


def card():
    return checkpoints.read_card(checkpoints.choose_checkpoint())


def files_of(title: str, name: str) -> list[tuple[str, bytes, str]]:
    """A bundled sample's files under another name."""
    head = samples.FOLDER / f"{samples.listed()[title]['path']}.hea"
    old = head.stem.encode()
    kind = "application/octet-stream"
    return [
        (f"{name}.hea", head.read_bytes().replace(old, name.encode()), kind),
        (f"{name}.dat", head.with_suffix(".dat").read_bytes(), kind),
    ]


def test_an_empty_list_says_what_it_is_for_and_offers_the_samples(page):
    assert "Drop many ECGs at once" in text_of(page)
    page.button("work_list_try").click().run()
    assert not page.exception
    assert len(rows_of(page)) == len(samples.titles())
    assert f"{len(samples.titles())} records." in text_of(page)
    assert NOTICE in text_of(page)


def test_each_record_has_the_predictors_own_score_and_the_order_is_that_of_the_figures(page):
    page.button("work_list_try").click().run()
    from ecgkt.inference import Predictor

    predictor = Predictor.open(checkpoints.choose_checkpoint())
    for number, title in enumerate(samples.titles(), 1):
        made = predictor.predict([samples.load(title).record])
        line = rows_of(page)[number].line
        for name in made.labels.names:
            assert line.predictions.probability(name) == pytest.approx(made.probability(name), abs=1e-6)
    page.selectbox(work_list_choices.SORT).set_value("atrial_fibrillation").run()
    assert not page.exception
    simulated = [number for number in work_of(page).shown if rows_of(page)[number].origin == "simulated"]
    shares = [rows_of(page)[number].figure("atrial_fibrillation").share for number in simulated]
    assert shares == sorted(shares, reverse=True)


def test_dropped_pairs_zips_and_what_is_no_ecg_each_have_a_row_and_the_server_forgets_the_files(page):
    first, second = list(samples.listed())[:2]
    dropped = [*files_of(second, "b"), *files_of(first, "a"), ("notes.txt", b"no ECG", "text/plain")]
    page.file_uploader[0].set_value(dropped).run()
    assert not page.exception
    rows = rows_of(page)
    assert [rows[number].name for number in (1, 2, 3)] == ["a.hea", "b.hea", "notes.txt"]
    assert rows[3].line.outcome is Outcome.REFUSED
    for number, title in ((1, first), (2, second)):
        assert (work_of(page).entry(number).record.signal == samples.load(title).record.signal).all()
    assert all(entry.read is None for entry in work_of(page).entries)
    assert not page.file_uploader[0].value


def test_a_row_opens_as_a_case_with_its_scores_and_back_keeps_the_order(page):
    first, second = list(samples.listed())[:2]
    page.file_uploader[0].set_value([*files_of(second, "Doe_Jane"), *files_of(first, "a")]).run()
    page.selectbox(work_list_choices.SORT).set_value("atrial_fibrillation").run()
    page.session_state["work_list_open"] = 1
    page.run()
    assert not page.exception
    case = page.session_state[state.CASE]
    assert case.title == "Record 1 of the work list"
    assert (case.record.signal == samples.load(second).record.signal).all()
    assert "Doe" not in text_of(page)
    made = page.session_state["answers"][(case.id, card().id)]
    assert made is rows_of(page)[1].line.predictions
    if next_button := [button for button in page.button if button.key == "work_list_next"]:
        next_button[0].click().run()
        assert page.session_state[state.CASE].title == "Record 2 of the work list"
    page.switch_page("pages/work_list.py").run()
    assert page.selectbox(work_list_choices.SORT).value == "atrial_fibrillation"
    assert len(rows_of(page)) == 2


def test_the_filter_keeps_what_it_says_and_never_reaches_the_address(page):
    page.button("work_list_try").click().run()
    page.text_input(work_list_choices.TEXT).set_value("potassium").run()
    shown = [rows_of(page)[number].name for number in work_of(page).shown]
    assert shown
    assert all("potassium" in name for name in shown)
    assert "potassium" not in str(page.query_params)
    page.text_input(work_list_choices.TEXT).set_value("").run()
    page.multiselect(work_list_choices.ORIGINS).set_value(["real"]).run()
    assert [rows_of(page)[number].name for number in work_of(page).shown] == [samples.REAL]
    page.multiselect(work_list_choices.ORIGINS).set_value([]).run()
    page.selectbox(work_list_choices.SORT).set_value("sinus_rhythm").run()
    page.number_input(work_list_choices.LEAST).set_value(50).run()
    assert not page.exception
    assert all(rows_of(page)[number].figure("sinus_rhythm").share >= 0.5 for number in work_of(page).shown)


def test_a_real_ecg_has_no_figure_that_was_not_shown_to_work_until_it_is_asked_for(page):
    page.button("work_list_try").click().run()
    number = samples.titles().index(samples.REAL) + 1
    row = rows_of(page)[number]
    assert row.works == frozenset(card().labels.names[:5])
    assert row.urgent() is None
    assert re.fullmatch(r"\d+(st|nd|rd|th) of 100", row.urgent(every=True).words)
    assert "not shown to work on real ECGs" in text_of(page)
    page.toggle(work_list_choices.EVERY).set_value(True).run()
    assert not page.exception
    assert work_of(page).shown[0] == number  # ranks and frequencies are never mixed in one order


def test_a_stopped_list_scores_nothing_until_it_goes_on(page):
    page.session_state[WORK_LIST] = work = WorkList()
    work.add([(title, lambda title=title: samples.load(title).record, None) for title in samples.titles()])
    work.stopped = True
    page.run()
    assert not work.rows.get(card().id)
    next(button for button in page.button if button.label == "Go on").click().run()
    assert len(work.rows[card().id]) == len(samples.titles())


def test_the_table_that_is_taken_along_has_numbers_for_names_and_says_what_it_is(page):
    first = next(iter(samples.listed()))
    page.file_uploader[0].set_value([*files_of(first, "Doe_Jane"), ("Doe.txt", b"x", "text/plain")]).run()
    rows = work_of(page).scored(card().id)
    told = work_list_export.as_csv(rows, card(), named=False)
    assert b"Doe" not in told
    table = pyarrow.csv.read_csv(io.BytesIO(told)).to_pylist()
    assert [(row["record"], row["domain"], row["outcome"]) for row in table] == [
        (1, "", "refused"),
        (2, "simulated", "scored"),
    ]
    assert {(row["notice"], row["checkpoint"]) for row in table} == {(NOTICE, card().id)}
    stored = pyarrow.parquet.read_table(io.BytesIO(work_list_export.as_parquet(rows, card(), named=False)))
    metadata = {key.decode(): value.decode() for key, value in stored.schema.metadata.items()}
    assert (metadata["notice"], metadata["checkpoint"]) == (NOTICE, card().id)
    assert json.loads(metadata["domains"]) == {"simulated": 1}
    assert b"Doe_Jane" in work_list_export.as_csv(rows, card(), named=True)


def test_where_files_may_not_leave_no_table_is_offered(page, monkeypatch):
    page.button("work_list_try").click().run()
    assert len(page.get("download_button")) == 2
    monkeypatch.setenv("ECGKT_EXPORTS", "off")
    page.run()
    assert not page.get("download_button")
    assert not [toggle for toggle in page.toggle if toggle.key == work_list_export.NAMES]


def test_too_many_records_are_refused_and_a_cleared_list_holds_nothing(page, monkeypatch):
    monkeypatch.setattr(work_list_held, "MAX_RECORDS", 12)
    page.button("work_list_try").click().run()
    page.button(work_list_intake.SAMPLES).click().run()
    assert "at most 12 records in one list" in text_of(page)
    assert len(work_of(page).entries) == len(samples.titles())
    page.button(work_list_intake.CLEAR).click().run()
    assert not page.exception
    assert not work_of(page).entries
    assert "Drop many ECGs at once" in text_of(page)


def test_signals_beyond_the_memory_of_a_list_are_refused_with_a_sentence(page, monkeypatch):
    monkeypatch.setattr(work_list_held, "MAX_BYTES", 100_000)
    some = list(samples.listed())[:9]
    page.file_uploader[0].set_value([file for number, one in enumerate(some) for file in files_of(one, f"r{number}")])
    page.run()
    outcomes = [row.line.outcome for row in work_of(page).scored(card().id)]
    assert outcomes[-1] is Outcome.REFUSED
    assert "MB of signals in one list" in work_of(page).scored(card().id)[-1].line.reason
    assert Outcome.SCORED in outcomes


def test_a_record_that_two_threads_ask_for_is_read_once():
    read = []

    def slowly():
        read.append(1)
        time.sleep(0.05)
        return samples.load(samples.titles()[0]).record

    entry = Entry(1, "a", slowly)
    with ThreadPoolExecutor(4) as pool:
        found = [one.result() for one in [pool.submit(entry.get) for _ in range(8)]]
    assert read == [1]
    assert all(one is found[0] for one in found)
    assert entry.read is None


def test_the_first_studies_of_the_local_folder_are_scored_and_open_as_studies(cohort, monkeypatch, untrained):
    monkeypatch.setenv("ECGKT_RECORDS", str(cohort))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    app.switch_page("pages/work_list.py").run()
    app.number_input(work_list_intake.COUNT).set_value(3).run()
    app.button(work_list_intake.FOLDER).click().run()
    assert not app.exception
    assert len(rows_of(app)) == 3
    app.session_state["work_list_open"] = 2
    app.run()
    case = app.session_state[state.CASE]
    assert case.study is not None
    assert rows_of(app)[2].name == f"Study {case.study}"
    assert len(readers.find_records(cohort)) >= 3


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each table that was drawn, as HTML."""
    found: list[str] = []
    as_html = work_list_table.table_html
    monkeypatch.setattr(work_list_table, "table_html", lambda *said: found.append(as_html(*said)) or found[-1])
    return found


def test_read_first_the_list_tells_no_score_before_the_commit_nor_sorts_filters_or_saves_by_one(page, drawn):
    count, title = len(samples.titles()), "Atrial fibrillation (simulated)"
    number = samples.titles().index(title) + 1
    page.session_state[state.READ_FIRST] = True
    page.button("work_list_try").click().run()
    page.selectbox(work_list_choices.SORT).set_value("atrial_fibrillation").run()
    page.number_input(work_list_choices.LEAST).set_value(95).run()
    assert not page.exception
    told = drawn[-1]
    assert told.count("waits for your read") == count
    assert not re.search(r"\d in \d|of 100|abstains", told)
    assert not [one for one in samples.titles() if one in told]
    assert samples.veiled(title) in told
    assert work_of(page).shown == tuple(range(1, count + 1))
    assert f"{count} of them wait for your read" in text_of(page)
    assert "Frequencies among" not in text_of(page)
    assert not page.get("download_button")
    assert "yes" in page.query_params["read_first"]

    page.session_state["work_list_open"] = number
    page.run()
    assert page.session_state[state.CASE].link == samples.slug(title)
    assert not [button for button in page.button if str(button.key).startswith("row-")]
    assert "fibrillation" not in text_of(page).lower().replace("atrial fibrillation or flutter", "")
    assert page.button(reveal.COMMIT).disabled
    page.session_state["reveal_open"] = {samples.load(title).digest: 0}
    page.switch_page("pages/work_list.py").run()
    page.number_input(work_list_choices.LEAST).set_value(0).run()
    assert not page.exception
    assert drawn[-1].count("waits for your read") == count - 1
    assert title in drawn[-1]
    assert work_of(page).shown[-1] == number
    assert len(page.get("download_button")) == 2


def test_scores_that_stood_in_the_list_were_seen_before_a_read(page):
    page.button("work_list_try").click().run()
    digests = {samples.load(title).digest for title in samples.titles()}
    assert page.session_state["reveal_seen"] == digests


def test_a_link_to_the_list_holds_read_first_through_an_empty_list():
    app = AppTest.from_file(str(ROOT / "pages" / "work_list.py"), default_timeout=120)
    app.query_params["read_first"] = "yes"
    app.run()
    app.button("work_list_try").click().run()
    assert not app.exception
    assert app.session_state[state.READ_FIRST]
    assert f"{len(samples.titles())} of them wait for your read" in text_of(app)
