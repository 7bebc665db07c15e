"""The signed colours, for every kind of colour vision and for a grey print."""

from __future__ import annotations

import numpy as np
import pytest

from ecgkt.figures.saliency import LEVELS, LOWERS_RGB, RAISES_RGB, legend_levels, palette

PAPER = np.array([255, 253, 252]) / 255
MACHADO_2009 = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Machado, Oliveira, Fernandes 2009 (doi 10.1109/TVCG.2009.113), severity 1.0, on linear RGB."""


def linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb_linear: np.ndarray) -> np.ndarray:
    """CIELAB under D65, from linear sRGB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = to_xyz @ np.clip(rgb_linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def on_paper(level: int) -> np.ndarray:
    r, g, b, alpha = palette()[level + LEVELS] / 255
    return linear(alpha * np.array([r, g, b]) + (1 - alpha) * PAPER)


@pytest.mark.parametrize("vision", ["normal", *MACHADO_2009])
@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
def test_the_two_signs_differ_for_every_kind_of_colour_vision(vision, share):
    seen = np.eye(3) if vision == "normal" else np.array(MACHADO_2009[vision])
    level = round(share * LEVELS)
    raises, lowers = (lab(seen @ on_paper(sign * level)) for sign in (1, -1))
    assert np.linalg.norm(raises - lowers) > 20  # a just noticeable difference is about 2
    for colour in (raises, lowers):
        assert np.linalg.norm(colour - lab(seen @ linear(PAPER))) > 15


def test_the_ink_stays_readable_over_the_strongest_colour():
    """WCAG 2.2: contrast of 4.5 for text; the ink is black."""
    to_luminance = np.array([0.2126, 0.7152, 0.0722])
    for level in (LEVELS, -LEVELS):
        colour = to_luminance @ on_paper(level)
        assert (colour + 0.05) / 0.05 > (3.0 if level < 0 else 4.5)


def test_in_a_grey_print_the_sign_is_told_by_stripes():
    levels = legend_levels(20, 4)
    left, right = levels[:, :10].astype(int), levels[:, -10:].astype(int)
    assert (left <= 0).all() and (right >= 0).all()
    swing = [np.abs(side).max(axis=1) - np.abs(side).min(axis=1) for side in (left, right)]
    assert (swing[0] > 0.5 * LEVELS).all()
    assert (swing[1] < 0.3 * LEVELS).all()


def test_raising_is_orange_and_lowering_blue():
    assert RAISES_RGB[0] > RAISES_RGB[2] and LOWERS_RGB[2] > LOWERS_RGB[0]
