"""Where the potentials come from and how the nine electrodes see them.

Seven regional sources, each with its own weights at the electrodes, so that the 12 leads have more than rank 3.
Axes are Frank's: x to the left, y to the feet, z to the back; potentials in mV.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SOURCES = ("septal", "anterior", "lateral", "inferior", "posterior", "right", "atrial")
ELECTRODES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")

_DOWER = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
"""Rows I, II, V1-V6 (Dower, Machado, Osborne 1980)."""

_NEARNESS = np.array(
    # RA    LA    LL    V1    V2    V3    V4    V5    V6
    [
        [1.00, 1.00, 1.00, 0.90, 1.40, 1.25, 1.08, 0.85, 0.80],
        [0.90, 0.90, 0.90, 0.68, 1.45, 1.55, 1.60, 1.00, 0.72],
        [1.05, 1.05, 1.00, 0.80, 0.85, 1.00, 1.18, 1.20, 1.08],
        [1.05, 1.05, 1.15, 0.80, 0.90, 1.00, 1.15, 1.05, 1.00],
        [1.00, 1.00, 1.00, 0.72, 1.18, 1.10, 1.15, 0.95, 0.95],
        [0.95, 0.90, 0.95, 1.20, 1.25, 1.00, 0.85, 0.75, 0.70],
        [1.00, 1.00, 1.00, 1.10, 0.60, 0.45, 0.42, 0.45, 0.50],
    ]
)


def electrode_matrix() -> NDArray[np.float64]:
    """Return (9, 3): the potential of each electrode against the central terminal for a unit dipole."""
    one, two = _DOWER[0], _DOWER[1]
    right_arm = -(one + two) / 3
    return np.vstack([right_arm, right_arm + one, right_arm + two, _DOWER[2:]])


def torso(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return (7 sources, 9 electrodes, 3) of one patient: torso, heart position and electrode placement vary."""
    base = electrode_matrix()
    precordial = _shift_along_strip(base[3:], rng.normal(0, 0.22) + rng.normal(0, 0.12, 6))
    high = rng.exponential(0.22) if rng.random() < 0.35 else 0.0
    precordial[:2] += high * np.array([[0.0, -1.1, 0.35], [0.0, -1.0, 0.45]])
    matrix = np.vstack([base[:3], precordial])
    matrix *= np.exp(rng.normal(0, 0.10, (9, 1)))
    matrix += rng.normal(0, 0.05, (9, 3))
    near = _NEARNESS ** rng.uniform(0.6, 1.6) * np.exp(rng.normal(0, 0.10, (7, 9)))
    whole = near[:, :, None] * matrix[None] + rng.normal(0, 0.05, (7, 9, 3))
    return whole @ _rotation(rng.normal(0, 5), rng.normal(0, 7), rng.normal(0, 10))


def _shift_along_strip(rows: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the six precordial rows with each electrode moved along the strip by `shift` spacings."""
    place = np.clip(np.arange(6) + shift, -0.5, 5.5)
    left = np.clip(np.floor(place).astype(int), 0, 4)
    weight = (place - left)[:, None]
    between: NDArray[np.float64] = rows[left] * (1 - weight) + rows[left + 1] * weight
    return between


def _rotation(frontal: float, sagittal: float, horizontal: float) -> NDArray[np.float64]:
    """Return a rotation by degrees about z (frontal plane), x and y in turn."""
    a, b, c = np.radians([frontal, sagittal, horizontal])
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_y = np.array([[np.cos(c), 0, np.sin(c)], [0, 1, 0], [-np.sin(c), 0, np.cos(c)]])
    turn: NDArray[np.float64] = about_z @ about_x @ about_y
    return turn


def turn_frontal(vectors: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Return vectors (..., 3) turned in the frontal plane; positive is towards the right axis."""
    return vectors @ _rotation(degrees, 0, 0).T
