from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import LEADS, Record
from ecgkt.errors import InvalidValue
from ecgkt.explain.silence import (
    Parts,
    levelled,
    merged,
    silence,
    wave_spans,
    without_waves,
)
from ecgkt.signals.delineation import delineate
from ecgkt.signals.electrodes import ELECTRODES, hangs_on_none, leads_between, silenced

FS = 500


def of(signal: np.ndarray, name: str) -> np.ndarray:
    return signal[LEADS.index(name)]


@pytest.fixture
def body() -> np.ndarray:
    return np.random.default_rng(4).normal(0, 1, (9, 400))


@pytest.fixture(scope="module")
def sinus() -> Record:
    from ecgkt.dashboard import samples

    return samples.load(samples.titles()[0]).record


def test_without_the_right_arm_every_lead_is_what_its_definition_gives(body):
    """By hand: RA at (RA + LA + LL) / 3, so I = (2 LA - RA - LL) / 3 and so on."""
    right, left, foot, *chest = body
    level = (right + left + foot) / 3
    after = silenced(leads_between(body), ["RA"])
    terminal = (level + left + foot) / 3
    by_hand = {
        "I": left - level,
        "II": foot - level,
        "III": foot - left,
        "aVR": level - (left + foot) / 2,
        "aVL": left - (level + foot) / 2,
        "aVF": foot - (level + left) / 2,
        "V1": chest[0] - terminal,
        "V6": chest[5] - terminal,
    }
    for name, wanted in by_hand.items():
        np.testing.assert_allclose(of(after, name), wanted, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("electrode", ELECTRODES)
def test_einthoven_and_goldberger_hold_without_any_electrode(body, electrode):
    after = silenced(leads_between(body), [electrode]).astype(float)
    one, two = of(after, "I"), of(after, "II")
    np.testing.assert_allclose(of(after, "III"), two - one, atol=1e-5)
    np.testing.assert_allclose(of(after, "aVR"), -(one + two) / 2, atol=1e-5)
    np.testing.assert_allclose(of(after, "aVL"), one - two / 2, atol=1e-5)
    np.testing.assert_allclose(of(after, "aVF"), two - one / 2, atol=1e-5)


@pytest.mark.parametrize(("electrode", "untouched"), [("RA", {"III"}), ("LA", {"II"}), ("LL", {"I"})])
def test_a_limb_moves_every_lead_but_the_one_between_the_other_two(body, electrode, untouched):
    signal = leads_between(body).astype(np.float32)
    after = silenced(signal, [electrode])
    same = {lead for lead, a, b in zip(LEADS, signal, after, strict=True) if np.array_equal(a, b)}
    assert same == untouched == set(hangs_on_none([electrode]))


def test_a_chest_electrode_takes_its_own_lead_alone_and_leaves_it_flat(body):
    signal = leads_between(body).astype(np.float32)
    after = silenced(signal, ["V3"])
    assert np.abs(of(after, "V3")).max() < 1e-6
    others = [place for place, lead in enumerate(LEADS) if lead != "V3"]
    np.testing.assert_array_equal(after[others], signal[others])


def test_all_nine_silenced_are_the_zero_signal_and_none_is_the_recording(body):
    signal = leads_between(body)
    np.testing.assert_allclose(silenced(signal, ELECTRODES), 0, atol=1e-6)
    np.testing.assert_array_equal(silenced(signal, []), signal.astype(np.float32))


def test_the_parts_that_electrodes_carry_add_up(body):
    signal = leads_between(body)
    lost = sum(signal - silenced(signal, [one]).astype(float) for one in ELECTRODES)
    np.testing.assert_allclose(lost, signal, atol=1e-5)


def test_a_recording_that_einthoven_is_off_in_stays_off_by_as_much(body):
    signal = leads_between(body)
    signal[LEADS.index("III")] += 0.005
    after = silenced(signal, ["LA"]).astype(float)
    np.testing.assert_allclose(of(after, "III") - (of(after, "II") - of(after, "I")), 0.005, atol=1e-5)


def test_a_gap_stays_a_gap_and_makes_none_elsewhere(body):
    signal = leads_between(body)
    signal[LEADS.index("I"), 100:120] = np.nan
    after = silenced(signal, ["RA"])
    assert np.isnan(of(after, "I")[100:120]).all()
    assert np.isfinite(np.delete(after, LEADS.index("I"), axis=0)).all()


def test_an_unknown_electrode_wave_or_lead_is_named(sinus):
    with pytest.raises(InvalidValue, match="RL"):
        silenced(sinus.signal, ["RL"])
    with pytest.raises(InvalidValue, match="U"):
        Parts(waves=("U",))
    with pytest.raises(InvalidValue, match="V7"):
        Parts(waves=("T",), leads=("V7",))


def test_a_span_becomes_the_line_between_its_ends():
    ramp = np.arange(200.0)[None] * np.ones((12, 1)) / 100
    bumped = ramp.copy()
    bumped[:, 80:121] += np.hanning(41)
    after = levelled(bumped, 100, np.array([[0.80, 1.20]]))
    np.testing.assert_allclose(after, ramp, atol=0.02)
    np.testing.assert_array_equal(after[:, :80], bumped[:, :80].astype(np.float32))
    np.testing.assert_array_equal(after[:, 121:], bumped[:, 121:].astype(np.float32))


def test_touching_spans_become_one():
    joined = merged(np.array([[2.0, 3.0], [0.5, 1.0], [1.0, 1.5]]))
    np.testing.assert_array_equal(joined, [[0.5, 1.5], [2.0, 3.0]])


def test_without_t_waves_t_is_flat_and_qrs_as_it_was(sinus):
    found = delineate(sinus.signal, sinus.fs)
    after = silence(sinus, Parts(waves=("T",)), found)
    before = sinus.signal
    inside = np.zeros(before.shape[1], dtype=bool)
    for start, end in wave_spans(found, "T"):
        inside[round(start * FS) : round(end * FS) + 1] = True
    np.testing.assert_array_equal(after.signal[:, ~inside], before[:, ~inside])
    for start, end in wave_spans(found, "T"):
        piece = after.signal[:, round(start * FS) : round(end * FS) + 1].astype(float)
        np.testing.assert_allclose(np.diff(piece, 2, axis=1), 0, atol=1e-5)
    assert np.ptp(before[LEADS.index("V3"), inside]) > 2 * np.ptp(after.signal[LEADS.index("V3"), inside])
    assert "T levelled in every beat" in after.notes


def test_einthoven_holds_without_a_wave(sinus):
    after = silence(sinus, Parts(waves=("QRS", "ST"))).signal.astype(float)
    before = sinus.signal.astype(float)
    off = np.abs(of(before, "III") - (of(before, "II") - of(before, "I"))).max()
    assert np.abs(of(after, "III") - (of(after, "II") - of(after, "I"))).max() <= off + 1e-5


def test_a_wave_may_go_in_some_leads_only(sinus):
    after = silence(sinus, Parts(waves=("T",), leads=("V2", "V3")))
    same = {lead for lead, a, b in zip(LEADS, sinus.signal, after.signal, strict=True) if np.array_equal(a, b)}
    assert same == set(LEADS) - {"V2", "V3"}


def test_a_wave_goes_at_the_models_rate_where_it_goes_at_the_recordings(sinus):
    found = delineate(sinus.signal, sinus.fs)
    slow = without_waves(sinus.signal[:, ::5], 100, found, ["QRS"])
    fast = without_waves(sinus.signal, FS, found, ["QRS"])[:, ::5]
    changed = [np.abs(one - sinus.signal[:, ::5]).max(axis=0) > 0.15 for one in (slow, fast)]
    assert (changed[0] == changed[1]).mean() > 0.98


def test_fibrillation_has_no_p_wave_to_silence():
    from ecgkt.dashboard import samples

    record = samples.load(samples.titles()[1]).record
    assert not len(wave_spans(delineate(record.signal, record.fs), "P"))
    with pytest.raises(InvalidValue, match="P wave"):
        silence(record, Parts(waves=("P",)))


def test_nothing_silenced_is_the_record_itself(sinus):
    assert silence(sinus, Parts()) is sinus
