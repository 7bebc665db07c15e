"""The words of every page in its states, as sent to the browser, by the bundled models: what never stands there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgkt.dashboard import cohort, compare, compare_cohort, samples, state
from ecgkt.dashboard.state import Beside, Case
from ecgkt.domain import LEADS, Domain
from tests.pages.words import plain, said

ROOT = Path(__file__).resolve().parents[2]
POTASSIUM = "High potassium (simulated)"
NEVER = {
    "certainty": r"confiden|\b\d+ ?% (sure|certain)",
    "what a machine does not do": r"(?<!\+)\bAI\b(?! Act)|\bdetect(s|ed)\b|\bdiagnoses you\b",
    "a cause": r"\bcaused by\b|\bcarried by\b|\bbecause of\b|\bdue to\b|\bdriven by\b",
    "a table's spelling of a unit": r"\bK/uL\b|\buIU\b|\d 10⁹/L|\buL\b",
    "a figure that is none": r"\bnan\b|\bNone\b(?!:| of)|[+\N{MINUS SIGN}-]0\.0+\b",
    "a picture": "[\N{WHITE HEAVY CHECK MARK}\N{WARNING SIGN}\U0001f300-\U0001faff]",
    "a bare probability": r"probabilit(?!ies were calibrated)(?<!no probabilit)",
}
CAUSES = re.compile(r"\bcauses?\b")
NO_CAUSE = re.compile(
    r"\b[Nn]o (map is a )?cause|\bnot (of )?(a|the) cause|\bother causes\b|\bof known cause\b|look for the cause\b"
)
FREQUENCY = re.compile(r"\b\d+ in (10|100|1,000|10,000)\b|\b1 in [\d,]+")
MEASURED = re.compile(r"\bmeasured [\d.,]+[^;]*")
TIMED = re.compile(r", (at the ECG|\d+ (min|h) (later|before)|time not known)$")


@pytest.fixture(autouse=True)
def bundled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import streamlit as st

    for name in ("MODELS", "RECORDS", "PREDICTIONS", "COHORT"):
        monkeypatch.delenv(f"ECGKT_{name}", raising=False)
    yield
    st.cache_data.clear()


def opened(name: str, **held: object) -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=120)
    for key, one in held.items():
        page.session_state[key] = one
    page.run()
    assert not page.exception
    return page


def real() -> Case:
    return replace(samples.load(samples.REAL), link="", veiled_link="")


def spoilt(age: float | None = None, flat: str | None = None) -> Case:
    """The real sample of another age, or with a flat lead."""
    case = real()
    signal = np.array(case.record.signal)
    if flat is not None:
        signal[LEADS.index(flat)] = 0.0
    return replace(case, record=replace(case.record, signal=signal, age=age, domain=Domain.UNKNOWN))


def everything(page: AppTest) -> AppTest:
    """Open all scores and all that is folded away."""
    for toggle in page.toggle:
        if toggle.key == state.ALL_ROWS or str(toggle.key).startswith("folded"):
            toggle.set_value(True)
    page.run()
    assert not page.exception
    return page


STATES: dict[str, Callable[[], AppTest]] = {
    "case, simulated": lambda: everything(opened("case")),
    "case, simulated, a code chosen": lambda: opened(
        "case", case=samples.load(POTASSIUM), target="e87_hyperkalaemia", own_prevalence=True, si_units=True
    ),
    "case, simulated, a lab chosen": lambda: opened("case", case=samples.load(POTASSIUM), target="potassium_high"),
    "case, real": lambda: everything(opened("case", case=real())),
    "case, real, a target chosen": lambda: opened("case", case=real(), target="atrial_fibrillation"),
    "case, abstained": lambda: opened("case", case=spoilt(flat="V3")),
    "case, a child": lambda: opened("case", case=spoilt(age=12)),
    "case, read first": lambda: opened("case", case=samples.load(POTASSIUM), read_first=True),
    "case, with an earlier one": lambda: opened(
        "case", case=samples.load(POTASSIUM), previous=Beside(samples.load(samples.titles()[0]))
    ),
    "compare, simulated": lambda: opened("compare", case=samples.load(POTASSIUM)),
    "compare, real": lambda: opened("compare", case=real()),
    "about": lambda: opened("about"),
    "what if": lambda: opened("what_if"),
    **{f"cohort, {one}": lambda one=one: opened("cohort", cohort_section=one) for one in cohort.SECTIONS},
    **{
        f"compare, cohort, {one}": lambda one=one: opened("compare", compare=compare.VIEWS[1], section=one)
        for one in compare_cohort.SECTIONS
    },
}
UNCALIBRATED = ("case, real", "case, real, a target chosen", "compare, real")
SILENT = ("case, abstained", "case, a child", "case, read first")


@pytest.mark.slow
@pytest.mark.parametrize("name", STATES)
def test_no_page_says_what_must_not_be_said(name):
    texts = said(STATES[name]())
    assert len(texts) > 10
    wrong = [f"{what}: {text[:200]}" for text in texts for what, never in NEVER.items() if re.search(never, text)]
    assert wrong == []
    assert [text[:200] for text in texts if CAUSES.search(NO_CAUSE.sub("", text))] == []
    whole = " ".join(texts)
    assert "Research demonstration, not for diagnosis" in whole
    if "simulated" in name:
        assert "SIMULATED" in whole
    if name in UNCALIBRATED:
        assert "uncalibrated here" in whole
        assert "the 100th is the highest" in whole
    if name in (*UNCALIBRATED, *SILENT):
        assert [text for text in texts if FREQUENCY.search(text)] == []


@pytest.mark.slow
def test_each_measured_value_has_its_unit_and_its_time_from_the_ecg():
    texts = said(STATES["case, simulated, a code chosen"]())
    told = [found for text in texts for found in MEASURED.findall(text)]
    assert len(told) >= 6
    assert [one for one in told if not TIMED.search(one)] == []


def test_the_patterns_find_what_they_are_for():
    for text in ("97 % confident", "AI detects", "Caused by", "9 K/uL", "12 10⁹/L", "+0.000", "nan",
                 "a probability of 0.3"):  # fmt: skip
        assert any(re.search(never, text, re.IGNORECASE) for never in NEVER.values()), text
    for text in ("A rank is no probability.", "Article 13(3) of the EU AI Act", "0.000 (−0.001 to 0.001)"):
        assert not any(re.search(never, text) for never in NEVER.values()), text
    assert plain('<style>p {}</style><p>a <b>b</b></p><img alt="c" src="data:x">') == "a b c"
