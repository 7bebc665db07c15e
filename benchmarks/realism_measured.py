"""What is measured for benchmarks.realism: the same numbers of real and simulated recordings, and MIMIC's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgkt.domain import LEADS, LabelTable
from ecgkt.signals.measurements import measure
from ecgkt.simulation.readings import Reading

INTERVALS = ("rate", "p", "pr", "qrs", "qt", "qtc", "p_axis", "qrs_axis", "t_axis")
UNITS = {"rate": "/min", "p": "ms", "pr": "ms", "qrs": "ms", "qt": "ms", "qtc": "ms"}
WAVES = ("R", "S", "ST", "T", "P")
MISSING = 29999
MIX = {
    "AF or flutter": ("atrial_fibrillation", "atrial_flutter"),
    "conduction": (
        *("paced_rhythm", "complete_av_block", "left_bundle_branch_block", "right_bundle_branch_block"),
        *("left_anterior_fascicular_block", "intraventricular_conduction_delay", "pre_excitation"),
        *("incomplete_right_bundle_branch_block", "first_degree_av_block"),
    ),
    "infarction": ("anterior_infarction", "inferior_infarction"),
    "hypertrophy": ("left_ventricular_hypertrophy", "right_ventricular_hypertrophy"),
}
OTHER = "normal or other"
_NAMES = {"rate": "heart_rate", "p": "p_duration", "qtc": "qtc_fridericia"}


@dataclass(frozen=True, eq=False)
class Features:
    """Numbers of n recordings: `values` (n, k) by `names`, in the order of `feature_names`, NaN where refused."""

    names: tuple[str, ...]
    values: NDArray[np.float64]

    def column(self, name: str) -> NDArray[np.float64]:
        """Return (n,) values of one number."""
        return self.values[:, self.names.index(name)]

    def take(self, rows: NDArray[np.intp]) -> Features:
        """Return some recordings."""
        return Features(self.names, self.values[rows])


def feature_names() -> tuple[str, ...]:
    """Return the names in order: intervals, the mean RR in ms, then wave and lead ("R V1")."""
    return (*INTERVALS, "rr", *(f"{wave} {lead}" for wave in WAVES for lead in LEADS))


def measure_all(signals: Iterable[NDArray[np.floating]], fs: float) -> Features:
    """Measure recordings (12, n) in mV with `ecgkt.signals`; ST is taken 60 ms after the J point."""
    names = feature_names()
    rows = [_row(signal, fs) for signal in signals]
    return Features(names, np.array(rows, dtype=np.float64).reshape(len(rows), len(names)))


def _row(signal: NDArray[np.floating], fs: float) -> list[float]:
    found = measure(signal, fs)
    intervals = [_number(found.values[_NAMES.get(name, name)].value) for name in (*INTERVALS, "rr")]
    st, p = np.full(12, np.nan), np.full(12, np.nan)
    if found.beats is not None and np.isfinite(found.beats.qrs).all():
        st = found.beats.level(found.beats.qrs[1] + 56, found.beats.qrs[1] + 64)
        if found.values["pr"].value is not None and np.isfinite(found.beats.p).all():
            p = p_amplitude(found.beats.part(found.beats.p))
    r, s, t = ([_number(found.leads[wave][lead].value) for lead in LEADS] for wave in ("r", "s", "t"))
    return [*intervals, *r, *s, *st, *t, *p]


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def p_amplitude(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each lead's largest deviation (12,), with its sign, from the line between P onset and offset (12, k)."""
    if part.shape[1] < 3:
        return np.full(12, np.nan)
    level = part - (part[:, :1] + np.linspace(0, 1, part.shape[1]) * (part[:, -1:] - part[:, :1]))
    known = np.nan_to_num(level)
    peak: NDArray[np.float64] = np.take_along_axis(level, np.abs(known).argmax(axis=1)[:, None], axis=1)[:, 0]
    return peak


def own_readings(readings: Sequence[Reading]) -> Mapping[str, NDArray[np.float64]]:
    """Return what the simulator says of its own recordings, P and PR only in sinus rhythm."""
    sinus = np.array([reading.labels["sinus_rhythm"] == 1 for reading in readings])
    names = {"rate": "rate", "p": "p_ms", "pr": "pr_ms", "qrs": "qrs_ms", "qt": "qt_ms", "qtc": "qtc_ms", "rr": "rr_ms"}
    names |= {name: name for name in ("p_axis", "qrs_axis", "t_axis")}
    columns = {name: np.array([getattr(r, field) for r in readings], dtype=float) for name, field in names.items()}
    return {
        name: np.where(sinus, values, np.nan) if name in ("p", "pr", "p_axis") else values
        for name, values in columns.items()
    }


def machine_measurements(folder: Path) -> Mapping[str, NDArray[np.float64]]:
    """Return the cart's measurements in MIMIC-IV-ECG, the first study of each patient; 29999 and RR 0 are missing."""
    tables = [pd.read_csv(path) for path in sorted(Path(folder).rglob("*.csv"))]
    table = pd.concat(tables, ignore_index=True).sort_values("ecg_time").drop_duplicates("subject_id")
    return cart_intervals(table)


def cart_intervals(table: pd.DataFrame) -> Mapping[str, NDArray[np.float64]]:
    """Return intervals and axes of rows of machine_measurements; a length that is not positive is missing."""
    names = ("rr_interval", "p_onset", "p_end", "qrs_onset", "qrs_end", "t_end", "p_axis", "qrs_axis", "t_axis")
    columns = {name: table[name].to_numpy(dtype=float) for name in names}
    columns = {name: np.where(np.abs(values) >= MISSING, np.nan, values) for name, values in columns.items()}
    rr = positive(columns["rr_interval"])
    qt = positive(columns["t_end"] - columns["qrs_onset"])
    return {
        "rate": 60_000 / rr,
        "p": positive(columns["p_end"] - columns["p_onset"]),
        "pr": positive(columns["qrs_onset"] - columns["p_onset"]),
        "qrs": positive(columns["qrs_end"] - columns["qrs_onset"]),
        "qt": qt,
        "qtc": qt / np.cbrt(rr / 1000),
        "rr": rr,
        **{name: turn(columns[name]) for name in ("p_axis", "qrs_axis", "t_axis")},
    }


def positive(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values with NaN where they are not above 0."""
    return np.where(values > 0, values, np.nan)


def turn(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return axes from -180 to 180 degrees, NaN where a value is no angle (beyond a full turn)."""
    angle = np.where(np.abs(degrees) <= 360, degrees, np.nan)
    return (angle + 180) % 360 - 180


def mix_of(labels: LabelTable) -> NDArray[np.str_]:
    """Return each record's group (n,) of the diagnostic mix: the first of `MIX` of which it has a label."""
    group = np.full(len(labels), OTHER, dtype="<U20")
    for name, members in reversed(MIX.items()):
        values = labels.values[:, labels.labels.positions(members)]
        group[(values == 1).any(axis=1)] = name
    return group


def matched_rows(
    mix: NDArray[np.str_], wanted: NDArray[np.str_], rng: np.random.Generator, most: int
) -> NDArray[np.intp]:
    """Return rows of `mix`, drawn without replacement, in the proportions of `wanted`: as many as there are, to `most`.

    A group that `mix` has not at all is left out of the proportions.
    """
    names, counts = np.unique(wanted, return_counts=True)
    share = dict(zip(names.tolist(), counts / counts.sum(), strict=True))
    have = {name: np.flatnonzero(mix == name) for name in share}
    present = {name: part for name, part in share.items() if len(have[name])}
    total = min(float(most), min(len(have[name]) / part for name, part in present.items()))
    drawn = [rng.permutation(have[name])[: int(total * part)] for name, part in present.items()]
    return np.sort(np.concatenate(drawn))
