"""What stage 3 should do with the encoder of the stages before: read it, train it on, or keep it beside another.

python -m benchmarks.transfer_ways PREPARED RUNS [--recipe FILE] [--budgets 0.01 0.1] [--arm transferred] [--out DIR]

RUNS is what `reproduce` (with `transfer = "beside"`) or `train` left: `stages` and `models`. The arm's other ways are
trained from the same stages with the recipe's settings, into DIR (RUNS/ways), where finished ones are kept. All are
judged on the TUNING patients, from whom a recipe may be chosen: macro AUROC over labels with 10 positives.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ecgkt import checkpoints
from ecgkt.cli.progress import bar
from ecgkt.data.studies import Study, read_study
from ecgkt.domain.arms import arm
from ecgkt.domain.labels import Kind
from ecgkt.evaluation.discrimination import FEWEST_POSITIVES, auroc
from ecgkt.training.plan import checkpoint_name, plan, run_task
from ecgkt.training.release import logits_of
from ecgkt.training.settings import Recipe

WAYS: Mapping[str, Mapping[str, Any]] = {
    "probe": {"transfer": "probe"},
    "fine_tune, encoder_rate 0.3": {"transfer": "fine_tune", "encoder_rate": 0.3, "lab_weight": 0.2},
    "fine_tune, encoder_rate 2.5": {"transfer": "fine_tune", "encoder_rate": 2.5, "lab_weight": 0.2},
}
OTHERS = ("baseline", "baseline_pair", "ecg_only")
"""Arms of RUNS that stand beside the ways."""


def judged(study: Study, folder: Path) -> dict[str, float]:
    """Return the macro AUROC of a checkpoint's families on the tuning rows."""
    checkpoint = checkpoints.load(folder)
    network = checkpoints.build_network(checkpoint.card)
    network.load_state_dict(dict(checkpoint.weights))
    rows = study.rows("tuning")
    logits = logits_of(network.eval(), study, rows)
    truth = study.labels.values[rows][:, study.labels.labels.positions(checkpoint.card.labels.names)]
    found: dict[str, list[float]] = {}
    for column, label in enumerate(checkpoint.card.labels):
        known = truth[~np.isnan(truth[:, column]), column]
        if min(known.sum(), (1 - known).sum()) >= FEWEST_POSITIVES:
            found.setdefault(str(label.kind), []).append(auroc(truth[:, column], logits[:, column]))
    return {kind: float(np.mean(values)) for kind, values in found.items()}


def main() -> int:
    """Train the ways that are not there, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--recipe", type=Path, default=Path("configs/bundled.toml"))
    parser.add_argument("--budgets", type=float, nargs="+", default=[0.01, 0.1])
    parser.add_argument("--arm", default="transferred")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    recipe = Recipe.from_toml(arguments.recipe)
    study = read_study(arguments.prepared, recipe.preprocessing)
    title = arm(arguments.arm).name
    kinds = [str(kind) for kind in Kind]
    print(f"{study.cohort.domain}, {len(study.rows('tuning'))} tuning ECGs: macro AUROC\n")
    print("\n".join(["| budget | way | " + " | ".join(kinds) + " |", "|---|---|" + "---:|" * len(kinds)]))
    for budget in arguments.budgets:
        folders = {name: arguments.runs / "models" / checkpoint_name(name, budget, recipe.seeds[0]) for name in OTHERS}
        for way, settings in WAYS.items():
            other = replace(recipe, arms=(title,), diagnoses=replace(recipe.diagnoses, **settings))
            models = (arguments.out or arguments.runs / "ways") / way.replace(", ", "-").replace(" ", "-")
            for task in plan(replace(other, budgets=(budget, 1.0)), arguments.runs / "stages", models):
                if task.stage == "diagnoses" and task.budget == budget:
                    run_task(task, other, arguments.prepared, progress=bar)
                    folders[f"{title}, {way}"] = task.out
        beside = checkpoint_name(title, budget, recipe.seeds[0])
        folders[f"{title}, beside"] = arguments.runs / "models" / beside
        for name, folder in folders.items():
            if folder.is_dir():
                found = judged(study, folder)
                cells = " | ".join(f"{found[kind]:.3f}" if kind in found else "-" for kind in kinds)
                print(f"| {100 * budget:g} % | {name} | {cells} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
