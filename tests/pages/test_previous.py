"""The previous ECG beside the open one: from the folder, or from a second file that is kept nowhere."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt.dashboard import paper, previous, samples, state
from ecgkt.readers.mimic_folder import MimicFolder
from ecgkt.signals.quality import assess

ROOT = Path(__file__).resolve().parents[2]
OTHER = 'class="ecgkt-sheet ecgkt-other"'


@pytest.fixture(autouse=True)
def folder(untrained_app: None, cohort: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECGKT_RECORDS", str(cohort))


@pytest.fixture
def pair(cohort: Path) -> tuple[int, int]:
    """A study with an earlier one of the same patient, and that one; a model reads both."""
    folder = MimicFolder.open(cohort)
    for later in folder.study_ids.tolist():
        for earlier in folder.earlier(later)[:1]:
            if all(assess(folder.read(one)).refusal is None for one in (later, earlier.study_id)):
                return later, earlier.study_id
    raise LookupError("no patient of the cohort has two ECGs that a model reads")


def open_page(**words: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / "case.py"), default_timeout=60)
    for key, word in words.items():
        page.query_params[key] = word
    page.run()
    assert not page.exception
    return page


def listed(page: AppTest):
    return next((box for box in page.selectbox if str(box.key).startswith(previous.LISTED)), None)


def bodies(page: AppTest) -> str:
    return " ".join(part.proto.body for part in page.get("html"))


def dated(folder: Path, cohort: Path, study: int, line: str) -> list[tuple[str, bytes, str]]:
    """Return a study's files with a date in its header."""
    header = next(cohort.rglob(f"{study}.hea"))
    text = header.read_text().splitlines()
    fields = text[0].split()[:4]
    content = "\n".join([f"{' '.join(fields)} {line}".strip(), *text[1:]]) + "\n"
    kind = "application/octet-stream"
    return [(header.name, content.encode(), kind), (f"{study}.dat", header.with_suffix(".dat").read_bytes(), kind)]


def test_earlier_ecgs_of_the_patient_are_offered_by_how_long_before(cohort, pair):
    later, earlier = pair
    page = open_page(case=str(later))
    before = MimicFolder.open(cohort).earlier(later)
    assert listed(page).options == [f"{previous.spell(one.before)} before" for one in before]
    assert OTHER not in bodies(page)
    assert listed(open_page(case=str(earlier))) is None
    assert listed(open_page()) is None


def test_the_earlier_sheet_beats_and_changes_stand_beside_and_the_link_opens_them(pair):
    later, earlier = pair
    page = open_page(case=str(later))
    listed(page).set_value(earlier).run()
    page.selectbox(paper.LAYOUT).set_value("6x2").run()
    assert not page.exception
    told = bodies(page)
    assert f'alt="12-lead ECG, Study {earlier}, ' in told
    assert told.count(", 6x2, 25 mm/s, 10 mm/mV") == 2
    assert "Median beat of each lead of both ECGs" in told
    for title in ("Rate", "QRS", "QTc (Fridericia)", "ST at J"):
        assert f'<th scope="row">{title}' in told.partition("ecgkt-changes")[2]
    for heading in ("Change: On this tracing", "Change: Laboratory abnormalities"):
        assert heading in told
    assert "no significance is claimed" in told
    words = dict(page.query_params)
    assert words["previous"].startswith(f"{earlier}-")
    assert bodies(open_page(**words)) == told
    page.selectbox(state.SAMPLE).set_value(samples.titles()[0]).run()
    assert OTHER not in bodies(page)
    assert "previous" not in page.query_params


def test_a_link_to_another_patients_ecg_beside_this_one_is_refused_in_one_sentence(cohort, pair):
    folder = MimicFolder.open(cohort)
    stranger = next(
        one for one in folder.studies() if one.subject_id != folder.subject_ids[list(folder.study_ids).index(pair[0])]
    )
    page = open_page(case=str(pair[0]), previous=str(stranger.study_id))
    (warning,) = page.warning
    assert "which is no earlier ECG of this patient here" in warning.value
    assert OTHER not in bodies(page)


def test_before_the_read_the_earlier_ecg_is_there_and_its_scores_are_not(pair):
    later, earlier = pair
    page = open_page(case=str(later), previous=str(earlier), read_first="yes")
    told = bodies(page)
    assert OTHER in told
    assert "QTc (Fridericia)" in told
    assert "Change: On this tracing" not in told


def test_two_uploads_are_ordered_by_their_own_dates_and_no_date_is_kept(cohort, pair, tmp_path):
    later, earlier = pair
    page = open_page()
    page.file_uploader[0].set_value(dated(tmp_path, cohort, later, "10:00:00 20/10/2121")).run()
    page.file_uploader[1].set_value(dated(tmp_path, cohort, earlier, "10:00:00 08/10/2121")).run()
    assert not page.exception
    beside = page.session_state[state.PREVIOUS]
    assert (beside.apart, beside.is_earlier) == (timedelta(days=12), True)
    assert "12 days before" in bodies(page)
    assert "previous" not in page.query_params and "case" not in page.query_params
    assert "2121" not in bodies(page)
    assert beside.case.clock is None
    page.file_uploader[1].set_value(dated(tmp_path, cohort, earlier, "10:00:00 21/10/2121")).run()
    assert "24 hours after" in bodies(page)


def test_where_the_files_do_not_say_the_user_does(cohort, pair, tmp_path):
    later, earlier = pair
    page = open_page()
    page.file_uploader[0].set_value(dated(tmp_path, cohort, later, "10:00:00 20/10/2121")).run()
    page.file_uploader[1].set_value(dated(tmp_path, cohort, earlier, "")).run()
    before = [line for line in bodies(page).split("<tr>") if ">QT<" in line][-1]
    page.segmented_control(previous.ORDER).set_value(previous.LATER).run()
    assert not page.exception
    after = [line for line in bodies(page).split("<tr>") if ">QT<" in line][-1]
    figures = [line.replace("</td>", "").split("<td>")[1:3] for line in (before, after)]
    assert figures[0] == figures[1][::-1]
    page.button(previous.CLOSE).click().run()
    assert OTHER not in bodies(page)


def test_a_bad_second_file_is_one_sentence_and_the_open_ecg_stays(cohort, pair):
    page = open_page(case=str(pair[0]))
    page.file_uploader[1].set_value([("bad.dat", b"no signal", "text/plain")]).run()
    (error,) = page.error
    assert error.value.startswith("Wanted an ECG")
    assert page.session_state[state.CASE].study == pair[0]
    assert OTHER not in bodies(page)


def test_a_real_ecg_beside_a_simulated_one_is_doubted_and_its_scores_share_no_scale(cohort, pair):
    page = open_page(case=samples.slug(samples.REAL))
    files = dated(cohort, cohort, pair[0], "")
    page.file_uploader[1].set_value(files).run()
    assert "they are not of one patient" in page.warning[0].value
    assert "they share no scale" in bodies(page)


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(seconds=61), "1 minute"),
        (timedelta(minutes=40), "40 minutes"),
        (timedelta(hours=5, minutes=10), "5 hours"),
        (timedelta(days=12), "12 days"),
        (timedelta(days=70), "70 days"),
        (timedelta(days=200), "7 months"),
        (timedelta(days=1100), "3 years"),
    ],
)
def test_a_span_is_said_as_people_say_it(span, told):
    assert previous.spell(span) == told
