"""The training commands: each stage alone, a whole recipe, and everything once in small."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ecgkt import checkpoints, readers, reports
from ecgkt.checkpoints import Card
from ecgkt.cli.progress import bar, counter, say, steps
from ecgkt.data.prepare import prepare
from ecgkt.data.studies import read_study, read_values_of
from ecgkt.domain.arms import ARMS, arm
from ecgkt.inference import Predictor
from ecgkt.parallel import usual_workers
from ecgkt.training import runs
from ecgkt.training.engine import Engine
from ecgkt.training.machines import ACCELERATORS, LOGGERS, PRECISIONS
from ecgkt.training.plan import plan, run_plan
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
    _add_parents(parser, "the checkpoint of stage 1")
    parser.set_defaults(run=run_labs)


def fill_diagnoses(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `train-diagnoses`."""
    _add_stage(parser)
    _add_parents(parser, "a checkpoint of an earlier stage (multimodal: that of stage 1 and that of stage 2)")
    parser.add_argument(
        "--budget", type=float, default=1.0, metavar="B", help="share of the training patients whose diagnoses are seen"
    )
    parser.set_defaults(run=run_diagnoses)


def fill_train(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `train`."""
    parser.add_argument("--recipe", type=Path, required=True, metavar="FILE")
    parser.add_argument("--cohort", type=Path, metavar="DIR", help="a prepared cohort (default: simulate one)")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR", help="stages 1 and 2, and the cohort")
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR", help="the arms")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="arms trained at once, each by one core")
    _add_engine(parser)
    parser.set_defaults(run=run_train)


def fill_smoke(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `smoke`."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep what is made here (default: nothing is kept)")
    parser.set_defaults(run=run_smoke)


def run_pretrain(arguments: argparse.Namespace) -> int:
    """Train stage 1."""
    return _told(runs.run_pretrain(_run(arguments, "align"), arguments.out))


def run_labs(arguments: argparse.Namespace) -> int:
    """Train stage 2."""
    return _told(runs.run_labs(_run(arguments, "labs"), arguments.parent, arguments.out))


def run_diagnoses(arguments: argparse.Namespace) -> int:
    """Train stage 3."""
    run = _run(arguments, "diagnoses")
    values = read_values_of(arguments.cohort, run.recipe.diagnoses.tables) if run.arm.needs_tables else None
    return _told(runs.run_diagnoses(run, arguments.parent, arguments.out, arguments.budget, values))


def run_train(arguments: argparse.Namespace) -> int:
    """Run a recipe: cohort, stages, arms, evaluation; a stage that is there already is kept."""
    recipe = Recipe.from_toml(arguments.recipe)
    engine = _engine(arguments)
    train_recipe(recipe, arguments.cohort, arguments.runs, arguments.models, engine, arguments.workers)
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


def train_recipe(
    recipe: Recipe, cohort: Path | None, out: Path, models: Path, engine: Engine | None = None, workers: int = 1
) -> Path:
    """Train the arms of a recipe into `models`, with stages 1 and 2 (and a simulated cohort) in `out`.

    Every arm's AUROC on the held-out patients goes into its card. Returns the prepared cohort.
    """
    cohort = simulated_cohort(recipe, out) if cohort is None else cohort
    study = read_study(cohort, recipe.preprocessing, workers=usual_workers(), progress=counter("read"))
    tasks = plan(recipe, out, models)
    for task, card, kept in run_plan(tasks, recipe, cohort, engine=engine, workers=workers, progress=bar):
        if kept:
            say(f"{task.name}: already there (checkpoint {card.id}), kept.")
        else:
            _told(card)
        if task.stage == "diagnoses" and not card.estimates:
            where = f"{study.cohort.domain}, held out"
            predictor = Predictor.open(task.out)
            estimates = reports.evaluate_study(predictor, study, cohort=cohort)
            errors = reports.calibration_errors(predictor, study, cohort=cohort)
            command = f"python -m ecgkt train --recipe configs/{recipe.name}.toml"
            reports.add_observed(task.out, where, reports.count_study(predictor, study, cohort=cohort), command)
            card = reports.add_estimates(task.out, where, estimates, command, errors)
            macros = ", ".join(f"{kind} {value:.3f}" for kind, value in reports.macro_by_kind(card, estimates).items())
            say(f"{task.name}: macro AUROC ({where}): {macros}.")
    return cohort


def simulated_cohort(recipe: Recipe, out: Path) -> Path:
    """Simulate and prepare a recipe's cohort below `out`, where it is not there yet; return the prepared folder."""
    from ecgkt.simulation import SimulationSettings, simulate_cohort

    source, prepared = out / "cohort", out / "prepared"
    workers = usual_workers() if recipe.patients >= WORTH_WORKERS else 1
    settings = SimulationSettings(shared_strength=recipe.shared_strength)
    simulate_cohort(
        source, recipe.patients, recipe.cohort_seed, settings, progress=counter("simulate"), workers=workers
    )
    prepare([source], prepared, split_seed=recipe.split_seed, workers=workers, progress=steps())
    return prepared


def _add_stage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cohort", type=Path, required=True, metavar="DIR", help="a prepared cohort")
    parser.add_argument("--recipe", type=Path, required=True, metavar="FILE", help="one of configs/")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the checkpoint goes")
    parser.add_argument(
        "--arm", metavar="NAME", help=f"one of {', '.join(ARMS)} (default: transferred; stage 3 from nothing: baseline)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and who is in the budget")
    _add_engine(parser)


def _add_parents(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--parent", type=Path, action="append", default=[], metavar="DIR", help=what)


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accelerator", choices=ACCELERATORS, default="auto", help="(default: a GPU if there is one)")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto", help="(default: bf16-mixed on a GPU)")
    parser.add_argument("--loaders", type=int, default=0, metavar="N", help="processes that read ahead of each trainer")
    parser.add_argument("--logger", choices=LOGGERS, default="csv")


def _engine(arguments: argparse.Namespace) -> Engine:
    return Engine(arguments.accelerator, 1, arguments.precision, arguments.loaders, arguments.logger)


def _run(arguments: argparse.Namespace, title: str) -> runs.Run:
    recipe = Recipe.from_toml(arguments.recipe).seeded(arguments.seed)
    study = read_study(arguments.cohort, recipe.preprocessing, workers=usual_workers(), progress=counter("read"))
    from_nothing = title == "diagnoses" and not arguments.parent
    name = arguments.arm or ("baseline" if from_nothing else "transferred")
    return runs.Run(study, recipe, arm(name), _engine(arguments), bar(title))


def _told(card: Card) -> int:
    last = card.training.get("last_loss")
    say(f"{card.title}: checkpoint {card.id}" + (f", last loss {last}." if last is not None else ", a linear probe."))
    return 0
