from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgkt.dashboard import state
from ecgkt.dashboard.recorded import findings, summary
from ecgkt.domain import LEADS, Record
from ecgkt.signals.lead_quality import grade_leads

ROOT = Path(__file__).resolve().parents[2]


def judged(spoil) -> tuple:
    time = np.arange(5000) / 500
    beat = np.exp(-0.5 * ((time % 1 - 0.4) / 0.015) ** 2)
    signal = np.outer(np.linspace(0.6, 1.4, 12), beat)
    spoil(signal, time)
    return grade_leads(Record(signal, 500, "test"))


def test_a_good_signal_is_one_phrase():
    leads = judged(lambda signal, time: None)
    assert summary(leads) == "good in all 12 leads"
    assert findings(leads) == []


def test_noise_is_told_by_its_leads_with_the_largest_size():
    def spoil(signal, time):
        for lead, size in (("V1", 0.4), ("V4", 0.6)):
            signal[LEADS.index(lead)] += size * np.sin(2 * np.pi * 0.2 * time)
        signal[LEADS.index("III")] = 0.0

    leads = judged(spoil)
    assert summary(leads) == "9 good, 2 noisy, 1 unusable"
    assert dict(findings(leads)) == {"III": "is flat", "V1, V4": "baseline wander, 1.1 mV"}


@pytest.mark.slow
def test_the_case_page_says_how_the_sample_was_recorded_and_that_the_model_knows_such():
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    told = " ".join(part.proto.body for part in page.sidebar.get("html"))
    assert "<caption>Recording</caption>" in told
    assert "No sign of reversed electrodes." in told
    assert "Known kind of ECG (like PTB-XL 1-250 and 100 simulated)" in told


@pytest.mark.slow
def test_signs_of_reversed_arms_stand_above_the_ecg_and_not_in_the_sidebar_alone():
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    case = page.session_state[state.CASE]
    reversed_arms = case.record.signal.copy()
    order = [LEADS.index(lead) for lead in ("I", "II", "III", "aVR", "aVL", "aVF")]
    one, two, three, right, left, foot = (reversed_arms[at].copy() for at in order)
    for at, lead in zip(order, (-one, three, two, left, right, foot), strict=True):
        reversed_arms[at] = lead
    page.session_state[state.CASE] = replace(case, record=replace(case.record, signal=reversed_arms), id="reversed")
    page.run()
    above = [part.proto.body for part in page.main.get("html") if 'role="status"' in part.proto.body]
    assert any("arm reversal" in told for told in above)
