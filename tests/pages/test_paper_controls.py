"""Layout, speed, gain, filter and size on the Case page: what is drawn changes, what the model sees does not."""

from __future__ import annotations

import re
from base64 import b64decode

import numpy as np
import pytest

from ecgkt.dashboard import paper, samples, state
from ecgkt.domain import Record
from ecgkt.figures.paper import GAINS, LAYOUTS, SPEEDS
from ecgkt.inference import Predictor
from ecgkt.signals.display import FILTERS
from ecgkt.signals.preprocessing import Preprocessing


def sheet(page) -> str:
    """Return the SVG of the sheet that is shown."""
    bodies = [part.proto.body for part in page.get("html")]
    (image,) = (body for body in bodies if 'class="ecgkt-sheet"' in body)
    return b64decode(re.search(r'base64,([^"]+)"', image)[1]).decode()


def leads(drawn: str) -> list[str]:
    return re.findall(r'class="ink" data-lead="([^"]+)"', drawn)


def inked(drawn: str) -> list[str]:
    return re.findall(r'class="ink"[^>]* d="([^"]+)"', drawn)


def scores(page) -> list[str]:
    return [button.label for button in page.button if str(button.key).startswith("row-")]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_one_choice_away(case_page, name):
    page = case_page()
    page.selectbox(paper.LAYOUT).set_value(name).run()
    layout = LAYOUTS[name]
    expected = [lead.replace("-", "\N{MINUS SIGN}") for row in layout.rows for lead in row]
    assert leads(sheet(page)) == [*expected, *layout.rhythm]


def test_speed_and_gain_are_said_below_the_sheet_that_they_change(case_page):
    page = case_page()
    before = sheet(page)
    page.selectbox(paper.SPEED).set_value(50.0)
    page.selectbox(paper.GAIN).set_value(20.0).run()
    assert "25 mm/s, 10 mm/mV relative to the grid" in before
    assert "50 mm/s, 20 mm/mV relative to the grid" in sheet(page)
    assert (page.selectbox(paper.SPEED).options, page.selectbox(paper.GAIN).options) == (
        [f"{speed:g} mm/s" for speed in SPEEDS],
        [f"{gain:g} mm/mV" for gain in GAINS],
    )


@pytest.mark.parametrize("name", [name for name, one in FILTERS.items() if one.description])
def test_a_filter_changes_the_ink_and_not_one_bit_of_what_the_model_sees(case_page, monkeypatch, name):
    seen: list[tuple[bytes, bytes]] = []

    def listen(through):
        def predict(self, records, *more, **named):
            seen.extend((one.signal.tobytes(), Preprocessing().apply(one).tobytes()) for one in records)
            return through(self, records, *more, **named)

        return predict

    monkeypatch.setattr(Predictor, "predict", listen(Predictor.predict))
    plain = case_page()
    filtered = case_page()
    filtered.selectbox(paper.FILTER).set_value(name).run()
    filtered.selectbox(state.SAMPLE).set_value(samples.titles()[1]).run()
    filtered.selectbox(state.SAMPLE).set_value(samples.titles()[0]).run()
    assert len(seen) == 4
    assert seen[0] == seen[1] == seen[3] != seen[2]
    assert f"display: {FILTERS[name].description}" in sheet(filtered)
    assert "no display filter" in sheet(plain)
    assert inked(sheet(plain)) != inked(sheet(filtered))
    rows = [
        [button.label for button in page.button if str(button.key).startswith("row-")] for page in (plain, filtered)
    ]
    assert rows[0] == rows[1]
    assert rows[0]


def test_a_filter_that_the_rate_does_not_hold_is_not_offered(case_page):
    page = case_page()
    page.selectbox(paper.FILTER).set_value("60 Hz notch").run()
    signal = np.random.default_rng(0).normal(0, 0.2, (12, 1000)).astype(np.float32)
    page.session_state[state.CASE] = state.Case("Slow", Record(signal, 100, "test"))
    page.run()
    assert not page.exception
    assert "60 Hz notch" not in page.selectbox(paper.FILTER).options
    assert "no display filter" in sheet(page)


def test_the_files_own_filter_is_said(case_page):
    page = case_page()
    page.selectbox(state.SAMPLE).set_value(samples.REAL).run()
    assert "recorded with 0.05-300 Hz" in sheet(page)


def test_the_bank_card_gives_the_sheet_its_true_size(case_page):
    page = case_page()
    assert "true_size" not in page.session_state or not page.session_state[paper.TRUE_SIZE]
    page.slider(paper.CARD_PX).set_value(428)
    page.toggle(paper.TRUE_SIZE).set_value(True).run()
    styles = " ".join(part.proto.body for part in page.get("html") if "<style>" in part.proto.body)
    assert f"width: {270 * 428 / 85.6:.1f}px" in styles
    assert "relative to the grid" not in sheet(page)


def test_the_choices_outlive_another_case(case_page):
    page = case_page()
    page.selectbox(paper.LAYOUT).set_value("Cabrera 12x1").run()
    page.selectbox(state.SAMPLE).set_value(samples.titles()[2]).run()
    assert page.selectbox(paper.LAYOUT).value == "Cabrera 12x1"
    assert len(leads(sheet(page))) == 12
