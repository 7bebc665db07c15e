"""ICD codes of a stay, and the truth that the catalogue's rules give: codes follow from the patient, not the trace.

Coding is noisy: a condition may be left out, and a code of the past or of a suspicion may stand without it. Stays
before October 2015 are coded in ICD-9; the emergency department's own diagnoses are fewer and coarser.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from ecgkt.catalogue import lab_labels, visit_labels, visit_row
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.settings import SimulationSettings
from ecgkt.simulation.stays import Stay


@dataclass(frozen=True)
class Code:
    """One code as printed, with its ICD version (9 or 10)."""

    text: str
    version: int

    @property
    def title(self) -> str:
        """The title that the emergency department prints, "" where it never gives this code."""
        return str(codebook()["title"].get(self.text, ""))


@cache
def codebook() -> Mapping[str, Any]:
    """Return the content of codes.toml; callers do not change it."""
    return tomllib.loads(files(__package__).joinpath("codes.toml").read_text(encoding="utf-8"))


def hospital_codes(
    rng: np.random.Generator, stay: Stay, blood: Mapping[str, float], settings: SimulationSettings
) -> tuple[Code, ...]:
    """Return the codes of an admission in order, the first the main reason. `blood` is its blood on arrival."""
    p, noise, book = stay.patient, settings.coding_noise, codebook()
    given: list[Mapping[str, str]] = []
    for name, kinds in book["kind"].items():
        if p.has(name) and rng.random() > (0.3 if name == "st_elevation_infarction" else 1.0) * noise:
            given.append(kinds[p.conditions[name]])
    given += [code for name, code in book["condition"].items() if p.has(name) and rng.random() > noise]
    if p.has("hypertension") and rng.random() > noise:
        kind = {(True, True): "both", (True, False): "heart", (False, True): "kidney"}
        given.append(book["hypertension"][kind.get((p.has("heart_failure"), p.has("ckd")), "plain")])
    if p.has("ckd") and rng.random() > noise:
        given.append(book["kidney"]["end_stage" if p.has("dialysis") else "chronic"])
    given += _from_blood(rng, blood, noise)
    given += _history(rng, p, noise)
    background = list(book["background"].values())
    given += [code for code in background if rng.random() < 0.05 + 0.0022 * p.age]
    if rng.random() < 0.1 * noise:
        wrong = ("atrial_fibrillation", "coronary_disease", "diabetes", "anaemia", "heart_failure")
        name = str(rng.choice(wrong))
        given.append(book["kind"][name]["reduced"] if name == "heart_failure" else book["condition"][name])
    given.append(list(book["symptom"].values())[int(rng.integers(len(book["symptom"])))])
    return _printed(given, f"icd{stay.icd_version}", stay.icd_version)


def emergency_codes(rng: np.random.Generator, stay: Stay, settings: SimulationSettings) -> tuple[Code, ...]:
    """Return the diagnoses of the emergency department: at most four, symptoms first of all."""
    p, noise, book = stay.patient, settings.coding_noise, codebook()
    given: list[Mapping[str, str]] = []
    for name, kinds in book["kind"].items():
        if p.has(name) and rng.random() > noise + 0.15:
            given.append(kinds[p.conditions[name]])
    known = [code for name, code in book["condition"].items() if p.has(name) and "ed10" in code]
    given += [code for code in known if rng.random() < 0.45 * (1 - noise)]
    if p.has("hyperkalaemia") and rng.random() < 0.6:
        given.append(book["blood"]["potassium_high"])
    if p.has("hyponatraemia") and rng.random() < 0.3:
        given.append(book["blood"]["sodium_low"])
    if p.has("hypertension") and rng.random() < 0.12:
        given.append(book["hypertension"]["plain"])
    place, symptom = rng.random(), int(rng.integers(len(book["symptom"])))
    if not given or place < 0.5:
        given.insert(0, list(book["symptom"].values())[symptom])
    short = "ed10" if stay.icd_version == 10 else "ed9"
    return _printed(given[:4], short, stay.icd_version)


def _printed(given: Sequence[Mapping[str, str]], column: str, version: int) -> tuple[Code, ...]:
    return tuple(Code(text, version) for text in dict.fromkeys(code[column] for code in given))


def _history(rng: np.random.Generator, p: Patient, noise: float) -> list[Mapping[str, str]]:
    """Return codes of the past and of lasting treatment."""
    ischaemic = p.has("coronary_disease")
    chances = {
        "circulation": 0.05 + 0.2 * p.has("atrial_fibrillation", "pulmonary_embolism"),
        "infarction": 0.1 * noise * (1 + 3 * ischaemic),
        "stent": 0.3 * ischaemic,
        "bypass": 0.22 * ischaemic,
        "dialysis": 0.95 * p.has("dialysis"),
        "insulin": 0.35 * p.has("diabetes"),
        "tobacco": 0.2 + 0.25 * p.has("copd"),
        "antiplatelet": 0.3 * ischaemic,
        "stroke": 0.03 + 0.05 * p.has("atrial_fibrillation"),
        "anticoagulant": 0.1 * noise,
    }
    return [codebook()["history"][name] for name, chance in chances.items() if rng.random() < chance]


def _from_blood(rng: np.random.Generator, blood: Mapping[str, float], noise: float) -> list[Mapping[str, str]]:
    """Return the codes that someone gave because of a value; mild ones are seldom coded."""
    corrected = blood["calcium_total"] + 0.8 * (4.0 - min(blood["albumin"], 4.6))
    chances = {
        "potassium_high": (blood["potassium"] - 5.4) * 1.5,
        "potassium_low": (3.4 - blood["potassium"]) * 1.6,
        "sodium_low": (133 - blood["sodium"]) * 0.2,
        "calcium_low": (8.2 - corrected) * 0.8,
        "calcium_high": (corrected - 10.8) * 0.9,
        "acid": max((7.33 - blood["ph"]) * 9, (19 - blood["bicarbonate"]) * 0.2),
        "blood_loss": (8.5 - blood["haemoglobin"]) * 0.25,
    }
    return [codebook()["blood"][name] for name, chance in chances.items() if rng.random() < min(chance, 1 - noise)]


def visit_truth(codes: Sequence[Code]) -> dict[str, float]:
    """Return 1 or 0 for each of the catalogue's visit labels; NaN without any code."""
    row = visit_row((code.text, code.version) for code in codes)
    return dict(zip(visit_labels().names, row.astype(float).tolist(), strict=True))


def lab_truth(values: Mapping[str, tuple[float, str, float, float]]) -> dict[str, float]:
    """Return 1, 0 or NaN for each lab label whose analyte has a (value or bound, sign, printed low, printed high).

    Beyond a bound ("<0.2") a label is known only where the bound itself lies on that side of the limit.
    """
    truth = {}
    for label in lab_labels():
        known = values.get(label.lab or "")
        if known is None:
            continue
        value, sign, low, high = known
        limit = label.threshold if label.threshold is not None else low if label.direction == "low" else high
        below = label.direction == "low"
        if np.isnan(limit):
            truth[label.name] = float("nan")
        elif not sign:
            truth[label.name] = float(value < limit if below else value > limit)
        else:
            sure = value <= limit if sign == "<" else value >= limit
            truth[label.name] = float((sign == "<") == below) if sure else float("nan")
    return truth
