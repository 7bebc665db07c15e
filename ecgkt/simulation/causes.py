"""The causes that shape the waves, and those that shape the timing: the vocabulary of the simulated truth.

A morphological cause can be taken away while every beat stays where it is; what then changes in the signal is what
the cause did. Timing causes move the beats themselves and are told as numbers (`truth.timing_effects`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ecgkt.errors import InvalidValue

CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "high_potassium": "potassium above 5.1 mEq/L: T, P, QRS",
        "low_potassium": "potassium below 3.45 mEq/L: T, U, ST",
        "calcium": "ionised calcium out of range: length of the ST segment",
        "temperature": "below 33.5 degrees C: J wave, QRS, QT",
        "conduction": "bundle-branch block, conduction delay or pre-excitation: QRS and secondary ST-T",
        "fascicular_block": "left anterior fascicular block: frontal axis",
        "left_ventricular_mass": "hypertrophy: voltage, strain, T",
        "right_ventricular_mass": "right ventricular load: R in V1, axis",
        "left_atrium": "left atrial enlargement: late P wave",
        "old_infarction": "scar: Q waves, lost R, T",
        "injury": "transmural injury: ST elevation with its mirror image, T",
        "ischaemia": "subendocardial ischaemia: ST depression",
        "pericarditis": "diffuse ST elevation",
        "early_repolarisation": "ST elevation of the healthy",
        "t_inversion": "primary T-wave inversion",
        "digoxin": "scooped ST, short QT",
        "qt_drug": "QT-prolonging drugs",
        "heart_failure": "QRS and QT of heart failure",
        "sepsis": "loss of voltage",
        "hypothyroidism": "low voltage, flat T",
        "low_albumin": "loss of voltage",
        "effusion": "low voltage in every lead",
    }
)
"""Morphological causes by name, with what they act on."""

TIMING_CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "rhythm": "what paces the ventricles",
        "rate": "drive by fever, sepsis, anaemia, thyroid, lungs, drugs, potassium",
        "pr": "first-degree block, pre-excitation, potassium, cold",
        "ectopy": "premature beats",
    }
)


class Acts:
    """Whether a cause acts: all do, but those that were taken away."""

    def __init__(self, without: frozenset[str] = frozenset()) -> None:
        for cause in without:
            _known(cause)
        self.without = without

    def __call__(self, cause: str) -> bool:
        """Return whether this cause leaves its mark."""
        _known(cause)
        return cause not in self.without


def _known(cause: str) -> None:
    if cause not in CAUSES and cause not in TIMING_CAUSES:
        raise InvalidValue(f"a cause among {', '.join((*CAUSES, *TIMING_CAUSES))}", cause, "correct the spelling")
