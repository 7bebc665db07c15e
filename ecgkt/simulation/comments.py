"""The words of the laboratory, in the wordings and about the shares of the MIMIC-IV demo (docs/blood.md)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.items import NEW_CHEMISTRY, items
from ecgkt.simulation.stays import Stay

HAEMOLYSIS = ("potassium", "ast", "alt", "lactate_dehydrogenase", "creatine_kinase", "magnesium", "phosphate")
"""Items on which haemolysis is noted."""

_SHORT = {"potassium": "K", "ast": "AST", "alt": "ALT", "lactate_dehydrogenase": "LDH", "creatine_kinase": "CK"}
_GLUCOSE = "if fasting, 70-100 normal, >125 provisional diabetes."
_TROPONIN = "cTropnT > 0.10 ng/mL suggests Acute MI."
_PEPTIDE = (
    "REFERENCE VALUES VARY WITH AGE, SEX, AND RENAL FUNCTION.  AT 35% PREVALENCE, NTPROBNP VALUES.    "
    "< 450 HAVE 99% NEG PRED VALUE.    >1000 HAVE 78% POS PRED VALUE.  SEE ONLINE LAB MANUAL FOR MORE DETAILED "
    "INFORMATION."
)
_GRADES = ("NORMAL.", "OCCASIONAL.", "1+.", "1+*.", "2+.", "3+*.")
_SHAPES = ("anisocytosis", "poikilocytosis", "polychromasia", "microcytes", "hypochromia", "macrocytes")
_HOLD = {
    "held_plasma": "HOLD.  DISCARD GREATER THAN 4 HOURS OLD.",
    "held_coagulation": "HOLD.  DISCARD GREATER THAN 24 HRS OLD.",
}


def usual(year: float) -> NDArray[Any]:
    """Return by item the comment that stands beside every number, "" where there is none."""
    return _usual(year < NEW_CHEMISTRY)


@cache
def _usual(old: bool) -> NDArray[Any]:
    words = {"glucose": _GLUCOSE.upper() if old else f"I{_GLUCOSE[1:]}", "troponin_t": _TROPONIN, "nt_probnp": _PEPTIDE}
    return np.array([words.get(item.name, "") for item in items()], dtype=object)


def censored(name: str, sign: str, bound: float) -> str:
    """Return the comment that gives a bound instead of a number."""
    if name == "troponin_t":
        return f"<{bound:g}.  {_TROPONIN}"
    if name == "nt_probnp":
        return f"GREATER THAN {bound:g}.  {_PEPTIDE}"
    return f"<{bound:g}{'*' if name == 'tsh' else ''}." if sign == "<" else f"GREATER THAN {bound:g}."


def haemolysis(name: str, old: bool, slight: bool, luck: float) -> str:
    """Return what is noted on a haemolysed specimen; "" where nobody noted it."""
    if name not in _SHORT and luck > 0.2:
        return ""
    if slight:
        return (
            "Slightly Hemolyzed specimen.  Hemolysis falsely elevates this test."
            if luck < 0.75 or not old
            else (f"SPECIMEN SLIGHTLY HEMOLYZED..  HEMOLYSIS FALSELY ELEVATES {_SHORT.get(name, 'THIS TEST')}..")
        )
    if old and luck < 0.7:
        return f"HEMOLYSIS FALSELY ELEVATES {_SHORT.get(name, 'THIS TEST')}.."
    if luck < 0.04:
        return "GROSSLY HEMOLYZED SPECIMEN.  HEMOLYSIS FALSELY ELEVATES THIS TEST."
    more = "" if old or name != "potassium" or luck < 0.6 else "  New reference range as of ___."
    return f"Hemolysis falsely elevates this test.{more}"


def text_result(name: str, luck: float, level: float, creatinine: float, stay: Stay) -> tuple[str, str]:
    """Return value and comment of a result without a number; `level` is 1 for blood from a vein."""
    if name == "specimen_type":
        return ("VEN." if luck < 0.85 else "CENTRAL VENOUS.") if level else ("ART." if luck < 0.95 else "MIX."), "___"
    if name == "estimated_gfr":
        return "", _filtration(creatinine, stay)
    if name in _HOLD:
        return _HOLD[name], ""
    if name == "platelet_smear":
        return "", "NORMAL." if luck < 0.45 else "LOW." if luck < 0.7 else "VERY LOW*."
    if name == "intubated":
        return "INTUBATED." if luck < 0.76 else "NOT INTUBATED.", ""
    if name in _SHAPES:
        return "", _GRADES[int(luck * len(_GRADES))]
    if name == "urine_colour":
        return "", "Yellow." if luck < 0.8 else "Straw."
    if name == "urine_appearance":
        return "", "Clear." if luck < 0.7 else "Hazy."
    return "NEG" if luck < 0.72 else "TR" if luck < 0.85 else "MOD", ""


def _filtration(creatinine: float, stay: Stay) -> str:
    """Return the sentence with the MDRD estimate (Levey 2006), as printed beside creatinine."""
    p = stay.patient
    rate = 175 * max(creatinine, 0.2) ** -1.154 * max(p.age, 18) ** -0.203 * (1.0 if p.male else 0.742)
    told = ">75" if rate > 75 else f"{rate:.0f}"
    return (
        f"Using this patient's age, gender, and serum creatinine value of {creatinine:.1f},.  Estimated GFR = {told} "
        "(mL/min/1.73 m2).  GFR<60 = Chronic Kidney Disease, GFR<15 = Kidney Failure."
    )
