"""One heartbeat at the electrodes: the P wave, and a ventricular beat with its ST segment, T and U waves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.depolarisation import VISIBLE, Waves, depolarise, ectopic_complex, towards
from ecgkt.simulation.sources import SOURCES, turn_frontal
from ecgkt.simulation.tracing import ECTOPIC_ATRIAL, PACED, Tracing

QRS_WAVES, T_WAVES, PLATEAUS = 14, 6, 4
_SECONDARY = 0.52
_SPREAD = 0.82
"""T comes from the whole wall: the nearness of V3-V5 counts less than in the QRS."""


@dataclass(frozen=True)
class Beat:
    """Gaussian waves and flat-topped plateaus after QRS onset, in ms; amplitudes (waves, 9 electrodes) in mV.

    The first `QRS_WAVES` are the pacing spike and the QRS complex, the others come after it.
    """

    centre: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    potential: NDArray[np.float64]
    plateau_start: NDArray[np.float64]
    plateau_end: NDArray[np.float64]
    plateau_potential: NDArray[np.float64]
    qrs_ms: float
    qt_ms: float


def ventricular_beat(rng: np.random.Generator, t: Tracing, leads: NDArray[np.float64], qt_ms: float) -> Beat:
    """Return the dominant beat of a tracing, seen through `leads` (7 sources, 9 electrodes, 3)."""
    qrs, normal = depolarise(rng, t)
    spike = float(rng.choice([-1, 1]) * np.exp(rng.uniform(np.log(0.08), np.log(1.8)))) * (t.rhythm == PACED)
    return _complete(rng, t, leads, qrs, normal.area, qt_ms, spike)


def ectopic_beat(rng: np.random.Generator, t: Tracing, leads: NDArray[np.float64], qt_ms: float) -> Beat:
    """Return a ventricular premature beat with its discordant T wave."""
    qrs = ectopic_complex(rng, t.voltage)
    return _complete(rng, t, leads, qrs, 0.4 * qrs.area, qt_ms * 1.06, 0.0)


def _complete(
    rng: np.random.Generator,
    t: Tracing,
    leads: NDArray[np.float64],
    qrs: Waves,
    normal_area: NDArray[np.float64],
    qt_ms: float,
    spike_mv: float,
) -> Beat:
    qrs_ms = float((qrs.centre + VISIBLE * qrs.right).max())
    tail_ms = max(qt_ms - qrs_ms, 120.0)
    right = float(np.clip(0.108 * tail_ms * t.t_width, 16, 56))
    left = right * float(rng.uniform(1.4, 2.2)) * (1 - 0.12 * min(t.t_peaking, 1.5))
    peak = qt_ms - VISIBLE * right
    secondary = -_SECONDARY * (qrs.area - normal_area) / ((left + right) * np.sqrt(np.pi / 2))
    parts = [_padded(qrs, QRS_WAVES - 1), _t_waves(rng, t, peak, left, right, secondary)]
    parts.append(_late_waves(rng, t, qrs_ms, qt_ms))
    names = ("centre", "left", "right", "vector", "source")
    merged = Waves(*(np.concatenate([getattr(w, name) for w in parts]) for name in names))
    potential = np.einsum("ced,cd->ce", leads[merged.source], merged.vector)
    potential += _residual(rng, potential)
    potential[QRS_WAVES - 1 : QRS_WAVES - 1 + T_WAVES, 5:8] *= _SPREAD
    st = _st_vectors(t, secondary)
    st_potential = np.einsum("ced,cd->ce", leads[[s for s, _ in st]], np.array([v for _, v in st]))
    spike = np.zeros((1, 9))
    if spike_mv:
        seen = leads[SOURCES.index("right")] @ np.array([0.2, 0.75, 0.2])
        spike[0] = spike_mv * (seen + rng.normal(0, 0.3, 9))
    return Beat(
        np.append(-6.0, merged.centre),
        np.append(1.0, merged.left),
        np.append(1.0, merged.right),
        np.vstack([spike, potential]),
        np.full(PLATEAUS, qrs_ms - 12.0),
        np.full(PLATEAUS, max(peak - 0.3 * left, qrs_ms + 25)),
        st_potential,
        qrs_ms,
        qt_ms,
    )


def _padded(waves: Waves, count: int) -> Waves:
    """Return `count` waves, those added being empty, so that beats of all kinds stack."""
    more = count - len(waves.centre)
    one = np.ones(more)
    return Waves(
        np.append(waves.centre, one),
        np.append(waves.left, one),
        np.append(waves.right, one),
        np.vstack([waves.vector, np.zeros((more, 3))]),
        np.append(waves.source, np.zeros(more, dtype=np.intp)),
    )


def _t_waves(
    rng: np.random.Generator, t: Tracing, peak: float, left: float, right: float, secondary: NDArray[np.float64]
) -> Waves:
    """Return T from three regions, what follows from an abnormal QRS and from strain, and a biphasic part."""
    gain = t.t_gain * t.voltage**0.4 * 1.06
    base = np.array([[0.040, 0.02, -0.225], [0.225, 0.012, 0.030], [0.090, 0.070, -0.020]]) * gain
    base *= np.exp(rng.normal(0, 0.28, (3, 1)))
    base += rng.normal(0, 0.020, (3, 3))
    base = turn_frontal(base, 0.45 * t.axis_turn)
    base[0] += t.t_peaking * np.array([0.14, 0.08, -0.26])
    base[1] += t.t_peaking * np.array([0.16, 0.10, 0.0])
    strain = 0.30 * t.strain + 0.28 * min(t.left_mass, 1.6)
    extra = [secondary, -strain * np.array([0.85, 0.25, 0.25])]
    if t.t_inversion:
        extra.append(-0.27 * t.t_inversion_size * towards(t.t_inversion))
    if t.scar:
        extra.append(-0.24 * t.scar_size * t.scar_age * towards(t.scar))
    if t.injury:
        extra.append((0.75 * (1 - t.injury_age) - 0.45 * t.injury_age) * t.injury_mv * towards(t.injury))
    regions = [SOURCES.index(s) for s in ("septal", "lateral", "inferior")]
    vectors = np.vstack([base, np.sum(extra, axis=0)[None]])
    source = np.array([*regions, SOURCES.index("right" if t.t_inversion == "right" else "lateral")])
    shift = np.append(rng.normal(0, 0.10, 3) * left, rng.normal(0.1, 0.15) * left)
    waves = Waves(peak + shift, left * np.exp(rng.normal(0, 0.08, 4)), np.full(4, right), vectors, source)
    turn = np.sum(base, axis=0) * rng.choice([-1.0, 1.0]) * t.t_biphasic
    return Waves(
        np.append(waves.centre, [peak - 0.75 * left, peak + 0.65 * right]),
        np.append(waves.left, [0.55 * left, 0.6 * right]),
        np.append(waves.right, [0.55 * left, 0.6 * right]),
        np.vstack([waves.vector, -0.6 * turn, 0.6 * turn]),
        np.append(waves.source, [regions[0], regions[0]]),
    )


def _late_waves(rng: np.random.Generator, t: Tracing, qrs_ms: float, qt_ms: float) -> Waves:
    """Return the U wave, the J wave, digoxin's scoop, and the sine wave of extreme potassium."""
    centre = np.array([qt_ms + rng.uniform(38, 75), qrs_ms + 4.0, qrs_ms + 0.42 * (qt_ms - qrs_ms) - 25, qrs_ms + 10.0])
    width = np.array([rng.uniform(28, 42), 13.0, 40.0, 60.0])
    vector = np.array(
        [
            t.u_mv * np.array([0.5, 0.35, -0.75]),
            t.osborn_mv * np.array([0.75, 0.55, -0.1]),
            -t.scoop * np.array([0.85, 0.45, 0.0]),
            0.9 * t.sine_wave * np.array([-0.3, -0.5, 0.6]),
        ]
    )
    source = np.array([SOURCES.index(s) for s in ("anterior", "lateral", "lateral", "septal")])
    return Waves(centre, width, width, vector, source)


def _st_vectors(t: Tracing, secondary: NDArray[np.float64]) -> list[tuple[int, NDArray[np.float64]]]:
    """Return (source, vector) of the ST segment: injury, what opposes the apex, the secondary part, the normal one."""
    injury = t.injury_mv * (1 - 0.35 * t.injury_age) * towards(t.injury) if t.injury else np.zeros(3)
    source = SOURCES.index(t.injury) if t.injury else 0
    apex = np.array([0.72, 0.58, -0.30])
    general = (t.pericarditis - t.st_sag_mv) * apex + t.early_repolarisation * np.array([0.45, 0.3, -0.7])
    if t.ischaemia:
        region = apex if t.ischaemia == "diffuse" else 0.6 * apex + 0.4 * towards(t.ischaemia)
        general = general - t.ischaemia_mv * region
    general = general - (0.085 * t.strain + 0.04 * min(t.left_mass, 1.6)) * np.array([0.85, 0.3, 0.2])
    normal = t.normal_st_mv * np.array([0.30, 0.15, -1.40])
    septal, anterior, lateral = (SOURCES.index(name) for name in ("septal", "anterior", "lateral"))
    return [(source, injury), (lateral, general), (anterior, 0.24 * secondary), (septal, normal)]


def _residual(rng: np.random.Generator, potential: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a precordial remainder that no dipole explains, an eighth of each wave, alike at neighbours."""
    rough = rng.normal(0, 1, (len(potential), 8))
    smooth = 0.5 * rough[:, :-2] + 0.75 * rough[:, 1:-1] + 0.5 * rough[:, 2:]
    size = 0.12 * np.abs(potential[:, 3:]).max(axis=1, keepdims=True)
    return np.hstack([np.zeros((len(potential), 3)), smooth * size])


@dataclass(frozen=True)
class PWave:
    """Centres and widths (3,) in ms after P onset, and potentials (3, 9) mV of right, left and late left atrium."""

    centre: NDArray[np.float64]
    width: NDArray[np.float64]
    potential: NDArray[np.float64]


def atrial_beats(rng: np.random.Generator, t: Tracing, leads: NDArray[np.float64]) -> tuple[PWave, PWave]:
    """Return the P wave of the sinus node, and one from elsewhere (premature, retrograde)."""
    duration, wide = t.p_ms, t.left_atrium
    centre = np.array([0.33, 0.64, 0.80]) * duration
    width = np.array([0.16, 0.145, 0.095]) * duration
    vector = np.array([[0.055, 0.055, -0.088], [0.115, 0.042, -0.045], [0.030, 0.000, 0.012]])
    vector[1] *= 1 + 0.25 * wide
    vector[2] *= 1 + 1.6 * wide
    vector = (vector * np.exp(rng.normal(0, 0.16, (3, 1))) + rng.normal(0, 0.007, (3, 3))) * t.p_gain
    away = rng.normal(0, 0.45, 3) + np.array([0.1, -0.75, 0.1])
    seen = leads[SOURCES.index("atrial")]
    elsewhere = np.linalg.norm(vector, axis=1)[:, None] * away
    if t.rhythm == ECTOPIC_ATRIAL:
        vector = elsewhere
    return PWave(centre, width, vector @ seen.T), PWave(0.85 * centre, 0.85 * width, elsewhere @ seen.T)
