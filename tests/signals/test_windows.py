"""Which parts of a recording are read: end to end, none padded, the end seen, a minute at most."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.domain import Record
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.signals.windows import told, windows


def recording(seconds: float, fs: float = 500) -> Record:
    """A recording in which each sample says when it was made."""
    time = np.arange(round(seconds * fs)) / fs
    return Record(np.tile(time, (12, 1)).astype(np.float32), fs, "test", notes=("told before",))


@pytest.mark.parametrize("fs", [100, 250, 400, 500, 1000])
@pytest.mark.parametrize(
    ("seconds", "starts"),
    [
        (7, [0]),
        (10, [0]),
        (10.9, [0]),
        (11, [0, 1]),
        (20, [0, 10]),
        (20.5, [0, 10]),
        (24, [0, 10, 14]),
        (60, [0, 10, 20, 30, 40, 50]),
        (60.5, [0, 10, 20, 30, 40, 50]),
        (300, [0, 10, 20, 30, 40, 50]),
    ],
)
def test_windows_lie_end_to_end_and_the_last_ends_with_the_recording(seconds, starts, fs):
    found = windows(recording(seconds, fs))
    assert [round(window.start, 6) for window in found] == starts
    for window in found:
        assert window.record.signal.shape[1] == round(min(10, seconds) * fs)
        assert window.record.signal[0, 0] == pytest.approx(window.start, abs=1e-5)
        assert Preprocessing().apply(window.record).shape == (12, round(100 * min(10, seconds)))


def test_ten_seconds_are_the_very_record_and_others_say_which_they_are():
    whole, long = recording(10), recording(24)
    assert windows(whole)[0].record is whole
    assert [window.record.notes[-1] for window in windows(long)] == [
        "the first 10 s of 24.0 s are used",
        "10 to 20 s of 24.0 s are used",
        "14 to 24 s of 24.0 s are used",
    ]
    assert [window.title for window in windows(long)] == ["0 to 10 s", "10 to 20 s", "14 to 24 s"]
    assert all(window.record.notes[0] == "told before" for window in windows(long))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (7.3, "7.3 s are scored as they are, nothing is padded"),
        (10, None),
        (10.5, "the first 10 s of 10.5 s are used"),
        (24, "scored in 3 windows of 10 s over 24.0 s, by their median"),
        (300, "scored in 6 windows of 10 s over the first 60 s of 300.0 s, by their median"),
    ],
)
def test_what_is_scored_is_said(seconds, said):
    assert told(recording(seconds)) == said
