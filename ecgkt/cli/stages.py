"""The training commands: each stage alone, a whole recipe, and everything once in small."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ecgkt import checkpoints, readers, reports
from ecgkt.checkpoints import Card
from ecgkt.cli.progress import bar, counter, say, steps
from ecgkt.data.prepare import prepare
from ecgkt.data.studies import Study, read_study
from ecgkt.errors import InvalidCheckpoint
from ecgkt.inference import Predictor
from ecgkt.parallel import usual_workers
from ecgkt.training import runs
from ecgkt.training.settings import Recipe

WORTH_WORKERS = 500
"""From this many patients on, starting more processes pays."""
SMOKE = Path(__file__).resolve().parents[2] / "configs" / "smoke.toml"


def fill_pretrain(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `pretrain`."""
    _add_stage(parser)
    parser.set_defaults(run=run_pretrain)


def fill_labs(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `train-labs`."""
    _add_stage(parser)
    parser.add_argument("--parent", type=Path, required=True, metavar="DIR", help="the checkpoint of stage 1")
    parser.set_defaults(run=run_labs)


def fill_diagnoses(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `train-diagnoses`."""
    _add_stage(parser)
    parser.add_argument("--parent", type=Path, metavar="DIR", help="the checkpoint of stage 2 (without: the baseline)")
    parser.set_defaults(run=run_diagnoses)


def fill_train(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `train`."""
    parser.add_argument("--recipe", type=Path, required=True, metavar="FILE")
    parser.add_argument("--cohort", type=Path, metavar="DIR", help="a prepared cohort (default: simulate one)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR", help="stages 1 and 2, and the cohort")
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR", help="the arms")
    parser.set_defaults(run=run_train)


def fill_smoke(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `smoke`."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep what is made here (default: nothing is kept)")
    parser.set_defaults(run=run_smoke)


def run_pretrain(arguments: argparse.Namespace) -> int:
    """Train stage 1."""
    recipe = Recipe.from_toml(arguments.recipe)
    return _told(runs.run_pretrain(_study(arguments.cohort, recipe), recipe, arguments.out, bar("align")))


def run_labs(arguments: argparse.Namespace) -> int:
    """Train stage 2."""
    recipe = Recipe.from_toml(arguments.recipe)
    study = _study(arguments.cohort, recipe)
    return _told(runs.run_labs(study, recipe, arguments.parent, arguments.out, bar("labs")))


def run_diagnoses(arguments: argparse.Namespace) -> int:
    """Train stage 3."""
    recipe = Recipe.from_toml(arguments.recipe)
    study = _study(arguments.cohort, recipe)
    return _told(runs.run_diagnoses(study, recipe, arguments.parent, arguments.out, bar("diagnoses")))


def run_train(arguments: argparse.Namespace) -> int:
    """Run a recipe: cohort, stages, arms, evaluation; a stage that is there already is kept."""
    recipe = Recipe.from_toml(arguments.recipe)
    train_recipe(recipe, arguments.cohort, arguments.runs, arguments.models)
    return 0


def run_smoke(arguments: argparse.Namespace) -> int:
    """Simulate, train all stages, evaluate, export, and read one ECG with the result."""
    with tempfile.TemporaryDirectory(prefix="ecgkt-smoke-") as private:
        out = arguments.out or Path(private)
        models = out / "models"
        train_recipe(Recipe.from_toml(SMOKE), None, out / "runs", models)
        predictor = Predictor.open(checkpoints.choose_checkpoint(models))
        path = readers.find_records(out / "runs" / "cohort")[0]
        predictions = predictor.predict([readers.read_record(path)])
        if predictions.abstained[0] is None:
            say(f"One simulated ECG read: {len(predictions.labels)} scores, calibrated {predictions.calibrated}.")
    say("Smoke test passed: simulate, align, labs, diagnoses, evaluate, export, predict.")
    return 0


def train_recipe(recipe: Recipe, cohort: Path | None, out: Path, models: Path) -> None:
    """Train the arms of a recipe into `models`, with stages 1 and 2 (and a simulated cohort) in `out`."""
    if cohort is None:
        from ecgkt.simulation import simulate_cohort

        source, cohort = out / "cohort", out / "prepared"
        workers = usual_workers() if recipe.patients >= WORTH_WORKERS else 1
        simulate_cohort(source, recipe.patients, recipe.cohort_seed, progress=counter("simulate"), workers=workers)
        prepare([source], cohort, split_seed=recipe.split_seed, workers=workers, progress=steps())
    study = _study(cohort, recipe)
    for arm in recipe.arms:
        _train_arm(arm, study, recipe, out, models)
        where = f"{study.cohort.domain}, held out"
        predictor = Predictor.open(models / arm)
        estimates = reports.evaluate_study(predictor, study)
        errors = reports.calibration_errors(predictor, study)
        command = f"python -m ecgkt train --recipe configs/{recipe.name}.toml"
        card = reports.add_estimates(models / arm, where, estimates, command, errors)
        macros = ", ".join(f"{kind} {value:.3f}" for kind, value in reports.macro_by_kind(card, estimates).items())
        say(f"{arm}: macro AUROC ({where}): {macros}.")


def _train_arm(arm: str, study: Study, recipe: Recipe, out: Path, models: Path) -> None:
    """Train one arm, with the stages before it where it needs them."""
    align, labs, target = out / "align", out / "labs", models / arm
    if arm == "transferred":
        if not _done(align, study, recipe):
            _told(runs.run_pretrain(study, recipe, align, bar("align")))
        if not _done(labs, study, recipe):
            _told(runs.run_labs(study, recipe, align, labs, bar("labs")))
    if _done(target, study, recipe):
        return
    if arm == "signal_only":
        _told(runs.run_signal_only(study, recipe, target, bar(arm)))
    else:
        _told(runs.run_diagnoses(study, recipe, labs if arm == "transferred" else None, target, bar(arm)))


def _add_stage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cohort", type=Path, required=True, metavar="DIR", help="a prepared cohort")
    parser.add_argument("--recipe", type=Path, required=True, metavar="FILE", help="one of configs/")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the checkpoint goes")


def _study(cohort: Path, recipe: Recipe) -> Study:
    return read_study(cohort, recipe.preprocessing, workers=usual_workers(), progress=counter("read"))


def _done(folder: Path, study: Study, recipe: Recipe) -> bool:
    """Whether a checkpoint of this recipe and cohort is there already, so that a stopped run goes on."""
    try:
        card = checkpoints.load(folder).card
    except InvalidCheckpoint:
        return False
    same = card.training.get("cohort") == study.cohort.fingerprint and card.training.get("recipe") == recipe.name
    if same:
        say(f"{folder.name}: already there (checkpoint {card.id}), kept.")
    return same


def _told(card: Card) -> int:
    say(f"{card.title}: checkpoint {card.id}, last loss {card.training['last_loss']}.")
    return 0
