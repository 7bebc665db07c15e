"""`reproduce`: the cohort, the weights and the README's table from nothing, with one command that can be resumed."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ecgkt import checkpoints, reports
from ecgkt.cli.progress import bar, counter, say
from ecgkt.cli.stages import simulated_cohort
from ecgkt.data.studies import read_study
from ecgkt.domain.arms import COMPARED
from ecgkt.errors import InvalidValue
from ecgkt.parallel import usual_workers
from ecgkt.training.plan import Task, plan, run_plan
from ecgkt.training.settings import Recipe

ROOT = Path(__file__).resolve().parents[2]
SHOWN = ("gap", "efficiency")
"""The tables that the README shows."""
TOLD = (
    "arms",
    "macro-auroc",
    "differences-auroc",
    "gap",
    "harmed",
    "efficiency",
    "efficiency-differences",
    "macro-auprc",
    "macro-sensitivity_at_90_specificity",
    "subgroups",
    "labels-baseline",
    "labels-transferred",
    "labels-multimodal",
    "label-differences-transferred-baseline",
    "label-differences-transferred-ecg-only",
)
"""The tables of the page of results; all of them are in the results' folder."""
BEGIN, END = "<!-- results: python -m ecgkt reproduce -->", "<!-- end of results -->"


def fill_reproduce(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `reproduce`."""
    parser.add_argument("--recipe", type=Path, default=ROOT / "configs" / "bundled.toml", metavar="FILE")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where all of it goes (default: runs/RECIPE)")
    parser.add_argument("--cohort", type=Path, metavar="DIR", help="a prepared cohort (default: simulate one)")
    parser.add_argument("--workers", type=int, metavar="N", help="arms trained at once (default: one per core)")
    parser.add_argument("--resamples", type=int, default=1000, metavar="R", help="of patients, for the intervals")
    parser.add_argument("--models", type=Path, metavar="DIR", help="copy the finished arms there, with their figures")
    parser.add_argument("--readme", type=Path, metavar="FILE", help="put the tables between this file's result marks")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write most tables into this page")
    parser.set_defaults(run=run_reproduce)


def run_reproduce(arguments: argparse.Namespace) -> int:
    """Do all of it; what is there already is kept, so that a run that was stopped goes on."""
    began = time.monotonic()
    recipe = Recipe.from_toml(arguments.recipe)
    out = arguments.out or Path("runs") / recipe.name
    workers = arguments.workers or usual_workers()
    if arguments.readme is not None:
        _parts(arguments.readme)
    cohort = arguments.cohort or simulated_cohort(recipe, out)
    read_study(cohort, recipe.preprocessing, workers=workers, progress=counter("read"))
    tasks = plan(recipe, out / "stages", out / "models")
    for number, (task, card, kept) in enumerate(run_plan(tasks, recipe, cohort, workers=workers, progress=bar), 1):
        done = "kept" if kept else "done"
        say(f"{number} of {len(tasks)}: {task.name} {done} ({card.id}), {(time.monotonic() - began) / 60:.0f} min.")
    read, scored = counter("read"), bar("score")
    stored = reports.store_all(cohort, [out / "models"], out / "results", workers=workers, read=read, progress=scored)
    report = reports.write_report(out / "results", list(stored.values()), resamples=arguments.resamples)
    say(f"{len(report.tables)} tables and {len(report.charts)} figures are in {out / 'results'}.")
    if arguments.models is not None:
        for folder in _publish(tasks, recipe, arguments.models, out / "results", stored, arguments.resamples):
            say(f"{folder.name}: checkpoint {checkpoints.read_card(folder).id} is in {folder}.")
    if arguments.readme is not None:
        _write_tables(report, arguments.readme)
    if arguments.page is not None:
        _write_page(report, arguments.page, recipe)
    say(f"Reproduced in {(time.monotonic() - began) / 60:.0f} minutes.")
    return 0


def _publish(
    tasks: list[Task], recipe: Recipe, models: Path, results: Path, stored: dict[str, Path], resamples: int
) -> list[Path]:
    """Copy each arm's checkpoint of the first seed and the largest budget, with its held-out figures in the card.

    Controls stay where they are; the models that are wrong on purpose go to `checks`, where the app does not look.
    """
    truth = reports.read_truth(results / reports.PREDICTIONS / reports.TRUTH)
    where = f"{truth.cohort.domain}, held out"
    written = []
    for task in tasks:
        wrong = task.arm.shortcut or task.arm.random_labels
        chosen = task.seed == recipe.seeds[0] and task.budget == max(recipe.budgets)
        if task.stage != "diagnoses" or not chosen or not (wrong or task.arm.name in COMPARED):
            continue
        folder = models / "checks" / task.arm.name if wrong else models / task.arm.name
        card = checkpoints.copy_as(task.out, folder)
        one = reports.read_predictions(stored[card.id])
        estimates, errors = reports.card_figures(truth, one, resamples=resamples)
        command = f"python -m ecgkt reproduce --recipe configs/{recipe.name}.toml"
        reports.add_estimates(folder, where, estimates, command, errors)
        reports.add_observed(folder, where, reports.count_stored(truth, one), command)
        written.append(folder)
    return written


def _parts(readme: Path) -> tuple[str, str]:
    """Return what stands before and after the tables; raise InvalidValue where a mark is missing."""
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InvalidValue(f"{readme.name} with the marks {BEGIN} and {END}", "another file", "add both, once each")
    return text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]


def _write_tables(report: reports.Report, readme: Path) -> None:
    before, after = _parts(readme)
    shown = [table for name in SHOWN for table in report.tables if table.name == name]
    body = "\n".join(reports.to_markdown(table).replace("## ", "### ", 1) for table in shown)
    readme.write_text(f"{before}\n\n{body}\n{after}", encoding="utf-8")


def _write_page(report: reports.Report, page: Path, recipe: Recipe) -> None:
    told = [table for name in TOLD for table in report.tables if table.name == name]
    command = f"python -m ecgkt reproduce --recipe configs/{recipe.name}.toml --page {page.name}"
    words = "What the words mean: [evaluation](evaluation.md)."
    head = f"# Results of `configs/{recipe.name}.toml`\n\nWritten by `{command}`. {words}"
    page.write_text("\n\n".join([head, *map(reports.to_markdown, told)]), encoding="utf-8")
