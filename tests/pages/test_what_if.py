"""The What if page through real Streamlit: dials on a simulated patient, and parts of an ECG silenced."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import NOTICE
from ecgkt.catalogue import dials
from ecgkt.dashboard import samples, state, what_if, what_if_answers, what_if_dials, what_if_silence
from ecgkt.domain import Domain
from ecgkt.explain.moves import moves
from ecgkt.explain.silence import Parts, silence
from ecgkt.figures.moved import signed
from ecgkt.inference import Predictor
from tests.pages.words import text_of

ROOT = Path(__file__).resolve().parents[2]
SILENCE = {what_if.VIEW: what_if.SILENCE}


pytestmark = pytest.mark.usefixtures("untrained_app")


def open_page(**words: str | list[str]) -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / "what_if.py"), default_timeout=120)
    for key, word in words.items():
        page.query_params[key] = word
    page.run()
    assert not page.exception
    return page


def titled(text: str) -> list[str]:
    return re.findall(r'data-target="(\w+)"', text)


def sheet(page: AppTest) -> str:
    return re.search(r'class="ecgkt-sheet"[^>]*src="([^"]+)"', text_of(page))[1]


def test_the_dials_say_aloud_that_all_of_it_is_simulated():
    told = text_of(open_page())
    assert NOTICE in told
    assert "SIMULATED, no patient. Known truth:" in told
    assert "The model learned this from the same simulator" in told


def test_the_truth_shown_is_the_dials_value_and_the_ecg_another_one():
    page = open_page()
    before = sheet(page)
    page.select_slider("potassium").set_value(6.8).run()
    assert not page.exception
    told = text_of(page)
    assert "<b>Potassium 6.8 mmol/L</b>" in told
    assert re.search(r"<b>QRS \d+ ms</b> \(\d+ at the start\)", told)
    assert sheet(page) != before
    assert "yes, 6.8 mmol/L" in told
    assert titled(told)[0] == "potassium_high"
    assert "saliency of Potassium high" in told
    assert page.query_params["potassium"] == "6.8"
    assert page.query_params["dial"] == "potassium"


def test_a_round_value_is_told_alike_everywhere():
    told = text_of(open_page(potassium="6"))
    assert "<b>Potassium 6.0 mmol/L</b>" in told
    assert "yes, 6.0 mmol/L" in told


def test_a_link_opens_the_same_position():
    page = open_page(potassium="2.5", patient="healthy", sensitivity="strong", dial="potassium")
    told = text_of(page)
    assert "<b>Potassium 2.5 mmol/L</b>" in told
    assert page.selectbox("patient").value == "healthy"
    assert titled(told)[0] == "potassium_low"
    assert "saliency of Potassium low" in told


def test_a_link_with_a_value_that_no_dial_has_is_told_so():
    page = open_page(potassium="99")
    assert "The link asks for the value of Potassium `99`" in text_of(page)
    assert page.select_slider("potassium").value == dials()["potassium"].start


def test_the_dial_turned_last_is_the_one_swept():
    page = open_page()
    assert 'alt="Scores over Potassium' in text_of(page)
    page.select_slider("rate").set_value(110.0).run()
    told = text_of(page)
    assert 'alt="Scores over Heart rate' in told
    assert "saliency of Sinus tachycardia" in told


def test_all_dials_go_back_to_their_start():
    page = open_page(potassium="7", temperature="30")
    page.button(what_if_dials.RESET).click().run()
    assert [page.select_slider(name).value for name in dials()] == [one.start for one in dials().values()]
    assert " at the start)" not in text_of(page)


def test_all_scores_stand_under_one_switch():
    page = open_page()
    few = len(titled(text_of(page)))
    page.toggle(what_if.ALL).set_value(True).run()
    assert few == what_if.SHOWN
    assert len(titled(text_of(page))) > 80


def test_a_session_keeps_a_bounded_number_of_answers():
    page = open_page()
    kept = page.session_state["what_if_kept"]
    assert 0 < len(kept) <= what_if_answers.MOST


def test_silence_before_anything_is_silenced_moves_nothing():
    told = text_of(open_page(**SILENCE))
    assert "Choose an electrode or a wave at the side" in told
    assert set(re.findall(r"<td>([+−]?[\d.]+)</td></tr>", told)) == {"0.00"}


def test_a_silenced_electrode_is_scored_with_the_sentence_that_the_model_would_abstain(untrained):
    page = open_page(**SILENCE)
    page.pills(what_if_silence.SILENCED).set_value(["V3"]).run()
    assert not page.exception
    told = text_of(page)
    assert "lead V3 is flat" in told
    assert "In use the model would abstain" in told
    assert "V3 silenced" in told
    case = samples.load(samples.titles()[0])
    found = moves(Predictor.open(untrained / "transferred"), case.record, silence(case.record, Parts(("V3",))))
    first = titled(told)[0]
    change = found.change[found.before.labels.index(first)]
    shown = re.search(rf'data-target="{first}".*?<td>([^<]*)</td></tr>', told)[1]
    assert shown == signed(change)
    assert page.query_params["silenced"] == "V3"


def test_rows_are_in_the_order_of_what_moved():
    page = open_page(**SILENCE, levelled="T", silenced="RA")
    page.toggle(what_if.ALL).set_value(True).run()
    tables = text_of(page).split("<caption>")[1:]
    assert len(tables) == 3
    for table in tables:
        points = re.findall(r"<td[^>]*>([+−]?[\d.]+|0|under 0\.1)</td><td>", table)
        sizes = [0.05 if one == "under 0.1" else float(one.strip("+−")) for one in points]
        assert len(sizes) > 10
        assert sizes == sorted(sizes, reverse=True)


def test_a_wave_that_is_not_there_is_said_so():
    page = open_page(**SILENCE, case="atrial-fibrillation-simulated", levelled="P")
    assert "P wave" in " ".join(one.value for one in page.warning)


def test_a_link_names_what_is_silenced_and_the_case(untrained):
    page = open_page(**SILENCE, case="high-potassium-simulated", silenced=["RA", "V2"], levelled="T", within="V1-V3")
    told = text_of(page)
    assert page.session_state[state.CASE].title == "High potassium (simulated)"
    assert "T levelled in every beat in V1, V2, V3; RA, V2 silenced" in told
    assert page.query_params["silenced"] == ["RA", "V2"]


def test_an_unknown_electrode_in_a_link_is_told():
    assert "the electrode `RL`" in text_of(open_page(**SILENCE, silenced="RL"))


def test_an_uploaded_ecg_is_silenced_and_never_stands_in_the_address():
    page = open_page(**SILENCE)
    held = page.session_state[state.CASE]
    real = state.Case("Uploaded ECG", held.record)
    page.session_state[state.CASE] = real
    page.pills(what_if_silence.SILENCED).set_value(["LA"]).run()
    assert not page.exception
    assert "Uploaded ECG" in text_of(page)
    assert state.CASE not in page.query_params


def test_on_a_real_ecg_scores_not_shown_to_work_there_are_folded_and_ranks_told(untrained):
    page = open_page(**SILENCE, case=samples.slug(samples.REAL), silenced="V2")
    told = text_of(page)
    assert page.session_state[state.CASE].record.domain is Domain.REAL
    card = Predictor.open(untrained / "transferred").card
    works = {name for name in card.labels.names if name in list(card.labels.names)[:5]}
    assert set(titled(told)) <= works
    assert "of 100" in told
    page.toggle(what_if_silence.UNSHOWN).set_value(True).run()
    page.toggle(what_if.ALL).set_value(True).run()
    assert len(titled(text_of(page))) == len(card.labels)


def test_an_ecg_that_waits_for_a_read_shows_no_score():
    page = open_page(**SILENCE, read_first="yes")
    assert not titled(text_of(page))
    assert "Read first" in text_of(page)


def test_silencing_nothing_leaves_the_answer_of_the_case_page(untrained):
    case = samples.load(samples.titles()[0])
    found = moves(Predictor.open(untrained / "transferred"), case.record, case.record)
    np.testing.assert_array_equal(found.logits[0], found.logits[1])
