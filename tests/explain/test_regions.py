"""Shares by wave and lead against hand-made waves, the simulator's own wave times, and real recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgkt import readers
from ecgkt.domain import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.explain.regions import REGIONS, find_regions, shares_of
from ecgkt.signals.delineation import delineate

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples" / "files"
FIBRILLATION, SINUS = (f"p1990/p1990000{k}/s4990000{k}/4990000{k}.hea" for k in (2, 1))


def at(name: str) -> int:
    return REGIONS.index(name)


def test_every_sample_of_a_hand_made_beat_is_named_as_the_definitions_say(marked):
    regions = find_regions(marked(), 100.0, 1000)
    beat = regions.of[LEADS.index("V3"), 150:250]
    expected = (
        ["QRS complex"] * 10 + ["ST segment"] * 12 + ["T wave"] * 18 + ["TP segment"] * 44
        + ["P wave"] * 10 + ["PR segment"] * 6
    )  # fmt: skip
    assert [REGIONS[place] for place in beat] == expected
    assert regions.beats == 10
    assert regions.note == ""


def test_before_the_first_and_after_the_last_wave_nothing_is_named(marked):
    of = find_regions(marked(), 100.0, 1000).of
    assert (of[:, :34] == at("not delineated")).all()
    assert (of[:, 34:44] == at("P wave")).all()
    assert (of[:, 990:] == at("not delineated")).all()


def test_a_map_that_lies_on_the_t_wave_of_one_lead_has_all_of_its_mass_there(marked):
    regions = find_regions(marked(), 100.0, 1000)
    attribution = np.zeros((12, 1000))
    for start in range(50, 1000, 100):
        attribution[LEADS.index("V3"), start + 22 : start + 40] = -0.5
    found = shares_of(attribution, regions)
    assert found.mass[LEADS.index("V3"), at("T wave")] == 1.0
    assert found.mass.sum() == 1.0
    t = next(part for part in found.by_region if part.name == "T wave")
    assert (t.share, t.chance, t.signed) == (1.0, pytest.approx(0.18), -90.0)
    assert t.times == pytest.approx(1 / 0.18)


def test_an_even_map_has_exactly_its_chance_level_everywhere(marked):
    regions = find_regions(marked(), 100.0, 1000)
    found = shares_of(np.full((12, 1000), -0.25), regions)
    np.testing.assert_allclose(found.mass, found.area, atol=1e-12)
    assert [part.times for part in found.by_lead] == pytest.approx([1.0] * 12)
    np.testing.assert_allclose([part.times for part in found.by_region], 1.0)


def test_shares_and_sums_add_up_whatever_the_map(marked):
    attribution = np.random.default_rng(0).normal(size=(12, 1000))
    found = shares_of(attribution, find_regions(marked(), 100.0, 1000), attribution)
    assert found.mass.sum() == pytest.approx(1.0)
    assert found.area.sum() == pytest.approx(1.0)
    assert found.signed.sum() == pytest.approx(attribution.sum())
    assert sum(part.share for part in found.by_region) == pytest.approx(1.0)
    np.testing.assert_allclose([part.signed for part in found.by_lead], attribution.sum(axis=1))
    np.testing.assert_allclose(found.size, found.mass)


def test_a_wave_that_was_not_found_is_absent_and_its_neighbours_are_not_stretched(marked):
    without_p = find_regions(marked(p=None, irregularity=0.3), 100.0, 1000)
    assert not np.isin(without_p.of, [at("P wave"), at("PR segment")]).any()
    assert "No P wave was found (by rules: atrial fibrillation)" in without_p.note
    assert without_p.names[at("TP segment")] == "TQ interval"
    assert (without_p.of[:, 190:250] == at("TP segment")).all()
    without_t = find_regions(marked(t=None), 100.0, 1000)
    assert not np.isin(without_t.of, [at("ST segment"), at("T wave"), at("TP segment")]).any()
    assert (without_t.of[:, 160:234] == at("not delineated")).all()
    assert "cut into waves" in without_t.doubt


def test_a_p_wave_on_a_t_wave_stays_a_p_wave_and_nothing_covers_the_qrs(marked):
    regions = find_regions(marked(t=(300.0, 900.0), p=(-160.0, 20.0)), 100.0, 1000)
    beat = regions.of[0, 150:250]
    assert (beat[84:] == at("P wave")).all()
    assert (beat[:10] == at("QRS complex")).all()
    assert (beat[30:84] == at("T wave")).all()


def test_fewer_than_three_beats_are_not_cut(marked):
    for one in (None, marked(beats=2)):
        regions = find_regions(one, 100.0, 1000)
        assert (regions.of == at("not delineated")).all()
        assert "fewer than 3 clear heartbeats" in regions.note


def test_a_recording_of_noise_has_no_waves():
    noise = np.random.default_rng(1).normal(0, 0.2, (12, 5000))
    assert find_regions(delineate(noise, 500.0), 100.0, 1000).beats == 0


def test_atrial_fibrillation_has_no_share_for_a_p_wave_and_sinus_rhythm_has():
    found = {}
    for name in (FIBRILLATION, SINUS):
        record = readers.read_record(SAMPLES / name)
        regions = find_regions(delineate(record.signal, record.fs), 100.0, 1000)
        found[name] = {part.name: part for part in shares_of(np.ones((12, 1000)), regions).by_region}
    assert found[FIBRILLATION]["P wave"].share == found[FIBRILLATION]["PR segment"].chance == 0
    assert 0.05 < found[SINUS]["P wave"].chance < 0.25


def test_values_of_another_input_are_refused(marked):
    with pytest.raises(InvalidValue, match="the input that was cut"):
        shares_of(np.zeros((12, 900)), find_regions(marked(), 100.0, 1000))


def test_regions_lie_where_the_simulator_put_its_waves():
    from ecgkt.simulation import SimulationSettings
    from ecgkt.simulation.plans import plan_record
    from ecgkt.simulation.truth import truth_of_plan
    from ecgkt.simulation.waveforms import synthesise

    settings = SimulationSettings(artefacts=0.0, faulty=0.0, enrichment=0.1)
    hits, said, put = np.zeros(3), np.zeros(3), np.zeros(3)
    for patient in range(8):
        plan = plan_record(5, patient, 0, settings)
        truth = truth_of_plan(5, plan, settings)
        regions = find_regions(delineate(synthesise([plan])[0].numpy(), 500.0), 100.0, 1000)
        if regions.note:
            continue
        for place, (name, times) in enumerate((("P wave", truth.p), ("QRS complex", truth.qrs), ("T wave", truth.t))):
            real = np.zeros((12, 1000), dtype=bool)
            for lead in range(12):
                for begin, end in zip(times.onset[lead], times.offset[lead], strict=True):
                    if np.isfinite(begin + end):
                        real[lead, round(100 * begin) : round(100 * end)] = True
            clear = real.any(axis=1)[:, None]
            mine = (regions.of == at(name)) & clear
            hits[place] += (mine & real).sum()
            said[place] += mine.sum()
            put[place] += real.sum()
    assert (hits > 2000).all()
    assert (2 * hits / (said + put) > (0.6, 0.8, 0.7)).all(), 2 * hits / (said + put)
