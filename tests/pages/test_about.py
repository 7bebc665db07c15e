"""The About page: a reader's order, simulated and real beside each other, what is not reported, and a search."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import NOTICE, checkpoints
from ecgkt.checkpoints import Card
from ecgkt.checkpoints.reporting import ITEMS
from ecgkt.dashboard import card_figures
from tests.pages.words import text_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def caches() -> Iterator[None]:
    import streamlit as st

    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(scope="module")
def card() -> Card:
    return checkpoints.read_card(checkpoints.bundled_folder() / "transferred")


def replace_gate(card: Card, gate: object) -> Card:
    """Return a card that looks like this one and holds that gate."""
    made = copy.copy(card)
    object.__setattr__(made, "gate", gate)
    return made


def open_page() -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / "about.py"), default_timeout=60).run()
    assert not page.exception and not page.error
    return page


def test_the_first_screen_says_what_it_is_not_for_who_reviewed_it_and_how_good_it_is(card):
    told = text_of(open_page())
    order = [
        told.index(words) for words in ("No score may decide", "<td>No clinician has reviewed", "20,275 ECGs of 12,006")
    ]
    assert order == sorted(order)
    assert told.index("How good it is: mean AUROC by family") < told.index("How it was measured")
    assert NOTICE in told and card.id in told


def test_every_item_has_an_answer_or_the_reason_why_not(card):
    told = text_of(open_page())
    for item in ITEMS:
        assert f'<th scope="row">{item.title.replace("&", "&amp;")}</th>' in told
    missing = sum(not item.told(card) for item in ITEMS)
    assert told.count("<td>not reported</td>") == missing > 0
    assert "No conformity is claimed" in told


def test_simulated_and_real_figures_stand_beside_each_other(card):
    html = card_figures.families_html(card)
    for where in card.estimates:
        assert f'<th scope="col">{where.replace("simulated", "SIMULATED")}</th>' in html
    values = [row.value for row in card.estimates["real, LUDB"].values() if row.value is not None]
    assert f"<td>{sum(values) / len(values):.3f} ({len(values)})</td>" in html
    assert "<td>not<br>measured</td>" in html


@pytest.mark.parametrize(
    ("sought", "name"),
    [
        ("potassium", "potassium_high"),
        ("I48", "i48_atrial_fibrillation"),
        ("BUNDLE branch", "left_bundle_branch_block"),
    ],
)
def test_a_target_is_found_by_its_name_its_code_or_its_rule(card, sought, name):
    found = [label.name for label in card_figures.matching(card, sought)]
    assert name in found and len(found) < 12


def test_the_search_narrows_the_table_and_says_when_nothing_is_found():
    page = open_page()
    page.text_input(card_figures.SEARCH).set_value("I48").run()
    assert "1 of 89 targets" in text_of(page)
    page.text_input(card_figures.SEARCH).set_value("no such thing").run()
    assert "No target has 'no such thing'" in text_of(page)


def test_rates_of_abstention_stand_there_once_a_card_has_them(card):
    assert "Not reported" in card_figures.gate_html(replace_gate(card, None))
    rate = SimpleNamespace(kind="real", what="a set", abstained=4, records=250)
    gate = SimpleNamespace(name="some set", records=500, fit="fitted somehow", source="From somewhere.", rates=(rate,))
    html = card_figures.gate_html(replace_gate(card, gate))
    assert "unlike some set (500 records): fitted somehow. From somewhere." in html
    assert '<th scope="row">Real: a set</th><td>4 of 250</td><td>1.6%</td>' in html


def test_a_model_that_was_never_measured_says_so(untrained, monkeypatch):
    monkeypatch.setenv("ECGKT_MODELS", str(untrained))
    told = text_of(open_page())
    assert "not measured" in told and "Not reported" in told
