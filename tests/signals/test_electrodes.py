from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.signals.electrodes import (
    CHEST_PAIRS,
    ELECTRODES,
    LIMB_PAIRS,
    leads_between,
    potentials,
    swapped,
)


@pytest.fixture
def body() -> np.ndarray:
    """Potentials (9, n) of nine electrodes against some far point, in mV."""
    return np.random.default_rng(4).normal(0, 1, (9, 400))


def lead(signal: np.ndarray, name: str) -> np.ndarray:
    return signal[LEADS.index(name)]


def test_leads_are_einthovens_goldbergers_and_wilsons_differences(body):
    right, left, foot, *chest = body
    signal = leads_between(body)
    np.testing.assert_allclose(lead(signal, "I"), left - right)
    np.testing.assert_allclose(lead(signal, "III"), foot - left)
    np.testing.assert_allclose(lead(signal, "aVL"), left - (right + foot) / 2)
    np.testing.assert_allclose(lead(signal, "V4"), chest[3] - (right + left + foot) / 3)


def test_potentials_differ_from_the_bodys_by_the_terminal_alone(body):
    found = potentials(leads_between(body))
    np.testing.assert_allclose(found, body - body[:3].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(leads_between(found), leads_between(body), atol=1e-12)


@pytest.mark.parametrize(("one", "other"), [*LIMB_PAIRS, *CHEST_PAIRS, ("LA", "V2")])
def test_a_swap_is_what_a_machine_records_with_the_cables_exchanged(body, one, other):
    order = list(range(9))
    a, b = ELECTRODES.index(one), ELECTRODES.index(other)
    order[a], order[b] = order[b], order[a]
    np.testing.assert_allclose(swapped(leads_between(body), one, other), leads_between(body[order]), atol=1e-12)


def test_reversed_arms_invert_lead_one_and_exchange_two_with_three(body):
    signal = leads_between(body)
    after = swapped(signal, "RA", "LA")
    for name, was, sign in (("I", "I", -1), ("II", "III", 1), ("aVR", "aVL", 1), ("aVF", "aVF", 1), ("V1", "V1", 1)):
        np.testing.assert_allclose(lead(after, name), sign * lead(signal, was), atol=1e-12)


def test_right_arm_with_left_leg_inverts_two_and_left_arm_with_left_leg_three(body):
    signal = leads_between(body)
    leg = swapped(signal, "RA", "LL")
    np.testing.assert_allclose(lead(leg, "II"), -lead(signal, "II"), atol=1e-12)
    np.testing.assert_allclose(lead(leg, "I"), -lead(signal, "III"), atol=1e-12)
    np.testing.assert_allclose(lead(leg, "aVR"), lead(signal, "aVF"), atol=1e-12)
    left = swapped(signal, "LA", "LL")
    np.testing.assert_allclose(lead(left, "III"), -lead(signal, "III"), atol=1e-12)
    np.testing.assert_allclose(lead(left, "I"), lead(signal, "II"), atol=1e-12)


def test_an_arm_on_the_right_leg_leaves_nothing_between_the_legs_and_moves_the_terminal(body):
    signal = leads_between(body)
    right = swapped(signal, "RA", "RL")
    np.testing.assert_allclose(lead(right, "II"), 0, atol=1e-12)
    np.testing.assert_allclose(lead(right, "I"), -lead(signal, "III"), atol=1e-12)
    assert not np.allclose(lead(right, "V1"), lead(signal, "V1"))
    np.testing.assert_allclose(lead(swapped(signal, "LA", "RL"), "III"), 0, atol=1e-12)


def test_a_swap_undone_is_the_recording(body):
    signal = leads_between(body)
    np.testing.assert_allclose(swapped(swapped(signal, "RA", "LL"), "LL", "RA"), signal, atol=1e-12)


def test_an_electrode_that_is_not_there_is_told(body):
    with pytest.raises(InvalidValue, match="one of RA, LA"):
        swapped(leads_between(body), "RA", "V7")
    with pytest.raises(InvalidValue, match="12 leads"):
        potentials(body)
