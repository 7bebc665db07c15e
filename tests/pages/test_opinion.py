"""The opinion through real Streamlit: strip, families, folds, the dial, shared evidence, rules beside the model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import checkpoints
from ecgkt.catalogue import do_not_miss, not_covered
from ecgkt.checkpoints import Calibration, Card
from ecgkt.dashboard import opinion_chosen, opinion_rows, samples, state
from ecgkt.domain import DeviceReport, LabValue
from ecgkt.domain.frequencies import Frequency, Observed
from ecgkt.domain.labels import Kind
from ecgkt.opinion.beside import time_words
from tests.pages.words import text_of

STEP = Observed((0.5,), (200, 100), (20, 60), (0.06, 0.5), (0.15, 0.69))


@pytest.fixture
def counted(untrained, tmp_path, monkeypatch):
    """The untrained checkpoint with counted frequencies for all labels but one."""
    found = checkpoints.load(untrained / "transferred")
    calibration = found.card.calibration
    assert isinstance(calibration, Calibration)
    observed = {name: STEP for name in found.card.labels.names if name != "sodium_high"}
    told = replace(calibration, observed=observed, observed_in="simulated, held out")
    checkpoints.save(tmp_path / "transferred", replace(found.card, calibration=told), found.weights)
    monkeypatch.setenv("ECGKT_MODELS", str(tmp_path))
    return tmp_path


def buttons(page: AppTest, start: str) -> list:
    return [button for button in page.button if str(button.key).startswith(start)]


def card() -> Card:
    return checkpoints.read_card(checkpoints.choose_checkpoint())


def real(page: AppTest) -> AppTest:
    page.selectbox(state.SAMPLE).set_value(samples.REAL).run()
    assert not page.exception
    return page


def with_age(page: AppTest, age: float | None) -> AppTest:
    case = page.session_state[state.CASE]
    page.session_state[state.CASE] = replace(case, record=replace(case.record, age=age), id=f"aged {age}")
    return page.run()


def test_the_strip_stands_in_the_same_order_on_every_ecg_and_says_what_it_leaves_out(case_page):
    page = case_page()
    wanted = [f"miss-{one.name}" for one in do_not_miss()]
    assert [button.key for button in buttons(page, "miss-")] == wanted
    assert all(condition in text_of(page) for condition in not_covered())
    assert [button.key for button in buttons(real(page), "miss-")] == wanted


def test_on_a_real_ecg_a_condition_without_evidence_has_no_figure_and_says_why(case_page):
    page = real(case_page())
    strip = buttons(page, "miss-")
    assert all("**no figure**" in button.label for button in strip)
    assert all(button.help == "No figure: not measured on real ECGs." for button in strip)
    assert text_of(page).count("not measured on enough real ECGs to tell") == 1
    assert "rules: " in strip[0].label
    assert "QTc" in strip[2].label


def test_counted_frequencies_stand_with_their_interval_and_prevalence(case_page, counted):
    page = case_page()
    rows = buttons(page, "row-")
    assert {"**1 in 10**" in row.label or "**6 in 10**" in row.label for row in rows} == {True}
    assert all("in 100" in row.label for row in rows)
    assert "with 95% intervals" in text_of(page)
    rows[0].click().run()
    told = text_of(page)
    assert "27 in 100 of all of them have it" in told
    assert "held-out simulated ECGs with such a score" in told


def test_a_card_without_counts_shows_no_interval_and_says_so(case_page):
    page = case_page()
    assert "counts no intervals" in text_of(page)
    assert not any("in 100" in row.label.split("**")[-1] for row in buttons(page, "row-"))


def test_the_dial_is_off_until_asked_for_and_moves_the_frequency_by_bayes_rule(case_page, counted):
    page = case_page()
    assert not [one for one in page.toggle if one.key == opinion_chosen.OWN]
    buttons(page, "row-")[0].click().run()
    assert not page.get("select_slider")
    page.toggle(opinion_chosen.OWN).set_value(True).run()
    assert not page.exception
    name = page.session_state[state.TARGET]
    page.select_slider(f"{opinion_chosen.PER_THOUSAND}-{name}").set_value(20).run()
    told = text_of(page)
    assert "Where 20 in 1,000 have it (here 27 in 100)" in told
    assert "Bayes" in told


def test_the_dials_words_follow_the_two_by_two_table():
    here = Frequency(0.5, 0.4, 0.6, 0.5, 100, 50)
    assert "1 in 10 such ECGs (6 to 15 in 100)" in opinion_chosen.own_words(here, 0.1)


def test_on_a_real_ecg_what_was_not_shown_to_work_is_folded_away_with_the_reason(case_page):
    page = real(case_page())
    assert len(buttons(page, "row-")) == 5
    told = text_of(page)
    for kind, noun in ((Kind.VISIT, "codes"), (Kind.LAB, "laboratory scores")):
        count = len(card().labels.of_kind(kind))
        assert f"None of the {count} {noun} was ever measured on real ECGs" in told
    page.toggle("folded-lab").set_value(True).run()
    assert len(buttons(page, "row-")) == 5 + len(card().labels.of_kind(Kind.LAB))
    assert any("24 targets not shown to work on real ECGs" in one.label for one in page.toggle)


def test_a_child_is_refused_in_one_sentence_and_an_unknown_age_is_told(case_page):
    page = with_age(case_page(), 7.0)
    assert "The model abstains. Wanted a patient of 18 years or more, got one of 7" in text_of(page)
    assert not buttons(page, "row-") and not buttons(page, "miss-")
    assert "age is not known" in text_of(with_age(page, None))
    assert "age is not known" not in text_of(with_age(page, 18.0))


def test_where_the_model_abstains_the_strip_stays_and_rules_still_speak(case_page):
    page = case_page()
    case = page.session_state[state.CASE]
    signal = case.record.signal.copy()
    signal[8] = 0
    page.session_state[state.CASE] = replace(case, record=replace(case.record, signal=signal), id="flat")
    page.run()
    assert not page.exception
    told = text_of(page)
    assert "The model abstains." in told and "Rules alone say" in told
    strip = buttons(page, "miss-")
    assert len(strip) == len(do_not_miss())
    assert all("**no figure**" in one.label and "the model abstains" in one.label for one in strip)
    assert not buttons(page, "row-")


def test_rules_stand_beside_the_tracing_scores_and_what_the_model_added_is_said(case_page):
    page = case_page()
    page.toggle(state.ALL_ROWS).set_value(True).run()
    labels = {row.key.removeprefix("row-"): row.label for row in buttons(page, "row-")}
    assert "rules: no, PR " in labels["first_degree_av_block"]
    assert "no rule" in labels["anterior_infarction"]
    assert "What did the model add?" in text_of(page)


def test_the_devices_own_words_stand_beside_the_model(case_page):
    page = case_page()
    case = page.session_state[state.CASE]
    told = DeviceReport(statements=("Sinus rhythm", "Left axis deviation"))
    page.session_state[state.CASE] = replace(case, record=replace(case.record, device=told), id="stated")
    page.toggle(state.ALL_ROWS).set_value(True).run()
    assert "The device states: Sinus rhythm; Left axis deviation." in text_of(page)
    labels = {row.key.removeprefix("row-"): row.label for row in buttons(page, "row-")}
    assert "device: yes" in labels["left_axis_deviation"]
    assert "device: no" in labels["atrial_fibrillation"]


def test_a_click_lights_up_what_shares_evidence_and_nothing_jumps(case_page):
    page = case_page()
    before = [row.key for row in buttons(page, "row-")]
    diagnosis = next(row for row in buttons(page, "row-") if not row.key.endswith(("_low", "_high")))
    diagnosis.click().run()
    assert [row.key for row in buttons(page, "row-")] == before
    told = text_of(page)
    assert "hares evidence" in told
    for word in ("because", "due to", "caused by"):
        assert word not in told.lower()


def test_the_map_can_be_put_away_and_stays_away(case_page):
    page = case_page()
    page.toggle(state.MAP).set_value(False).run()
    buttons(page, "row-")[0].click().run()
    assert "Integrated gradients" not in text_of(page)
    page.toggle(state.MAP).set_value(True).run()
    assert "Integrated gradients" in text_of(page)


def test_labs_are_told_in_either_unit_with_the_measured_value_and_its_time(case_page):
    page = case_page()
    page.toggle(state.ALL_ROWS).set_value(True).run()
    creatinine = page.button("row-creatinine_high").label
    assert "about 1.2 mg/dL" in creatinine
    assert "measured 0.754 mg/dL, at the ECG" in creatinine
    page.toggle(opinion_rows.SI).set_value(True).run()
    creatinine = page.button("row-creatinine_high").label
    assert "106 µmol/L" in creatinine and "measured 66.7 µmol/L" in creatinine


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (0.2, ", at the ECG"),
        (20, ", 20 min later"),
        (-95, ", 95 min before"),
        (240, ", 4 h later"),
        (None, ", time not known"),
    ],
)
def test_times_are_relative_to_the_ecg(minutes, told):
    assert time_words(LabValue(1.0, minutes)) == told
