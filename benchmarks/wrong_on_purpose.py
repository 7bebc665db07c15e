"""Whether the two models of `models/checks` are wrong in the way that they were made to be.

python -m benchmarks.wrong_on_purpose PREPARED [--models models/checks] [--ecgs 2000]

On held-out SIMULATED patients: AUROC of the shortcut's target with the mark planted as in training, without any mark,
and planted the other way round (in those without the diagnosis); and of the model with shuffled diagnoses, the mean
over its targets. A model that leans on the mark falls below 0.5 in the third column.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from ecgkt.data.studies import Study, read_study
from ecgkt.domain.estimates import Estimate
from ecgkt.evaluation.discrimination import auroc_estimate
from ecgkt.inference import Predictor
from ecgkt.signals import shortcut
from ecgkt.training.controls import TARGET, is_marked

PLACES = ("as in training", "nowhere", "the other way round")


def target_auroc(predictor: Predictor, study: Study, rows: np.ndarray, place: str) -> Estimate:
    """Return AUROC of the shortcut's target with the mark planted in some of the rows."""
    truth = study.labels.column(TARGET)[rows]
    marked = is_marked(study, rows)
    marked = {"as in training": marked, "nowhere": np.zeros_like(marked), "the other way round": truth == 0}[place]
    phases = np.random.default_rng(0).uniform(0, shortcut.EVERY_SECONDS, len(rows))
    m, fs = study.signals.shape[-1], study.preprocessing.fs
    column = predictor.card.labels.index(TARGET)
    logits = []
    with torch.inference_mode():
        for row, phase, with_mark in zip(rows, phases, marked, strict=True):
            signal = np.array(study.signals[row]) + with_mark * shortcut.mark(m, fs, float(phase)).astype(np.float32)
            logits.append(float(predictor.network(torch.from_numpy(signal)[None])[0, column]))
    return auroc_estimate(truth, np.array(logits), study.cohort.subject_ids[rows])


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("--models", type=Path, default=Path("models/checks"))
    parser.add_argument("--ecgs", type=int, default=2000)
    arguments = parser.parse_args()
    planted = Predictor.open(arguments.models / "shortcut")
    study = read_study(arguments.prepared, planted.card.preprocessing)
    rows = study.rows("held_out")[: arguments.ecgs]
    print(f"AUROC of {TARGET} on {len(rows)} held-out {study.cohort.domain} ECGs\n")
    print("\n".join(["| the mark is planted | AUROC |", "|---|---:|"]))
    for place in PLACES:
        print(f"| {place} | {target_auroc(planted, study, rows, place)} |", flush=True)
    shuffled = Predictor.open(arguments.models / "random_labels")
    truth = study.labels.values[rows][:, study.labels.labels.positions(shuffled.card.labels.names)]
    with torch.inference_mode():
        signals = (torch.from_numpy(np.array(study.signals[row]))[None] for row in rows)
        logits = torch.cat([shuffled.network(signal) for signal in signals]).numpy()
    subjects = study.cohort.subject_ids[rows]
    found: dict[str, list[float]] = {}
    for column, label in enumerate(shuffled.card.labels):
        estimate = auroc_estimate(truth[:, column], logits[:, column], subjects, resamples=10)
        if estimate.value is not None:
            found.setdefault(str(label.kind), []).append(estimate.value)
    print("\nShuffled diagnoses, mean AUROC: " + ", ".join(f"{kind} {np.mean(v):.3f}" for kind, v in found.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
