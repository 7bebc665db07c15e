"""Every item is answered from the card or says why it is not; the document and the page tell the same items."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ecgkt import NOTICE, checkpoints
from ecgkt.checkpoints import Card
from ecgkt.checkpoints.reporting import ITEMS, SECTIONS, of_section
from ecgkt.domain import Domain

ROOT = Path(__file__).resolve().parents[2]
ACT = {f"(b)({roman})" for roman in ("i", "ii", "iii", "iv", "v", "vi", "vii")} | {"(a)", "(c)", "(d)", "(e)", "(f)"}


@pytest.fixture(scope="module")
def card() -> Card:
    return checkpoints.read_card(checkpoints.bundled_folder() / "transferred")


def item(title: str):
    return next(one for one in ITEMS if one.title == title)


def test_every_point_of_article_13_3_has_an_item():
    named = {point.strip() for one in ITEMS for point in one.act.split(",") if point}
    assert named == ACT


def test_each_item_stands_in_one_section_of_the_page():
    assert [one for section in SECTIONS for one in of_section(section)] == list(ITEMS)
    assert len({one.title for one in ITEMS}) == len(ITEMS)


def test_an_item_without_an_answer_says_why(card):
    unanswered = [one for one in ITEMS if not one.told(card)]
    assert {"Provider", "Risks in foreseeable use", "Sample size"} <= {one.title for one in unanswered}
    for one in unanswered:
        assert one.answer(card) == f"Not reported: {one.missing}."


def test_answers_are_the_cards(card):
    assert card.training["cohort"] in item("Training data").answer(card)
    assert "20,275 ECGs of 12,006 patients" in item("Training data").answer(card)
    assert "SIMULATED" in item("Training data").answer(card)
    assert NOTICE in item("Not for").answer(card)
    for command in card.commands.values():
        assert command in item("Commands").answer(card)
    for parent in (card.id, *card.parents.values()):
        assert parent in item("Provenance").answer(card)
    assert card.reference.source in item("What a figure means").answer(card)
    for where in card.estimates:
        assert where in item("Measures and sets").answer(card)


def test_nothing_is_said_of_real_patients_data_that_the_card_does_not_know(card):
    real = replace(card, training_domain=Domain.REAL, training={}, commands={}, estimates={}, limits=())
    for title in ("Ethics", "Data", "Places, dates, treatments", "Parts", "Measures and sets", "Settings"):
        assert item(title).answer(real).startswith("Not reported: ")
    assert item("Training data").answer(real) == "Real patients."
    assert not any("SIMULATED" in one.answer(real) for one in ITEMS if one.title != "What a figure means")


def test_the_document_has_the_same_items():
    text = (ROOT / "docs" / "reporting.md").read_text(encoding="utf-8")
    for one in ITEMS:
        cells = (one.section, one.title, one.tripod or "–", one.act or "–", one.fields or "–", one.missing)
        assert f"| {' | '.join(cells)} |\n" in text
    assert text.count("\n| ") == len(ITEMS) + 1
