"""The electrical state of one recording: rhythm, conduction, structure and repolarisation, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

SINUS, FIBRILLATION, FLUTTER, PACED, COMPLETE_BLOCK = (
    "sinus",
    "atrial_fibrillation",
    "atrial_flutter",
    "paced",
    "complete_block",
)
SECOND_DEGREE, SUPRAVENTRICULAR, JUNCTIONAL, ECTOPIC_ATRIAL = (
    "second_degree_block",
    "supraventricular_tachycardia",
    "junctional",
    "ectopic_atrial",
)
TRACKED = (SINUS, ECTOPIC_ATRIAL, SECOND_DEGREE)
"""Rhythms in which a P wave leads each conducted beat."""


@dataclass
class Tracing:
    """One recording's state; times in ms, voltages relative to 1, angles in degrees, filled in by stages."""

    rhythm: str = SINUS
    rate: float = 75.0
    atrial_rate: float = 75.0
    flutter_ratio: int = 2
    breathing_rate: float = 16.0
    sinus_variation: float = 0.02
    premature_atrial: float = 0.0
    premature_ventricular: float = 0.0
    wenckebach: bool = False
    conduction: str = "normal"
    fascicular: bool = False
    qrs_ms: float = 90.0
    pr_ms: float = 160.0
    p_ms: float = 105.0
    p_gain: float = 1.0
    left_atrium: float = 0.0
    axis_turn: float = 0.0
    voltage: float = 1.0
    left_mass: float = 0.0
    right_mass: float = 0.0
    fragmentation: float = 0.0
    scar: str = ""
    scar_size: float = 0.0
    scar_age: float = 1.0
    injury: str = ""
    injury_mv: float = 0.0
    injury_age: float = 0.0
    ischaemia: str = ""
    ischaemia_mv: float = 0.0
    pericarditis: float = 0.0
    early_repolarisation: float = 0.0
    normal_st_mv: float = 0.0
    qtc_ms: float = 415.0
    st_length_ms: float = 0.0
    t_gain: float = 1.0
    t_width: float = 1.0
    t_peaking: float = 0.0
    t_biphasic: float = 0.0
    t_inversion: str = ""
    t_inversion_size: float = 0.0
    st_sag_mv: float = 0.0
    u_mv: float = 0.03
    scoop: float = 0.0
    strain: float = 0.0
    osborn_mv: float = 0.0
    sine_wave: float = 0.0

    @property
    def ventricular_divisor(self) -> float:
        """How many atrial waves there are to one ventricular beat: more than 1 in flutter only."""
        return (self.flutter_ratio or 2.85) if self.rhythm == FLUTTER else 1.0
