"""The cart's own intervals and axes of the kept ECGs, as machine_measurements.csv prints them."""

from __future__ import annotations

from ecgkt.mimic.waveforms import MISSING_MEASUREMENT

MEASURED = ("rr_ms", "p_ms", "pr_ms", "qrs_ms", "qt_ms", "p_axis", "qrs_axis", "t_axis")
"""Intervals in ms, axes in degrees."""

_SPANS = {
    "p_ms": ("p_onset", "p_end"),
    "pr_ms": ("p_onset", "qrs_onset"),
    "qrs_ms": ("qrs_onset", "qrs_end"),
    "qt_ms": ("qrs_onset", "t_end"),
}


def machine_values() -> str:
    """Return the query of row and `MEASURED`, one row per kept ECG, NULL where the cart measured nothing.

    29999 is missing, as are a span that is not positive (RR is 0 where there is none) and an axis outside -180 to 270
    degrees; an axis beyond 180 is turned by 360.
    """
    spans = [f"{_known(end)} - {_known(start)} AS {name}" for name, (start, end) in _SPANS.items()]
    axes = [f"{_known(name)} AS {name}" for name in MEASURED if name.endswith("_axis")]
    asked = ", ".join([f"{_known('rr_interval')} AS rr_ms", *spans, *axes])
    checked = [f"CASE WHEN {name} > 0 THEN {name} END::DOUBLE AS {name}" for name in MEASURED if name.endswith("_ms")]
    checked += [
        f"CASE WHEN {name} BETWEEN -180 AND 180 THEN {name} WHEN {name} BETWEEN 181 AND 270 THEN {name} - 360 END"
        f"::DOUBLE AS {name}"
        for name in MEASURED
        if name.endswith("_axis")
    ]
    return f"""WITH printed AS (SELECT DISTINCT ON (study_id) study_id, {asked}
            FROM machine_measurements ORDER BY study_id, ecg_time)
        SELECT k.row, {", ".join(checked)} FROM kept k LEFT JOIN printed USING (study_id) ORDER BY k.row"""


def _known(column: str) -> str:
    return f"nullif({column}, {MISSING_MEASUREMENT})"
