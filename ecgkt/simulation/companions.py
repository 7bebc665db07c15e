"""The analytes beside the panel: by chemistry from it, or by condition. No ECG answers to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.blood import severity
from ecgkt.simulation.patients import Patient

Series = NDArray[np.float64]

ARTERIAL, VENOUS = 0.0, 1.0


def companions(
    rng: np.random.Generator, p: Patient, ill: float, blood: Mapping[str, Series], hours: Series
) -> dict[str, Series]:
    """Return the analytes of items.toml that are not in the panel at each of `hours` (n,), at the patient's own level.

    Units as in items.toml. `specimen_type` is ARTERIAL or VENOUS.
    """
    own = dict(zip(_LEVELS, rng.normal(size=len(_LEVELS)).tolist(), strict=True))
    noise = dict(zip(_NOISES, rng.normal(size=(len(_NOISES), len(hours))), strict=True))
    found = _red_cells(p, own, noise, blood)
    found.update(_white_cells(p, own, noise, blood))
    found.update(_liver(p, ill, own, noise, blood, hours))
    found.update(_clotting(p, own, noise, blood))
    found.update(_gas(p, ill, noise, blood))
    return found


_LEVELS = (
    *("mcv", "neutrophils", "monocytes", "eosinophils", "alt", "alkaline_phosphatase", "creatine_kinase", "ferritin"),
    *("haemoglobin_a1c", "fibrinogen", "ptt", "lactate_dehydrogenase", "lipase", "carboxyhaemoglobin", "heparin"),
)
_NOISES = (
    *("mcv", "haematocrit", "neutrophils", "monocytes", "eosinophils", "basophils", "bands", "early", "alt", "ast"),
    *("gap", "pt", "ptt", "po2", "vein", "saturation", "potassium", "index", "lipaemia", "direct", "urine", "heparin"),
)


def _red_cells(
    p: Patient, own: Mapping[str, float], noise: Mapping[str, Series], blood: Mapping[str, Series]
) -> dict[str, Series]:
    haemoglobin, rdw = blood["haemoglobin"], blood["rdw"]
    mcv = 90.5 + 5.5 * own["mcv"] + 3 * p.has("cirrhosis") - 2.5 * p.has("anaemia") + 0.9 * noise["mcv"]
    haematocrit = (3.03 + 0.07 * noise["haematocrit"]) * haemoglobin
    red = 10 * haematocrit / mcv
    ferritin = np.log(260.0) + 1.3 * own["ferritin"] - 0.16 * (haemoglobin - 10.5) + 0.12 * np.log(blood["crp"] / 20)
    return {
        "haematocrit": haematocrit,
        "red_cells": red,
        "mcv": mcv,
        "mch": 10 * haemoglobin / red,
        "mchc": 100 * haemoglobin / haematocrit,
        "rdw_sd": 0.0375 * mcv * rdw,
        "ferritin": np.clip(np.exp(ferritin - 0.06 * own["mcv"]), 4, 40_000),
        "haemoglobin_a1c": np.maximum(5.5 + 0.35 * own["haemoglobin_a1c"] + 2.1 * p.has("diabetes"), 4.2)
        + 0 * haemoglobin,
    }


def _white_cells(
    p: Patient,
    own: Mapping[str, float],
    noise: Mapping[str, Series],
    blood: Mapping[str, Series],
) -> dict[str, Series]:
    white, sepsis = blood["white_cells"], severity(p, p.latents, "sepsis", "sepsis")
    bands = np.maximum(-3 + 3.5 * sepsis + 4 * noise["bands"], 0)
    early = np.maximum(-1.6 + 0.7 * sepsis + 1.3 * noise["early"], 0)
    monocytes = np.clip(7.2 + 3.0 * own["monocytes"] + 3.0 * noise["monocytes"], 0.5, 30)
    eosinophils = np.clip(1.5 + 1.3 * own["eosinophils"] + 0.7 * noise["eosinophils"] - 0.6 * sepsis, 0, 15)
    basophils = np.clip(0.42 + 0.28 * noise["basophils"], 0, 2)
    level = 0.75 + 0.75 * own["neutrophils"] + 0.5 * np.log(white / 9) + 0.5 * sepsis + 0.25 * noise["neutrophils"]
    shared = 100 - monocytes - eosinophils - basophils - bands - 2 * early
    neutrophils = shared / (1 + np.exp(-level - 0.35))
    lymphocytes = shared - neutrophils
    parts = {
        "neutrophils": neutrophils,
        "lymphocytes": lymphocytes,
        "monocytes": monocytes,
        "eosinophils": eosinophils,
        "basophils": basophils,
    }
    found = dict(parts)
    found.update({f"{name}_absolute": share * white / 100 for name, share in parts.items()})
    atypical = np.maximum(noise["mcv"] - 1.3, 0)
    return {
        **found,
        "bands": bands,
        "metamyelocytes": early,
        "myelocytes": 0.8 * early,
        "atypical_lymphocytes": atypical,
    }


def _liver(
    p: Patient,
    ill: float,
    own: Mapping[str, float],
    noise: Mapping[str, Series],
    blood: Mapping[str, Series],
    hours: Series,
) -> dict[str, Series]:
    hit = max(ill - 2.5, 0) * max(own["lactate_dehydrogenase"] + 0.3, 0)
    shock = 0.9 * hit * np.exp(-np.maximum(hours, 0) / 90)
    alt = np.log(25.0) + 0.55 * own["alt"] + 0.45 * p.has("cirrhosis") + shock + 0.14 * noise["alt"]
    ast = 0.62 * alt + 1.5 + 0.55 * p.has("cirrhosis") + 0.35 * shock + 0.28 * noise["ast"]
    released = np.maximum(blood["ck_mb"] - 3, 0)
    bilirubin = blood["bilirubin_total"]
    muscle = np.log(75.0) + 0.75 * own["creatine_kinase"] + 0.7 * p.latents["ck_mb"] + (0.35 if p.male else 0)
    ldh = np.log(225.0) + 0.4 * own["lactate_dehydrogenase"] + 0.28 * (ast - 3.4)
    return {
        "alt": np.exp(alt),
        "ast": np.exp(ast) + 1.2 * released,
        "alkaline_phosphatase": np.exp(
            np.log(84.0) + 0.36 * own["alkaline_phosphatase"] + 0.35 * p.has("cirrhosis") + 0.06 * noise["gap"]
        ),
        "bilirubin_direct": np.maximum(0.48 * (bilirubin - 0.3) * np.exp(0.2 * noise["direct"]), 0.1),
        "creatine_kinase": np.exp(muscle + 0.3 * noise["gap"]) + 13 * released,
        "lactate_dehydrogenase": np.exp(ldh + 0.1 * noise["index"]) + 1.5 * released,
        "lipase": np.exp(np.log(36.0) + 0.75 * own["lipase"]) + 0 * bilirubin,
        "haemolysis_index": np.exp(np.log(7.0) + 1.0 * noise["index"]),
        "icterus_index": 0.75 * bilirubin + 0.2,
        "lipaemia_index": np.exp(np.log(10.5) + 0.55 * noise["lipaemia"]),
    }


def _clotting(
    p: Patient, own: Mapping[str, float], noise: Mapping[str, Series], blood: Mapping[str, Series]
) -> dict[str, Series]:
    inr = blood["inr"]
    heparin = (own["heparin"] > 0.9) * np.maximum(32 + 20 * noise["heparin"], 0)
    fibrinogen = np.log(300.0) + 0.3 * own["fibrinogen"] + 0.12 * np.log(blood["crp"] / 15) - 0.5 * p.has("cirrhosis")
    return {
        "pt": 10.9 * inr**0.97 + 0.12 * noise["pt"],
        "ptt": np.clip(30.5 + 3 * own["ptt"] + 7 * (inr - 1.2) + 2 * noise["ptt"] + heparin, 19, 150),
        "fibrinogen": np.clip(np.exp(fibrinogen), 50, 1200),
    }


def _gas(p: Patient, ill: float, noise: Mapping[str, Series], blood: Mapping[str, Series]) -> dict[str, Series]:
    """pCO2 follows from pH and bicarbonate (Henderson-Hasselbalch), so the three of one draw agree."""
    ph, bicarbonate = blood["ph"], blood["bicarbonate"]
    vein = np.where(noise["vein"] > 0.55 - 0.15 * ill, VENOUS, ARTERIAL)
    pco2 = np.clip(bicarbonate / (0.0307 * 10 ** (ph - 6.1)), 12, 120)
    lung = severity(p, p.latents, "lung", "respiratory_failure")
    arterial = np.exp(np.log(108.0) - 0.05 * lung + 0.38 * noise["po2"])
    po2 = np.where(vein == VENOUS, 43 + 11 * noise["po2"], arterial)
    full = np.where(vein == VENOUS, 70 + 12 * noise["saturation"], 97 - 1.8 * np.abs(noise["saturation"]) - 1.2 * lung)
    return {
        "specimen_type": vein,
        "pco2": pco2,
        "po2": np.clip(po2, 18, 480),
        "oxygen_saturation": np.clip(full, 30, 99.4),
        "base_excess": 0.93 * (bicarbonate - 24.4 + 14.8 * (ph - 7.4)),
        "total_co2": bicarbonate + 0.0307 * pco2,
        "carboxyhaemoglobin": np.maximum(1.6 + 1.5 * noise["gap"] + 1.2 * p.has("copd"), 0),
        "potassium_whole_blood": blood["potassium"] - 0.05 + 0.12 * noise["potassium"],
        "sodium_whole_blood": blood["sodium"] - 1.0 + noise["direct"],
        "chloride_whole_blood": blood["chloride"] + 3.0 + noise["urine"],
        "glucose_whole_blood": blood["glucose"] * np.exp(0.05 * noise["index"]),
        "haemoglobin_whole_blood": blood["haemoglobin"] + 0.3 * noise["haematocrit"],
        "anion_gap": blood["sodium"] - blood["chloride"] - bicarbonate,
        "urine_ph": np.clip(np.round(2 * (6.0 + 0.6 * noise["urine"])) / 2, 5, 9),
        "urine_gravity": np.clip(1.013 + 0.007 * noise["lipaemia"], 1.001, 1.04),
    }
