from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import LEADS, Record
from ecgkt.signals.lead_quality import BURST, CLIPPED, FAST, MAINS, WANDER, Grade, grade_leads, noise_of

TIME = np.arange(5000) / 500


def clean() -> np.ndarray:
    """Ten narrow beats with a T wave in every lead, mV."""
    beat = np.exp(-0.5 * ((TIME % 1 - 0.4) / 0.015) ** 2) + 0.25 * np.exp(-0.5 * ((TIME % 1 - 0.7) / 0.05) ** 2)
    return np.outer(np.linspace(0.6, 1.4, 12), beat)


def judged(signal: np.ndarray, lead: str = "V3"):
    return grade_leads(Record(signal, 500, "test"))[LEADS.index(lead)]


def test_a_clean_recording_is_good_in_every_lead():
    assert {lead.grade for lead in grade_leads(Record(clean(), 500, "test"))} == {Grade.GOOD}


@pytest.mark.parametrize(
    ("what", "noise"),
    [
        (WANDER, 0.5 * np.sin(2 * np.pi * 0.2 * TIME)),
        (FAST, 0.03 * np.random.default_rng(1).normal(0, 1, 5000)),
        (BURST, 0.08 * np.random.default_rng(1).normal(0, 1, 5000) * ((TIME > 4) & (TIME < 5))),
        (MAINS, 0.04 * np.sin(2 * np.pi * 50 * TIME)),
    ],
)
def test_each_kind_of_noise_is_named_in_its_lead_alone(what, noise):
    signal = clean()
    signal[LEADS.index("V3")] += noise
    found = judged(signal)
    assert found.grade is Grade.NOISY
    assert what in {finding.what for finding in found.findings}
    assert {lead.grade for lead in grade_leads(Record(signal, 500, "test")) if lead.lead != "V3"} == {Grade.GOOD}


def test_the_size_of_mains_and_wander_is_what_was_added():
    signal = clean()
    signal[3] += 0.05 * np.sin(2 * np.pi * 60 * TIME + 1)
    signal[4] += np.where(TIME > 5, 0.8, 0.0)
    noise = noise_of(signal, 500)
    assert noise.mains[3] == pytest.approx(0.1, rel=0.05)
    assert noise.wander[4] == pytest.approx(0.8, rel=0.1)


def test_a_clipped_lead_is_named():
    signal = clean()
    signal[8] = np.minimum(signal[8], 0.6 * signal[8].max())
    assert CLIPPED in {finding.what for finding in judged(signal).findings}


@pytest.mark.parametrize("spoil", [np.nan, 0.0])
def test_a_missing_or_flat_lead_is_unusable(spoil):
    signal = clean()
    signal[8] = spoil
    found = judged(signal)
    assert found.grade is Grade.UNUSABLE
    assert found.findings[0].what in ("is missing", "is flat")


def test_noise_in_which_no_wave_is_found_is_unusable():
    signal = clean()
    signal[8] += np.random.default_rng(0).normal(0, 0.6, 5000)
    assert judged(signal).grade is Grade.UNUSABLE


def test_what_a_slow_recording_cannot_hold_is_not_found_in_it():
    signal = clean()[:, ::5]
    assert {lead.grade for lead in grade_leads(Record(signal, 100, "test"))} == {Grade.GOOD}


def test_numbers_beyond_all_sense_are_judged_without_a_warning():
    signal = clean()
    signal[8, 700], signal[8, 725] = 3e38, -3e38
    assert judged(signal).grade is Grade.UNUSABLE
