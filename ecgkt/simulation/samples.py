"""The bundled samples: simulated recordings with one clear finding each, in MIMIC-IV-ECG's layout."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ecgkt.errors import InvalidValue
from ecgkt.mimic import table
from ecgkt.simulation.arrays import SimulatedArrays, simulate_arrays
from ecgkt.simulation.blood import blood_values
from ecgkt.simulation.heartbeats import QRS_WAVES
from ecgkt.simulation.plans import Plan
from ecgkt.simulation.settings import SimulationSettings
from ecgkt.simulation.sources import ELECTRODES
from ecgkt.simulation.waveform_files import write_record

SEED = 2026
SETTINGS = SimulationSettings(enrichment=8.0, artefacts=0.5, faulty=0.0)
SEARCHED = 6000
_BLOCK = 250
_V1 = ELECTRODES.index("V1")
_FIRST_SUBJECT, _FIRST_STUDY = 19_900_001, 49_900_001
_FIRST_TIME = datetime(2190, 1, 1, 9, 0)


@dataclass(frozen=True)
class Wanted:
    """A sample to look for: the tracing labels that must be 1, and a further test of the plan and its blood."""

    title: str
    description: str
    present: frozenset[str]
    further: Callable[[Plan, Mapping[str, float]], bool] = lambda plan, blood: True
    allowed: frozenset[str] = frozenset()


def _want(
    title: str,
    description: str,
    present: str,
    further: Callable[[Plan, Mapping[str, float]], bool] = lambda plan, blood: True,
    allowed: str = "",
) -> Wanted:
    return Wanted(f"{title} (simulated)", description, frozenset(present.split()), further, frozenset(allowed.split()))


def _plain(plan: Plan, blood: Mapping[str, float]) -> bool:
    """Whether nothing else marks the tracing: usual rate, voltage, muscle mass and potassium."""
    t = plan.tracing
    return t.rate < 90 and 0.7 < t.voltage < 1.1 and t.left_mass < 0.6 and 3.6 < blood["potassium"] < 5.0


def _fine_waves(plan: Plan) -> bool:
    """Whether fibrillatory waves stay below about 0.1 mV in V1."""
    return plan.atrial_activity is not None and float(np.abs(plan.atrial_activity.potential[:, _V1]).max()) < 0.05


def _spiked(plan: Plan) -> bool:
    """Whether pacing spikes are seen in most leads, and T stays below the QRS."""
    spike, *rest = np.abs(plan.beats[0].potential)
    return float(np.median(spike)) > 0.3 and max(w.max() for w in rest[QRS_WAVES - 1 :]) < 0.9


WANTED = (
    _want(
        "Sinus rhythm",
        "A patient without a condition that marks the ECG.",
        "sinus_rhythm",
        lambda plan, blood: not plan.patient.conditions and 62 < plan.tracing.rate < 85,
    ),
    _want(
        "Atrial fibrillation",
        "No P waves, an irregular ventricular rhythm.",
        "atrial_fibrillation",
        lambda plan, blood: plan.tracing.rate < 120 and _fine_waves(plan),
    ),
    _want(
        "Atrial flutter",
        "Sawtooth waves in II, III and aVF.",
        "atrial_flutter",
        lambda plan, blood: plan.tracing.flutter_ratio == 4 and plan.tracing.conduction == "normal",
    ),
    _want(
        "Left bundle-branch block",
        "A wide QRS with discordant repolarisation.",
        "sinus_rhythm left_bundle_branch_block",
        lambda plan, blood: _plain(plan, blood) and plan.tracing.fragmentation < 0.06,
        allowed="left_atrial_enlargement left_axis_deviation",
    ),
    _want(
        "Right bundle-branch block, first-degree block",
        "A wide QRS with R' in V1, and a PR interval over 200 ms.",
        "sinus_rhythm right_bundle_branch_block first_degree_av_block",
        lambda plan, blood: _plain(plan, blood) and plan.tracing.fragmentation < 0.15,
        allowed="left_atrial_enlargement left_axis_deviation right_axis_deviation left_anterior_fascicular_block",
    ),
    _want(
        "Inferior ST elevation",
        "An acute inferior infarction; the first troponin may still be low.",
        "sinus_rhythm st_elevation",
        lambda plan, blood: plan.tracing.injury == "inferior" and plan.tracing.injury_mv > 0.2,
        allowed="st_depression inferior_infarction left_atrial_enlargement t_wave_inversion sinus_bradycardia",
    ),
    _want(
        "High potassium",
        "Narrow, tall T waves. A potassium this high with a normal ECG exists as well.",
        "sinus_rhythm",
        lambda plan, blood: 6.6 < blood["potassium"] < 7.6 and plan.tracing.t_peaking > 0.7,
        allowed="first_degree_av_block left_atrial_enlargement intraventricular_conduction_delay left_axis_deviation",
    ),
    _want(
        "Low potassium",
        "Flat T waves, U waves, a sagging ST segment and a long QT interval.",
        "sinus_rhythm",
        lambda plan, blood: blood["potassium"] < 2.8 and plan.tracing.u_mv > 0.09 and plan.tracing.t_gain < 0.6,
        allowed="long_qt st_depression left_atrial_enlargement t_wave_inversion",
    ),
    _want(
        "Left ventricular hypertrophy with strain",
        "High voltage with asymmetric ST depression and T inversion laterally.",
        "sinus_rhythm left_ventricular_hypertrophy",
        lambda plan, blood: plan.tracing.strain > 0.6 and plan.tracing.conduction == "normal",
        allowed="left_atrial_enlargement st_depression t_wave_inversion left_axis_deviation",
    ),
    _want(
        "Paced rhythm",
        "Right-ventricular pacing; the spikes are lost at the model's 100 Hz and kept on screen.",
        "paced_rhythm",
        lambda plan, blood: _plain(plan, blood) and plan.tracing.voltage < 0.85 and _spiked(plan),
        allowed="long_qt left_axis_deviation right_axis_deviation",
    ),
)


def write_samples(folder: Path) -> None:
    """Search the simulated patients of one seed for the wanted samples and write them, replacing what was there."""
    found = _search()
    missing = [wanted.title for wanted in WANTED if wanted.title not in found]
    if missing:
        raise InvalidValue("a patient for every sample", f"none for {', '.join(missing)}", "search more patients")
    shutil.rmtree(folder / "files", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    listing, described = [], []
    for place, wanted in enumerate(WANTED):
        subject, study = _FIRST_SUBJECT + place, _FIRST_STUDY + place
        when = _FIRST_TIME + timedelta(days=place)
        one = simulate_arrays(1, SEED, SETTINGS, first=found[wanted.title])
        path = write_record(folder, subject, study, when, one.signals[0]).as_posix()
        listing.append([subject, study, study, f"{when:%Y-%m-%d %H:%M:%S}", path])
        described.append(_describe(wanted, path, _blood(one.plans[0])))
    with (folder / "record_list.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table("record_list").header)
        writer.writerows(listing)
    head = "# SIMULATED recordings, no patient; no clinician has reviewed them. Written by `python -m ecgkt samples`.\n"
    (folder / "samples.toml").write_text(head + "\n".join(described), encoding="utf-8")


def _search() -> dict[str, int]:
    """Return the first patient number that fits each title."""
    found: dict[str, int] = {}
    for first in range(0, SEARCHED, _BLOCK):
        block = simulate_arrays(_BLOCK, SEED, SETTINGS, first=first, signals=False)
        for row, plan in enumerate(block.plans):
            present = _present(block, row)
            for wanted in WANTED:
                if wanted.title not in found and _fits(wanted, present, plan):
                    found[wanted.title] = first + row
        if len(found) == len(WANTED):
            break
    return found


def _present(block: SimulatedArrays, row: int) -> frozenset[str]:
    return frozenset(name for name, value in block.readings[row].labels.items() if value == 1)


def _fits(wanted: Wanted, present: frozenset[str], plan: Plan) -> bool:
    extra = present - wanted.present - wanted.allowed
    return wanted.present <= present and not extra and wanted.further(plan, _blood(plan))


def _blood(plan: Plan) -> dict[str, float]:
    return blood_values(plan.patient, plan.patient.latents)


def _describe(wanted: Wanted, path: str, blood: Mapping[str, float]) -> str:
    labs = "\n".join(f"{name} = {float(f'{value:.3g}')}" for name, value in blood.items())
    text = (
        f"title = {json.dumps(wanted.title)}\npath = {json.dumps(path)}\ndescription = {json.dumps(wanted.description)}"
    )
    return f"\n[[samples]]\n{text}\n[samples.labs]\n{labs}\n"
