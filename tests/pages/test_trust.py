"""Whether a map may be relied on, through real Streamlit: the line, the longer checks, the mark on the sheet."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import checkpoints
from ecgkt.dashboard import state, trust
from ecgkt.domain import Estimate
from ecgkt.explain.guards import checking

TARGET = "atrial_fibrillation"


@pytest.fixture
def known(untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The untrained checkpoint with a card that claims to know every target on simulated ECGs."""
    found = checkpoints.load(untrained / "transferred")
    claimed = dict.fromkeys(found.card.labels.names, Estimate(0.95, 0.9, 0.97, 500, 100))
    estimates = {**found.card.estimates, checking.SIMULATED: claimed}
    checkpoints.save(tmp_path / "transferred", replace(found.card, estimates=estimates), found.weights)
    monkeypatch.setenv("ECGKT_MODELS", str(tmp_path))
    return tmp_path


def mapped(page: AppTest, target: str = TARGET) -> AppTest:
    page.session_state[state.TARGET] = target
    page.run()
    assert not page.exception
    return page


def line(page: AppTest) -> str:
    (told,) = [part.proto.body for part in page.get("html") if "Checks of this map" in part.proto.body]
    return re.sub("<style>.*</style>", "", told, flags=re.DOTALL)


def sheet(page: AppTest) -> str:
    found = [re.search(r"svg\+xml;base64,([^\"]+)", part.proto.body) for part in page.get("html")]
    return b64decode(next(match for match in found if match).group(1)).decode()


def table(page: AppTest) -> str:
    return next(part.proto.body for part in page.get("html") if 'class="ecgkt-checks"' in part.proto.body)


def test_a_map_of_a_target_that_was_never_measured_is_not_to_be_relied_on_and_the_sheet_says_so(case_page):
    page = mapped(case_page())
    assert "<b>Do not rely on this map: the model was not shown to know this target" in line(page)
    assert "○" in line(page)
    assert "DO NOT RELY ON THIS MAP. Atrial fibrillation" in sheet(page)
    assert "not measured on simulated ECGs" in table(page)


def test_the_short_checks_run_at_once_and_the_others_when_asked(case_page, known):
    page = mapped(case_page())
    assert re.search(r"●.* passed \d of 3 checks|Do not rely", line(page))
    assert table(page).count("<tr class=") == 3
    page.button(trust.CHECK).click().run()
    assert not page.exception
    assert table(page).count("<tr class=") == 7
    assert trust.CHECK not in [button.key for button in page.button]
    assert trust.STOP not in [button.key for button in page.button]
    assert "all weights shuffled, draw 3" in table(page)
    assert "95% of" in table(page)


def test_what_was_checked_stays_with_its_map_and_another_target_begins_anew(case_page, known):
    page = mapped(case_page())
    page.button(trust.CHECK).click().run()
    whole = table(page)
    assert table(mapped(page, "left_bundle_branch_block")).count("<tr class=") == 3
    assert table(mapped(page)) == whole


def test_a_reader_who_stops_the_checks_is_left_with_the_short_ones(case_page, known):
    page = mapped(case_page())
    page.session_state[trust.CHECKING] = None
    page.run()
    assert table(page).count("<tr class=") == 3
    assert trust.CHECK in [button.key for button in page.button]


def test_without_a_map_nothing_is_said_of_it(case_page):
    page = case_page()
    assert not [part for part in page.get("html") if "Checks of this map" in part.proto.body]
