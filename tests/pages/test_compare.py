"""The Compare page through real Streamlit: two checkpoints on the open ECG."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import NOTICE, checkpoints
from ecgkt.dashboard import compare, compare_case, compare_maps, samples, state
from ecgkt.explain.methods import explain
from ecgkt.figures.side_by_side import compared_rows
from ecgkt.inference import Predictor
from tests.pages.words import text_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def two(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two untrained checkpoints of other weights, and one whose stage 3 is still to come."""
    import torch

    folder = tmp_path_factory.mktemp("two")
    first = checkpoints.load(untrained / "transferred")
    checkpoints.save(folder / "transferred", first.card, first.weights)
    with torch.random.fork_rng():
        torch.manual_seed(2)
        weights = checkpoints.build_network(first.card).state_dict()
    checkpoints.save(
        folder / "mine", replace(first.card, name="mine", title="Mine", arm="baseline", parents={}), weights
    )
    early = replace(first.card, name="early", stage="labs", calibration=None, parents={"align": "a" * 12})
    checkpoints.save(folder / "early", early, weights)
    return folder


@pytest.fixture(autouse=True)
def models(untrained_app: None, two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECGKT_MODELS", str(two))


def open_page() -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / "compare.py"), default_timeout=60).run()
    assert not page.exception
    return page


def choose(page: AppTest, *names: str) -> AppTest:
    page.multiselect(compare.MODELS).set_value(list(names)).run()
    assert not page.exception
    return page


def test_two_models_stand_side_by_side_family_by_family_with_their_ids():
    page = choose(open_page(), "transferred", "mine")
    told = text_of(page)
    assert NOTICE in told
    for heading in ("On this tracing", "Coded at this visit (ICD-10)", "Laboratory abnormalities"):
        assert f"<caption>{heading}</caption>" in told
    assert "Frequencies among simulated ECGs" in told
    assert "Difference: Transferred minus Mine" in told
    for card in map(checkpoints.read_card, checkpoints.list_checkpoints(checkpoints.models_folder()).values()):
        assert (card.id in told) == (card.stage == "diagnoses")


def test_on_a_real_ecg_models_are_ranked_and_no_frequency_is_said():
    page = choose(open_page(), "transferred", "mine")
    page.selectbox(state.SAMPLE).set_value(samples.REAL).run()
    told = text_of(page)
    assert "uncalibrated here" in told
    assert " of 100</td>" in told and "1 in " not in told
    assert "Difference in 100 places" in told


def test_what_no_model_was_shown_to_order_on_real_ecgs_waits_behind_a_switch():
    page = choose(open_page(), "transferred", "mine")
    page.selectbox(state.SAMPLE).set_value(samples.REAL).run()
    page.toggle(compare_case.ALL).set_value(True).run()
    card = card_of("transferred")
    shown = sum(checkpoints.real_evidence(card, name).works for name in card.labels.names)
    assert 0 < shown == text_of(page).count('<th scope="row">')
    switch = page.toggle(compare_case.UNSHOWN)
    assert f"{len(card.labels) - shown} targets" in switch.label
    switch.set_value(True).run()
    assert text_of(page).count('<th scope="row">') == len(card.labels)


def card_of(name: str) -> checkpoints.Card:
    return checkpoints.read_card(checkpoints.list_checkpoints(checkpoints.models_folder())[name])


def test_ones_own_models_stand_beside_the_bundled_ones_and_unfinished_ones_do_not():
    options = open_page().multiselect(compare.MODELS).options
    assert {"Transferred", "Mine", "Baseline (bundled)"} <= set(options)
    assert not any("Early" in name for name in options)


def test_one_model_alone_is_not_compared():
    assert "Choose two models" in text_of(choose(open_page(), "mine"))


def test_every_score_is_one_switch_away():
    page = choose(open_page(), "transferred", "mine")
    few = text_of(page).count('<th scope="row">')
    page.toggle(compare_case.ALL).set_value(True).run()
    labels = checkpoints.read_card(checkpoints.choose_checkpoint()).labels
    assert few < text_of(page).count('<th scope="row">') == len(labels)


def trace(page: AppTest, target: str) -> AppTest:
    """Ask for the maps of a target, as pressing its row does."""
    case = page.session_state[state.CASE]
    page.session_state[compare_maps.TRACED], page.session_state[compare_maps.OF] = target, case.id
    page.run()
    assert not page.exception
    return page


def test_no_map_is_drawn_before_it_is_asked_for():
    page = choose(open_page(), "transferred", "mine")
    assert "Press a row" in text_of(page) and 'data-target="' in text_of(page)
    assert "<figure>" not in text_of(page)


def test_the_maps_of_two_models_stand_side_by_side_with_their_agreement():
    page = trace(choose(open_page(), "transferred", "mine"), "long_qt")
    told = text_of(page)
    assert told.count("<figure>") == 3
    assert told.count("SIMULATED. Strongest leads") == 3
    assert "<b>Transferred minus Mine.</b>" in told and "difference of both raw scores" in told
    assert 'aria-pressed="true">Long QT</button>' in told
    assert "cosine" in told and "10% by chance" in told
    (table,) = re.findall(r"Shares of the maps by wave</caption>.*?<tbody>(.*?)</tbody>", told)
    shares = [[int(cell) for cell in re.findall(r"<td>(\d+)%</td>", row)] for row in table.split("<tr>")[1:]]
    assert [abs(sum(column) - 100) <= 4 for column in zip(*shares, strict=True)] == [True] * 4
    assert "outside the seconds shown" in told
    assert "saliency of Long QT by Transferred, integrated gradients: mostly" in told
    for figure in page.get("html"):
        if "<figure>" in str(figure.proto.body):
            assert str(figure.proto.body).count('alt="12-lead ECG, ') == 3
    page.button(key=compare_maps.CLOSE).click().run()
    assert "<figure>" not in text_of(page)


def test_a_map_is_computed_once_for_a_session(monkeypatch):
    from ecgkt.explain import methods

    page = trace(choose(open_page(), "transferred", "mine"), "long_qt")

    def again(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(methods, "explain", again)
    page.segmented_control(compare_maps.PLACED).set_value(compare_maps.PLACES[1]).run()
    assert not page.exception and text_of(page).count("<figure>") == 3


def test_a_target_that_one_model_lacks_is_said_and_the_other_map_stands_alone():
    page = trace(choose(open_page(), "transferred", "signal_only (bundled)"), "potassium_high")
    told = text_of(page)
    assert "Signal only (bundled) has no score for" in told
    assert told.count("<figure>") == 1 and "cosine" not in told


def test_the_address_holds_the_target_and_opens_its_maps_again():
    page = trace(choose(open_page(), "transferred", "mine"), "long_qt")
    words = dict(page.query_params)
    assert words[compare_maps.TRACED] == ["long_qt"] or words[compare_maps.TRACED] == "long_qt"
    again = AppTest.from_file(str(ROOT / "pages" / "compare.py"), default_timeout=60)
    for key, value in words.items():
        again.query_params[key] = value
    again.run()
    assert not again.exception
    assert text_of(again).count("<figure>") == 3 and "saliency of Long QT by Mine" in text_of(again)


def test_an_address_with_a_target_that_no_model_has_says_so():
    again = AppTest.from_file(str(ROOT / "pages" / "compare.py"), default_timeout=60)
    again.query_params[compare_maps.TRACED] = "no_such_target"
    again.run()
    assert not again.exception
    told = text_of(again)
    assert "`no_such_target`, which no model here has" in told and "<figure>" not in told


def test_another_case_starts_without_maps():
    page = trace(choose(open_page(), "transferred", "mine"), "long_qt")
    page.selectbox(state.SAMPLE).set_value(samples.titles()[1]).run()
    assert "<figure>" not in text_of(page)


def test_the_scores_are_exported_with_ids_and_notice():
    page = choose(open_page(), "transferred", "mine")
    case = page.session_state[state.CASE]
    found = checkpoints.list_checkpoints(checkpoints.models_folder())
    models = {name: found[name] for name in ("transferred", "mine")}
    predictions = [Predictor.open(folder).predict([case.record]) for folder in models.values()]
    rows = [row for kind in predictions[0].labels.kinds for row in compared_rows(predictions, kind)]
    written = list(csv.DictReader(io.StringIO(compare_case.scores_csv(case, models, rows))))
    assert len(written) == len(predictions[0].labels)
    ids = [checkpoints.read_card(folder).id for folder in models.values()]
    for line in written:
        assert line["patients"] == "SIMULATED patients" and line["notice"] == NOTICE
        first, second = (float(line[f"{name} {one} share"]) for name, one in zip(models, ids, strict=True))
        assert float(line["difference"]) == pytest.approx(first - second)


def test_models_that_see_an_ecg_through_other_filters_have_no_map_of_their_difference(untrained):
    predictor = Predictor.open(untrained / "transferred")
    card, record = predictor.card, samples.load(samples.titles()[0]).record
    one = explain(predictor, record, "long_qt", method="gradients")
    other = replace(card, preprocessing=replace(card.preprocessing, highpass_hz=0.3))
    found = {"A": one, "B": one}
    assert list(compare_maps.difference(found, {"A": card, "B": card})) == ["A minus B"]
    assert compare_maps.difference(found, {"A": card, "B": other}) == {}
