"""The sentence says what the shares are, and nothing stands out that by its own rule should not."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import LEADS, Explanation
from ecgkt.explain.regions import find_regions, shares, shares_of
from ecgkt.explain.words import lead_names, sentence

QUIET = 1e-9


def on_t(leads: tuple[str, ...], height: float, rest: float) -> np.ndarray:
    """A map that is `height` on T waves in these leads and `rest` elsewhere."""
    attribution = np.full((12, 1000), rest)
    for lead in leads:
        for start in range(50, 1000, 100):
            attribution[LEADS.index(lead), start + 22 : start + 40] = height
    return attribution


def test_a_map_on_three_t_waves_is_told_with_its_chance_level_and_its_leads(marked):
    regions = find_regions(marked(), 100.0, 1000)
    said = sentence(shares_of(on_t(("V2", "V3", "V4"), 0.02, 0.001), regions))
    mass, rest = 3 * 180 * 0.02, (12000 - 540) * 0.001
    share = (mass + 9 * 180 * 0.001) / (mass + rest)
    assert said.startswith(f"{share:.0%} of the map lies on T waves, which are 18% of the signal ({share / 0.18:.1f} ")
    assert "times chance), over half of it in V2 and V3; it raises the score (+" in said


def test_what_lowers_the_score_is_told_so(marked):
    said = sentence(shares_of(on_t(("I",), -0.05, QUIET), find_regions(marked(), 100.0, 1000)))
    assert "over half of it in I; it lowers the score (\N{MINUS SIGN}9.0)" in said


def test_where_both_signs_cancel_that_is_said_and_what_moves_the_score_instead(marked):
    attribution = on_t(LEADS, 0.02, QUIET)
    attribution[::2] *= -1
    attribution[:, 50:1000:100] = 0.01
    said = sentence(shares_of(attribution, find_regions(marked(), 100.0, 1000)))
    assert "raising and lowering nearly cancel there (0.0)" in said
    assert "On balance QRS complexes move the score most (+1.2; the whole map +1.2)." in said


def test_an_even_map_says_that_no_wave_and_no_lead_stands_out(marked):
    said = sentence(shares_of(np.ones((12, 1000)), find_regions(marked(), 100.0, 1000)))
    assert said.startswith("No wave stands out:")
    assert "No lead stands out." in said


def test_a_map_that_follows_the_size_of_the_waves_does_not_make_them_stand_out(marked):
    signal = on_t(LEADS, 1.0, 0.02)
    regions = find_regions(marked(), 100.0, 1000)
    without, with_signal = (sentence(shares_of(0.9 * signal, regions, seen)) for seen in (None, signal))
    assert without.startswith("92% of the map lies on T waves")
    assert with_signal.startswith(
        "No wave stands out: T waves hold 92% of the map on 18% of the signal, but their size"
    )
    assert "would draw 92%" in with_signal


def test_one_lead_that_holds_most_is_named_where_no_wave_is_told_apart():
    attribution = np.full((12, 1000), 0.001)
    attribution[LEADS.index("V1")] = 0.02
    said = sentence(shares_of(attribution, find_regions(None, 100.0, 1000)))
    assert said.startswith("No wave is told apart: fewer than 3 clear heartbeats were found.")
    assert "Of the leads V1 (65%) stands out" in said


def test_an_empty_map_says_so(marked):
    said = sentence(shares_of(np.zeros((12, 1000)), find_regions(marked(), 100.0, 1000)))
    assert said == "The map is zero everywhere: nothing on this ECG moves the score."


def test_of_a_method_that_tells_no_leads_or_no_waves_apart_none_are_named(marked):
    found = shares_of(on_t(("V2",), 0.05, 0.001), find_regions(marked(), 100.0, 1000))
    assert "in V2" in sentence(found)
    assert "V2" not in sentence(found, method="occlusion by wave")
    electrode = sentence(found, method="occlusion by electrode")
    assert electrode.startswith("Of the leads V2 (") and "wave" not in electrode


def test_of_plain_gradients_no_sum_is_told(marked):
    attribution = on_t(("V2",), 0.05, 0.001).astype(np.float32)
    regions = find_regions(marked(), 100.0, 1000)
    gradients = Explanation(attribution, 100.0, "gradients", "x", "none", 1.0, float("nan"), None, "id")
    said = sentence(shares(gradients, regions, attribution), method="gradients")
    assert said.endswith("over half of it in V2.")


@pytest.mark.parametrize(
    ("leads", "told"),
    [
        (("V4", "V2", "V3"), "V2 to V4"),
        (("I", "aVL"), "I and aVL"),
        (("V1", "V2", "V5", "V6"), "V1, V2, V5 and V6"),
        (("II", "III", "aVF", "V1"), "II, III, aVF and V1"),
        (("V6",), "V6"),
        (("aVF", "V1", "V2", "V3"), "aVF and V1 to V3"),
    ],
)
def test_leads_are_named_as_a_reader_would(leads, told):
    assert lead_names(leads) == told
