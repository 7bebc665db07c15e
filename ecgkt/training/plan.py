"""A recipe's runs: every arm with every budget and seed, and the stages before, each once, whoever shares it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ecgkt import checkpoints
from ecgkt.checkpoints import Card
from ecgkt.data.studies import Study, read_study, read_values_of
from ecgkt.domain.arms import ARMS, Arm
from ecgkt.domain.features import Role
from ecgkt.errors import InvalidCheckpoint
from ecgkt.parallel import as_ready
from ecgkt.training import runs
from ecgkt.training.controls import budget_rows
from ecgkt.training.engine import Engine, Progress
from ecgkt.training.settings import Fit, Recipe

ProgressOf = Callable[[str], Progress]


@dataclass(frozen=True)
class Task:
    """One stage of one arm with one seed (and, in stage 3, one budget), written to `out` from `parents`."""

    stage: str
    arm: Arm
    seed: int
    budget: float
    out: Path
    parents: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """What a progress bar calls it."""
        return self.out.name


def plan(recipe: Recipe, work: Path, models: Path) -> list[Task]:
    """Return the tasks of a recipe in an order in which they can be done; stages 1 and 2 go to `work`.

    With one budget and one seed an arm's checkpoint is called by the arm; else by arm, budget and seed.
    """
    single = len(recipe.budgets) * len(recipe.seeds) == 1
    found: dict[Path, Task] = {}
    for seed in recipe.seeds:
        for arm in (ARMS[name] for name in recipe.arms):
            before = _before(arm, seed, work, found)
            for budget in recipe.budgets:
                task = _last(arm, seed, budget, models, single, before)
                if before and recipe.diagnoses.transfer == "beside":
                    side = _last(ARMS["baseline"], seed, budget, models, single)
                    found.setdefault(side.out, side)
                    task = replace(task, parents=(*before, side.out))
                found[task.out] = task
    return sorted(found.values(), key=lambda task: ("align", "labs", "diagnoses").index(task.stage))


def _last(arm: Arm, seed: int, budget: float, models: Path, single: bool, before: tuple[Path, ...] = ()) -> Task:
    """Return the stage 3 of an arm."""
    out = models / (arm.name if single else checkpoint_name(arm.name, budget, seed))
    return Task("diagnoses", arm, seed, budget, out, before)


def checkpoint_name(arm: str, budget: float, seed: int) -> str:
    """Return what the checkpoint of one cell of a grid is called: "transferred-10pc-seed0"."""
    return f"{arm}-{100 * budget:g}pc-seed{seed}"


def _before(arm: Arm, seed: int, work: Path, found: dict[Path, Task]) -> tuple[Path, ...]:
    """Add the earlier stages of an arm where they are not planned yet; return what its stage 3 starts from."""
    shared = replace(arm, name="strangers" if arm.strangers else "transferred", needs_tables=False)
    kind = f"{arm.align or 'new'}{'-strangers' if arm.strangers else ''}-seed{seed}"
    align, labs = work / f"align-{kind}", work / f"labs-{kind}"
    if arm.align:
        found.setdefault(align, Task("align", _owner(shared, labs=False), seed, 1.0, align))
    if arm.labs:
        parents = (align,) if arm.align else ()
        found.setdefault(labs, Task("labs", _owner(shared, labs=True), seed, 1.0, labs, parents))
    if arm.needs_tables:
        return (align, labs)
    return (labs,) if arm.labs else (align,) if arm.align else ()


def _owner(arm: Arm, labs: bool) -> Arm:
    """Return the arm in whose name a shared stage is written: the first of the table that trains it so."""
    alike = [
        one
        for one in ARMS.values()
        if one.align == arm.align and one.strangers == arm.strangers and (one.labs or not labs)
    ]
    return alike[0]


def run_plan(
    tasks: list[Task],
    recipe: Recipe,
    cohort: Path,
    *,
    engine: Engine | None = None,
    workers: int = 1,
    progress: ProgressOf | None = None,
) -> Iterator[tuple[Task, Card, bool]]:
    """Do the tasks, several at once over processes; yield each with its card and whether it was there already.

    A task whose checkpoint is there, of this cohort and these settings, is kept; one that was stopped goes on.
    """
    shown = progress if workers < 2 else None
    names = {task.out: task.name for task in tasks}
    arguments = {task.name: (task, recipe, cohort, engine, shown) for task in tasks}
    after = {task.name: [names[parent] for parent in task.parents if parent in names] for task in tasks}
    by_name = {task.name: task for task in tasks}
    for name, (card, kept) in as_ready(run_task, arguments, after, workers):
        yield by_name[name], card, kept


def run_task(
    task: Task, recipe: Recipe, cohort: Path, engine: Engine | None = None, progress: ProgressOf | None = None
) -> tuple[Card, bool]:
    """Do one task; return its card, and whether it was there already."""
    recipe = recipe.seeded(task.seed)
    study = read_study(cohort, recipe.preprocessing)
    there = _there(task, recipe, study)
    if there is not None:
        return there, True
    run = runs.Run(study, recipe, task.arm, engine, progress(task.name) if progress else iter)
    if task.stage == "align":
        return runs.run_pretrain(run, task.out), False
    if task.stage == "labs":
        return runs.run_labs(run, task.parents, task.out), False
    values = None
    if task.arm.needs_tables and recipe.diagnoses.tables is not Role.ALIGNMENT_PARTNER:
        values = read_values_of(cohort, recipe.diagnoses.tables)
    return runs.run_diagnoses(run, task.parents, task.out, task.budget, values), False


def _there(task: Task, recipe: Recipe, study: Study) -> Card | None:
    """Return the card of a task that is done already: same cohort, settings, seed, budget, parents."""
    try:
        card = checkpoints.load(task.out).card
        parents = {stage: card_id for path in task.parents for stage, card_id in _id(path).items()}
    except InvalidCheckpoint:
        return None
    settings: Mapping[str, Fit] = {
        "align": recipe.pretrain,
        "labs": recipe.labs,
        "diagnoses": recipe.diagnoses.for_budget(task.budget, with_labs=task.arm.labs and not task.arm.needs_tables),
    }
    same = (
        card.training.get("cohort") == study.cohort.fingerprint
        and card.training.get("seed") == task.seed
        and card.training.get("budget") == task.budget
        and card.training.get("settings") == _plain(settings[task.stage])
        and checkpoints.encoder_settings(card) == _plain_encoder(recipe)
        and parents.items() <= card.parents.items()
        and card.training.get("recordings") == len(budget_rows(study, task.budget, task.seed))
    )
    return card if same else None


def _id(path: Path) -> dict[str, str]:
    card = checkpoints.read_card(path)
    return {card.stage: card.id}


def _plain(settings: Fit) -> dict[str, object]:
    return asdict(settings)


def _plain_encoder(recipe: Recipe) -> dict[str, object]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in recipe.encoder.items()}
