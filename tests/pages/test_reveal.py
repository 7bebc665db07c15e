"""Read first, then reveal: nothing that tells the answer is on a page before the reader has committed."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import NOTICE, checkpoints
from ecgkt.catalogue import tracing_labels
from ecgkt.checkpoints import Card
from ecgkt.dashboard import compare, reads, reveal, samples, state
from ecgkt.dashboard.reads import NORMAL, Read
from ecgkt.domain import Domain, Estimate, Predictions
from ecgkt.domain.labels import Kind, LabelSet
from tests.pages.words import text_of

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("two_models")
FIBRILLATION = next(title for title in samples.titles() if title.startswith("Atrial fibrillation"))
NAMES = ("atrial_fibrillation", "left_bundle_branch_block", "long_qt", "sinus_rhythm")
LABELS = LabelSet(tuple(tracing_labels()[name] for name in NAMES))


@pytest.fixture
def card(untrained: Path) -> Card:
    return checkpoints.read_card(untrained / "transferred")


def open_page(name: str = "case.py", **words: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / name), default_timeout=60)
    for key, word in {"read_first": "yes", "case": samples.slug(FIBRILLATION), **words}.items():
        page.query_params[key] = word
    page.run()
    assert not page.exception
    return page


def rows(page: AppTest) -> list:
    return [button for button in page.button if str(button.key).startswith("row-")]


def seen(page: AppTest) -> str:
    """All that a reader can see or hear of the page: words, alternative texts, options and widget values."""
    options = page.selectbox(state.SAMPLE).options
    return " ".join([text_of(page), *options, *(button.label for button in page.button)])


def commit(page: AppTest, *names: str) -> AppTest:
    (box,) = (one for one in page.multiselect if str(one.key).startswith(reveal.FINDINGS))
    box.set_value(list(names)).run()
    page.button(reveal.COMMIT).click().run()
    assert not page.exception
    return page


def predictions(shares: tuple[float, ...], domain: Domain) -> Predictions:
    some = np.array([shares])
    return Predictions(LABELS, some, "c", domain, Domain.SIMULATED, some, "a set (3 real ECGs)")


def test_before_the_commit_no_score_no_title_no_rhythm_and_no_comparison_is_shown():
    page = open_page(target="atrial_fibrillation")
    told = seen(page)
    assert not rows(page)
    assert "fibrillation" not in told.lower().replace("atrial fibrillation or flutter", "")
    assert "Frequencies among" not in told
    assert "saliency" not in told
    assert "Rhythm by rules" not in told
    assert "QRS" in told
    assert page.button(reveal.COMMIT).disabled
    assert page.query_params["case"] == samples.veiled_slug(FIBRILLATION)
    assert page.query_params["read_first"] == "yes"


def test_compare_waits_for_the_read_too():
    page = open_page("compare.py")
    told = seen(page)
    assert "commit to a read of this ECG" in told
    assert "answers" not in page.session_state, "nothing was scored"
    assert "fibrillation" not in told.lower()


def test_after_the_commit_all_appears_with_the_read_beside_it_and_stays():
    page = commit(open_page(target="atrial_fibrillation"), "atrial_fibrillation", "long_qt")
    told = seen(page)
    assert rows(page)
    assert "Your read" not in told
    assert "You only" in told and "The model only" in told
    assert "Integrated gradients" in told
    assert "Rhythm by rules" in told
    assert "1 case read first" in told
    assert not any(str(one.key).startswith(reveal.FINDINGS) for one in page.multiselect)
    page.selectbox(state.SAMPLE).set_value(samples.titles()[0]).run()
    assert not rows(page)
    page.selectbox(state.SAMPLE).set_value(FIBRILLATION).run()
    assert rows(page)


def test_a_case_is_only_read_anew_and_then_counts_as_seen():
    page = commit(open_page(), "long_qt")
    page.button(reveal.ANEW).click().run()
    assert not rows(page)
    commit(page, "atrial_fibrillation")
    first, second = page.session_state["reveal_reads"]
    assert (first.named, first.seen_before) == (("long_qt",), False)
    assert (second.named, second.seen_before) == (("atrial_fibrillation",), True)
    assert "1 case read first" in seen(page)
    assert "Its scores had been on screen before you read" in seen(page)


def test_a_case_whose_scores_were_seen_before_the_switch_is_not_counted():
    page = open_page(read_first="")
    assert rows(page)
    page.toggle(state.READ_FIRST).set_value(True).run()
    assert not rows(page)
    commit(page, NORMAL)
    assert page.session_state["reveal_reads"][0].seen_before
    assert "No case read first in this session" in seen(page)


def test_a_normal_ecg_stands_alone_or_with_sinus_rhythm():
    assert reads.contradiction([NORMAL]) is None
    assert reads.contradiction([NORMAL, "sinus_rhythm"]) is None
    assert reads.contradiction(["long_qt", "sinus_rhythm"]) is None
    page = open_page()
    (box,) = (one for one in page.multiselect if str(one.key).startswith(reveal.FINDINGS))
    box.set_value([NORMAL, "long_qt"]).run()
    assert page.button(reveal.COMMIT).disabled
    assert "stands alone" in seen(page)


def test_in_frequencies_the_model_names_what_it_gives_at_least_one_in_two(card):
    made = predictions((0.5, 0.49, 0.1, 0.9), Domain.SIMULATED)
    found = reads.compare(["long_qt", "sinus_rhythm"], made, card)
    told = {one.name: (one.reader, one.model) for one in found}
    assert told == {
        "long_qt": (True, False),
        "sinus_rhythm": (True, None),
        "atrial_fibrillation": (False, True),
    }
    assert "1 in 2" in reads.rule(made)


def test_in_ranks_the_model_names_as_many_as_have_it_and_only_what_works_on_real_ecgs_counts(card):
    """Of 200 real ECGs 20 fibrillate and 10 have long QT, whose score was not shown to work."""

    def known(positives: int, low: float) -> Estimate:
        return Estimate(0.9, low, 0.95, 200, positives)

    figures = {
        "atrial_fibrillation": known(20, 0.85),
        "left_bundle_branch_block": known(40, 0.85),
        "long_qt": known(10, 0.5),
        "sinus_rhythm": known(160, 0.85),
    }
    card = replace(card, estimates={"real, a set": figures})
    assert reads.lines(predictions((0.5,) * 4, Domain.REAL), card) == pytest.approx(
        {"atrial_fibrillation": 0.9, "left_bundle_branch_block": 0.8}
    )
    real = predictions((0.89, 0.8, 0.99, 0.95), Domain.REAL)
    told = [
        (one.name, one.reader, one.model, one.figure)
        for one in reads.compare(["atrial_fibrillation", "left_axis_deviation"], real, card)
    ]
    assert told == [
        ("atrial_fibrillation", True, False, "89th of 100"),
        ("left_axis_deviation", True, None, "no target of this model"),
        ("left_bundle_branch_block", False, True, "80th of 100"),
    ]
    assert "no yes or no" in reads.rule(real)
    assert reads.lines(real, replace(card, estimates={})) == {}


def test_an_abstaining_model_is_not_held_against_the_reader(card):
    silent = Predictions(
        LABELS, np.full((1, 4), np.nan), "c", Domain.REAL, Domain.SIMULATED, abstained=("Lead V3 is flat.",)
    )
    assert reads.rule(silent) == ""
    (found,) = reads.compare(["long_qt"], silent, card)
    assert (found.model, found.figure) == (None, "no figure")


def test_the_tally_counts_cases_read_first_and_findings_by_hand(card):
    def read(named: tuple[str, ...], shares: tuple[float, ...], seen: bool = False) -> Read:
        made = predictions(shares, Domain.SIMULATED)
        return Read(
            "0", FIBRILLATION, Domain.SIMULATED, named, seen, "c", reads.rule(made), reads.compare(named, made, card)
        )

    done = [
        read(("atrial_fibrillation",), (0.9, 0.1, 0.1, 0.1)),
        read((NORMAL,), (0.1, 0.1, 0.1, 0.9)),
        read((NORMAL, "sinus_rhythm"), (0.1, 0.9, 0.8, 0.9)),
        read(("long_qt",), (0.9, 0.1, 0.1, 0.1)),
        read(("long_qt",), (0.1, 0.1, 0.9, 0.1), seen=True),
    ]
    assert reads.tally(done) == "4 cases read first, 2 agreed. Findings: 1 both, 1 you only, 3 the model only."
    written = list(csv.DictReader(io.StringIO(reads.to_csv(done))))
    assert [(line["case"], line["finding"], line["reader"], line["model"]) for line in written] == [
        ("1", "atrial_fibrillation", "yes", "yes"),
        ("2", "normal", "yes", "yes"),
        ("3", "normal", "yes", "no"),
        ("3", "sinus_rhythm", "yes", "not counted"),
        ("3", "left_bundle_branch_block", "no", "yes"),
        ("3", "long_qt", "no", "yes"),
        ("4", "long_qt", "yes", "no"),
        ("4", "atrial_fibrillation", "no", "yes"),
        ("5", "long_qt", "yes", "yes"),
    ]
    assert {line["patients"] for line in written} == {"SIMULATED patients"}
    assert {line["notice"] for line in written} == {NOTICE}


def test_the_table_of_reads_holds_no_number_of_a_study(cohort, monkeypatch):
    monkeypatch.setenv("ECGKT_RECORDS", str(cohort))
    from ecgkt.readers.mimic_folder import MimicFolder

    study = MimicFolder.open(cohort).studies()[2]
    page = commit(open_page(case=str(study.study_id)), "long_qt")
    assert page.session_state[state.CASE].study == study.study_id
    table = reads.to_csv(page.session_state["reveal_reads"])
    assert "ECG of this session" in table
    assert str(study.study_id) not in table and str(study.subject_id) not in table


def test_every_tracing_target_can_be_named():
    page = open_page()
    (box,) = (one for one in page.multiselect if str(one.key).startswith(reveal.FINDINGS))
    assert box.options == ["Normal ECG", *(label.title for label in tracing_labels())]
    assert all(label.kind is Kind.TRACING for label in tracing_labels())
    assert compare.MODELS not in {one.key for one in page.multiselect}
