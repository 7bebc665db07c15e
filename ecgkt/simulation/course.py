"""How the blood of a patient moves over a stay: mending, falling with illness, rising and falling, day to day.

A deterministic function of conditions, latent variables and hours. The tables take it of the patient's own latents
and the ECG of those that it answers to; at the hour of the first ECG it is `blood_values` itself but for the salts'
mending and the lag of troponin.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.blood import blood_values, illness, severity
from ecgkt.simulation.patients import ANALYTES, WAVES, Patient

Series = NDArray[np.float64]

_PERIODS = (31.0, 77.0, 190.0)
_STEPS: Mapping[str, float] = {
    "potassium": 0.43,
    "sodium": 3.3,
    "chloride": 2.8,
    "bicarbonate": 2.8,
    "calcium_total": 0.34,
    "ph": 0.048,
    "calcium_ionised": 0.03,
    "magnesium": 0.23,
    "phosphate": 0.7,
    "haemoglobin": 0.7,
    "rdw": 0.4,
    "albumin": 0.2,
}
_FACTORS: Mapping[str, float] = {
    "creatinine": 0.12,
    "urea_nitrogen": 0.18,
    "glucose": 0.27,
    "white_cells": 0.32,
    "platelets": 0.24,
    "lactate": 0.3,
    "crp": 0.4,
    "inr": 0.1,
    "nt_probnp": 0.3,
    "troponin_t": 0.15,
    "ck_mb": 0.2,
    "bilirubin_total": 0.2,
    "tsh": 0.15,
    "d_dimer": 0.25,
}
_SPREAD = np.array([_STEPS.get(name, _FACTORS.get(name, 0.0)) for name in ANALYTES])[:, None]
_STEPPING = np.array([name in _STEPS for name in ANALYTES])[:, None]
_LIMITS = {
    "potassium": (1.7, 9.5),
    "sodium": (105, 175),
    "chloride": (65, 140),
    "bicarbonate": (4, 46),
    "ph": (6.8, 7.65),
    "calcium_total": (4.5, 17),
    "calcium_ionised": (0.5, 2.4),
    "magnesium": (0.6, 6),
    "phosphate": (0.6, 12),
    "albumin": (1.3, 5.5),
    "haemoglobin": (3.5, 20),
    "rdw": (10.8, 32),
    "platelets": (4, 1500),
    "lactate": (0.4, 22),
    "creatinine": (0.2, 18),
    "urea_nitrogen": (2, 190),
    "glucose": (28, 900),
    "inr": (0.8, 15),
    "crp": (0.1, 450),
    "nt_probnp": (5, 150_000),
    "ck_mb": (0.3, 500),
    "troponin_t": (0.0005, 25),
}
_LOW = np.array([_LIMITS.get(name, (0.001, 1e6))[0] for name in ANALYTES])[:, None]
_HIGH = np.array([_LIMITS.get(name, (0.001, 1e6))[1] for name in ANALYTES])[:, None]


def wandering(wander: Series, hours: Series) -> Series:
    """Return (26, n): what each analyte has moved by since hour 0, in units of its spread; 0 at hour 0.

    Sums of slow waves, so that the move of an hour is small and that of some days has a variance near 1.
    """
    phase = 2 * np.pi * np.asarray(hours)[None, :] / np.array(_PERIODS)[:, None]
    waves = np.stack([np.cos(phase) - 1, np.sin(phase)], axis=1)
    moved: Series = wander.reshape(len(wander), -1) @ waves.reshape(2 * WAVES, -1) / np.sqrt(2 * WAVES)
    return moved


def course(patient: Patient, latents: Mapping[str, float], wander: Series, hours: float) -> dict[str, float]:
    """Return the blood `hours` after the first ECG by analyte."""
    found = courses(patient, latents, wander, np.array([float(hours)]))
    return {name: float(values[0]) for name, values in found.items()}


def courses(patient: Patient, latents: Mapping[str, float], wander: Series, hours: Series) -> dict[str, Series]:
    """Return the blood at each of `hours` (n,) after the first ECG by analyte, (n,) each; units as `blood_values`."""
    start = blood_values(patient, latents)
    after = np.maximum(hours, 0.0)
    first = np.array([start[name] for name in ANALYTES])[:, None]
    walked = wandering(wander, hours) * _SPREAD
    values = dict(zip(ANALYTES, np.where(_STEPPING, first + walked, first * np.exp(walked)), strict=True))
    moved = dict(zip(ANALYTES, walked, strict=True))
    _kidneys(patient, latents, values, moved, after)
    _salts(start, values, moved, after)
    _illness(patient, latents, values, after)
    _heart(patient, latents, values, hours)
    _calcium(start, values, moved)
    found = np.minimum(np.maximum(np.array([values[name] for name in ANALYTES]), _LOW), _HIGH)
    return dict(zip(ANALYTES, found, strict=True))


def _mended(start: float, usual: float, after: Series, hours: float) -> Series:
    """Return what treatment has taken off by then; it mends what is far from `usual`."""
    taken: Series = (usual - start) * (1 - np.exp(-after / hours))
    return taken


def _salts(start: dict[str, float], values: dict[str, Series], moved: Mapping[str, Series], after: Series) -> None:
    kidneys = np.log(start["creatinine"] / 0.9)
    values["bicarbonate"] = values["bicarbonate"] - 2.4 * moved["lactate"]
    values["ph"] = values["ph"] + 0.006 * moved["bicarbonate"] - 0.04 * moved["lactate"]
    values["potassium"] = values["potassium"] + 0.4 * moved["creatinine"] - 0.02 * moved["sodium"]
    for name, usual, hours, share in (
        ("potassium", 4.08 + 0.2 * kidneys, 14.0, 1.0),
        ("bicarbonate", 25.3 - 0.8 * kidneys, 26.0, 0.85),
        ("ph", 7.39, 16.0, 0.8),
        ("sodium", 138.0, 60.0, 0.8),
        ("magnesium", 2.0 + 0.1 * kidneys, 30.0, 0.8),
        ("glucose", 122.0, 22.0, 0.4),
        ("lactate", 1.6, 14.0, 0.75),
    ):
        values[name] = values[name] + share * _mended(start[name], usual, after, hours)
    values["chloride"] = start["chloride"] + (values["sodium"] - start["sodium"]) + moved["chloride"]
    values["chloride"] -= 0.4 * (values["bicarbonate"] - start["bicarbonate"])


def _kidneys(
    p: Patient, z: Mapping[str, float], values: dict[str, Series], moved: Mapping[str, Series], after: Series
) -> None:
    """Injury: up for a day and a half, then down for a week; urea follows, phosphate and potassium a little."""
    acute = severity(p, z, "renal", "acute_kidney_injury")
    level = (1 + 0.4 * (after / 36) * np.exp(1 - after / 36)) * np.exp(-np.maximum(after - 36, 0) / 170)
    change = np.log(1 + 1.1 * acute) * (level - 1)
    values["creatinine"] = values["creatinine"] * np.exp(change)
    change = change + moved["creatinine"]
    values["urea_nitrogen"] = values["urea_nitrogen"] * np.exp(0.8 * change)
    values["phosphate"] = values["phosphate"] + 1.0 * change
    values["potassium"] = values["potassium"] + 0.25 * change


def _illness(p: Patient, z: Mapping[str, float], values: dict[str, Series], after: Series) -> None:
    """Fluids, draws and inflammation thin the blood; the cells come back."""
    ill = illness(p, z)
    sepsis = severity(p, z, "sepsis", "sepsis")
    fallen = 1 - np.exp(-after / 60)
    haemoglobin = values["haemoglobin"] - (0.45 + 0.42 * min(ill, 5)) * fallen
    transfused = 0.5 * np.maximum(8.2 - haemoglobin, 0) * (1 - np.exp(-after / 18))
    values["haemoglobin"] = haemoglobin + transfused
    values["albumin"] = values["albumin"] - (0.12 + 0.13 * min(ill, 5)) * fallen
    values["rdw"] = values["rdw"] + 0.14 * min(ill, 5) * fallen
    low = (after / 72) * np.exp(1 - after / 72)
    values["platelets"] = values["platelets"] * np.exp(-0.09 * min(ill, 5) * low + 0.12 * np.minimum(after / 240, 1))
    values["white_cells"] = values["white_cells"] * np.exp(-0.2 * sepsis * (1 - np.exp(-after / 72)))
    inflamed = 0.35 * min(ill, 4) * ((after / 44) * np.exp(1 - after / 44)) - np.minimum(after / 300, 1)
    values["crp"] = values["crp"] * np.exp(inflamed)
    values["bilirubin_total"] = values["bilirubin_total"] * np.exp(0.16 * sepsis * fallen)
    values["inr"] = values["inr"] * np.exp(0.025 * min(ill, 5) * fallen)
    values["nt_probnp"] = values["nt_probnp"] * np.exp(-0.25 * p.has("heart_failure") * fallen)


def _heart(p: Patient, z: Mapping[str, float], values: dict[str, Series], hours: Series) -> None:
    """Troponin rises some hours after the injury and falls over days, CK-MB within one."""
    if not p.has("st_elevation_infarction", "non_st_elevation_infarction"):
        return
    since = hours + 1.0 + 2.0 * np.exp(0.7 * z["ck_mb"])
    risen = np.maximum(1 - np.exp(-np.maximum(since - 2.0, 0) / 4), 0.003)
    values["troponin_t"] = np.maximum(values["troponin_t"] * risen * np.exp(-np.maximum(since - 24, 0) / 75), 0.004)
    values["ck_mb"] = np.maximum(values["ck_mb"] * risen * np.exp(-np.maximum(since - 16, 0) / 17), 2.0)


def _calcium(start: dict[str, float], values: dict[str, Series], moved: Mapping[str, Series]) -> None:
    """Total calcium follows albumin; the ionised follows what is left of the total when albumin is corrected for."""
    bound = np.minimum(values["albumin"], 4.6) - min(start["albumin"], 4.6)
    values["calcium_total"] = start["calcium_total"] + moved["calcium_total"] + 0.8 * bound
    values["calcium_ionised"] = start["calcium_ionised"] + 0.118 * moved["calcium_total"] + moved["calcium_ionised"]
