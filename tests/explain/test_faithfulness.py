"""Deletion and insertion on functions whose evidence is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.errors import InvalidValue
from ecgkt.explain.faithfulness import SHARES, bridge, deletion_insertion

WAVE = np.zeros((12, 1000), dtype=np.float32)
WAVE[7, 200:220] = WAVE[7, 600:620] = 1.0
NOISE = np.random.default_rng(1).normal(0, 0.05, (12, 1000)).astype(np.float32)


def on_the_wave(inputs: np.ndarray) -> np.ndarray:
    return 5 * (inputs * WAVE).sum(axis=(1, 2)).astype(float) / WAVE.sum() - 2


def test_a_map_on_the_only_evidence_takes_the_score_away_at_once_and_gives_it_at_once():
    found = deletion_insertion(on_the_wave, WAVE + NOISE, WAVE * (WAVE + NOISE), 100, random_orders=4)
    assert found.deletion[0] == pytest.approx(float(on_the_wave((WAVE + NOISE)[None])[0]))
    assert found.deletion[1] < -1.5 and found.insertion[1] > 2.5
    assert found.deletion[-1] == pytest.approx(-2, abs=1e-6) and found.insertion[0] == pytest.approx(-2, abs=1e-6)
    assert found.deletion_gain > 0.4 and found.insertion_gain > 0.2
    assert found.beaten == (1, 1)


def test_a_map_turned_round_is_worse_than_chance():
    found = deletion_insertion(on_the_wave, WAVE + NOISE, -WAVE, 100, random_orders=4)
    assert found.deletion_gain < -0.3 and found.insertion_gain < -0.3
    assert found.beaten == (0, 0)
    unsigned = deletion_insertion(on_the_wave, WAVE + NOISE, -WAVE, 100, order="absolute", random_orders=4)
    assert unsigned.deletion_gain > 0.4


def test_maps_of_noise_gain_nothing_on_average():
    signal = np.random.default_rng(3).normal(1, 0.3, (12, 1000)).astype(np.float32)

    def everywhere(inputs: np.ndarray) -> np.ndarray:
        return 5 * inputs.mean(axis=(1, 2)).astype(float)

    gains = []
    for seed in range(8):
        noise = np.random.default_rng(10 + seed).normal(size=(12, 1000))
        found = deletion_insertion(everywhere, signal, noise, 100, random_orders=3, seed=seed)
        gains.append((found.deletion_gain, found.insertion_gain))
    assert np.abs(np.mean(gains, axis=0)).max() < 0.005


def test_deletion_and_insertion_start_and_end_at_the_signal_and_at_the_baseline():
    seen = []

    def keep(inputs: np.ndarray) -> np.ndarray:
        seen.extend(inputs)
        return np.zeros(len(inputs))

    base = np.full_like(WAVE, 0.25)
    found = deletion_insertion(keep, WAVE + NOISE, WAVE, 100, baseline=base, random_orders=2)
    per_curve = len(found.shares)
    assert found.shares[0] == 0 and found.shares[-1] == 1 and per_curve == len(SHARES)
    curves = np.stack(seen).reshape(2, 3, per_curve, 12, 1000)
    np.testing.assert_array_equal(curves[0, :, 0], np.broadcast_to(WAVE + NOISE, (3, 12, 1000)))
    np.testing.assert_allclose(curves[0, :, -1], 0.25, atol=1e-6)
    np.testing.assert_allclose(curves[1, :, 0], 0.25, atol=1e-6)
    np.testing.assert_array_equal(curves[1, :, -1], np.broadcast_to(WAVE + NOISE, (3, 12, 1000)))


def test_the_same_seed_gives_the_same_orders_and_another_seed_others():
    def curves(seed: int) -> np.ndarray:
        return deletion_insertion(on_the_wave, WAVE + NOISE, WAVE, 100, random_orders=2, seed=seed).random_deletion

    np.testing.assert_array_equal(curves(3), curves(3))
    assert np.abs(curves(3) - curves(4)).max() > 0


def test_random_curves_of_another_map_of_the_score_are_taken_over():
    first = deletion_insertion(on_the_wave, WAVE + NOISE, NOISE, 100, random_orders=2, seed=6)
    anew = deletion_insertion(on_the_wave, WAVE + NOISE, WAVE, 100, random_orders=2, seed=6)
    taken = deletion_insertion(on_the_wave, WAVE + NOISE, WAVE, 100, control=first)
    assert (taken.deletion_gain, taken.insertion_gain) == (anew.deletion_gain, anew.insertion_gain)


def test_progress_is_told_to_the_end_and_may_stop_the_work():
    told = []
    deletion_insertion(on_the_wave, WAVE, WAVE, 100, progress=told.append)
    assert told[-1] == 1 and told == sorted(told) and len(told) > 1

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deletion_insertion(on_the_wave, WAVE, WAVE, 100, progress=stop)


def test_a_short_gap_is_a_straight_line_and_a_long_one_comes_down_to_the_baseline():
    signal = np.ones((12, 1000), dtype=np.float32)
    kept = np.ones((12, 1000), dtype=bool)
    kept[0, 100:110] = kept[1, 100:300] = False
    kept[2] = False
    found = bridge(signal, np.zeros_like(signal), kept, 100)
    np.testing.assert_allclose(found[0], 1)
    np.testing.assert_allclose(found[1, 99:110], np.linspace(1, 0, 11), atol=1e-6)
    assert not found[1, 110:290].any() and not found[2].any()
    np.testing.assert_array_equal(found[3:], signal[3:])


def test_nothing_is_put_in_steeper_than_the_signal_was():
    time = np.arange(1000) / 100
    signal = np.tile(np.sin(2 * np.pi * time), (12, 1)).astype(np.float32)
    kept = np.random.default_rng(5).random((12, 200)).repeat(5, axis=1) < 0.5
    steepest = np.abs(np.diff(bridge(signal, np.zeros_like(signal), kept, 100))).max()
    assert steepest <= max(np.abs(np.diff(signal)).max(), 1.0 / 10) + 1e-6


@pytest.mark.parametrize(
    ("signal", "attribution", "orders"),
    [
        (WAVE, WAVE[:, :900], 1),
        (WAVE[0], WAVE[0], 1),
        (WAVE, np.full_like(WAVE, np.nan), 1),
        (WAVE, WAVE, 0),
    ],
)
def test_what_cannot_be_judged_is_refused(signal, attribution, orders):
    with pytest.raises(InvalidValue):
        deletion_insertion(on_the_wave, signal, attribution, 100, random_orders=orders)
