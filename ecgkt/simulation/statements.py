"""The machine's words for a tracing: statements from which the catalogue reads back the same labels."""

from __future__ import annotations

from ecgkt.simulation.readings import Reading

_WORDS = {
    "atrial_fibrillation": "Atrial fibrillation",
    "atrial_flutter": "Atrial flutter",
    "paced_rhythm": "Ventricular-paced rhythm",
    "complete_av_block": "Complete AV block",
    "sinus_tachycardia": "Sinus tachycardia",
    "sinus_bradycardia": "Sinus bradycardia",
    "sinus_arrhythmia": "Sinus arrhythmia",
    "atrial_ectopy": "PACs",
    "ventricular_ectopy": "PVCs",
    "first_degree_av_block": "First degree AV block",
    "right_bundle_branch_block": "Right bundle branch block",
    "incomplete_right_bundle_branch_block": "Incomplete right bundle branch block",
    "left_bundle_branch_block": "Left bundle branch block",
    "left_anterior_fascicular_block": "Left anterior fascicular block",
    "intraventricular_conduction_delay": "Intraventricular conduction delay",
    "pre_excitation": "Ventricular preexcitation",
    "anterior_infarction": "Anterior infarct",
    "inferior_infarction": "Inferior infarct",
    "st_elevation": "ST elevation",
    "st_depression": "ST depression",
    "t_wave_inversion": "T wave inversion",
    "long_qt": "Prolonged QT interval",
    "left_ventricular_hypertrophy": "Left ventricular hypertrophy",
    "right_ventricular_hypertrophy": "Right ventricular hypertrophy",
    "left_atrial_enlargement": "Left atrial enlargement",
    "low_qrs_voltage": "Low QRS voltage",
    "left_axis_deviation": "Left axis deviation",
    "right_axis_deviation": "Right axis deviation",
}
_RHYTHMS = ("sinus_tachycardia", "sinus_bradycardia", "sinus_arrhythmia")


def state(reading: Reading) -> list[str]:
    """Return the statements of a reading, the rhythm first and the verdict last."""
    labels = reading.labels
    found = [words for name, words in _WORDS.items() if labels[name]]
    if labels["sinus_rhythm"] and not any(labels[name] for name in _RHYTHMS):
        found.insert(0, "Sinus rhythm")
        return [*found, "Normal ECG" if len(found) == 1 else "Abnormal ECG"]
    return [*found, "Abnormal ECG"]
