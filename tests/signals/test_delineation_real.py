"""Floors on real records: well below what docs/delineation.md reports, so that a fall is seen and a wobble is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.delineation import CHOSEN_ON, manual_intervals, points_of
from benchmarks.ludb import FS, LEAD_FILES, POINTS, Tally, compare, read_marks, read_signal
from ecgkt.signals.delineation import delineate
from ecgkt.signals.measurements import measure
from ecgkt.signals.rhythm import RhythmKind

FLOORS = {  # sensitivity %, PPV %, largest |mean| ms, largest SD ms; NeuroKit2's dwt is worse than each
    "P onset": (98, 96, 5, 22),
    "P peak": (98, 96, 8, 20),
    "P offset": (98, 96, 7, 22),
    "QRS onset": (99, 98, 4, 15),
    "QRS peak": (99, 99, 9, 21),
    "QRS offset": (99, 99, 4, 15),
    "T onset": (98, 97, 8, 37),
    "T peak": (98, 97, 5, 27),
    "T offset": (98, 97, 7, 29),
}
RHYTHMS = {
    8: RhythmKind.VENTRICULAR_PACING,
    35: RhythmKind.FLUTTER,
    38: RhythmKind.FIBRILLATION,
    74: RhythmKind.VENTRICULAR_PACING,
    90: RhythmKind.COMPLETE_BLOCK,
    96: RhythmKind.FIBRILLATION,
    22: RhythmKind.P_BEFORE_QRS,
    99: RhythmKind.P_BEFORE_QRS,
}


@pytest.fixture(scope="module")
def ludb(real_data: Path) -> Path:
    folder = real_data / "ludb"
    if not (folder / "data" / "1.hea").is_file():
        pytest.skip(f"no LUDB at {folder}")
    return folder


@pytest.mark.slow
def test_every_point_is_as_near_to_the_manual_marks_as_it_was(ludb):
    tallies = {point: Tally() for point in POINTS}
    for number in range(CHOSEN_ON + 1, 101):
        found = delineate(read_signal(ludb, number), FS)
        for row, lead in enumerate(LEAD_FILES):
            compare(tallies, read_marks(ludb, number, lead), points_of(found, row))
    for point, (sensitivity, predictive, mean, sd) in FLOORS.items():
        reached = tallies[point].row
        assert reached[0] >= sensitivity, (point, reached)
        assert reached[1] >= predictive, (point, reached)
        assert abs(reached[2]) <= mean, (point, reached)
        assert reached[3] <= sd, (point, reached)


def test_intervals_agree_with_the_manual_marks(ludb):
    differences: dict[str, list[float]] = {"pr": [], "qrs": [], "qt": []}
    for number in (2, 9, 14, 25, 33, 53, 62, 75, 85, 94):
        manual = manual_intervals([read_marks(ludb, number, lead) for lead in LEAD_FILES])
        values = measure(read_signal(ludb, number), FS).values
        for name, found in differences.items():
            value = values[name].value
            assert value is not None, (number, name, values[name].refusal)
            found.append(value - manual[name])
    for name, limit in (("pr", 14), ("qrs", 16), ("qt", 25)):
        assert abs(np.mean(differences[name])) < limit, (name, differences[name])
        assert np.std(differences[name]) < limit, (name, differences[name])


@pytest.mark.parametrize(("number", "kind"), RHYTHMS.items())
def test_the_rhythm_is_stated_and_pr_given_or_refused_with_it(ludb, number, kind):
    m = measure(read_signal(ludb, number), FS)
    assert m.rhythm.kind == kind
    assert (m.values["pr"].value is not None) == (kind == RhythmKind.P_BEFORE_QRS)


def test_the_rate_of_the_file_does_not_matter(ludb):
    from scipy.signal import resample_poly

    signal = read_signal(ludb, 30)
    reference = measure(signal, FS).values
    for fs, up, down in ((250, 1, 2), (1000, 2, 1)):
        other = measure(resample_poly(signal, up, down, axis=1, padtype="line"), fs).values
        for name in ("pr", "qrs", "qt", "rr"):
            assert other[name].value == pytest.approx(reference[name].value, abs=6), (fs, name)
