from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ecgkt import checkpoints
from ecgkt.training.plan import checkpoint_name, plan, run_plan
from ecgkt.training.settings import DiagnosesSettings, LabsSettings, PretrainSettings, Recipe

TINY = Recipe(
    name="tiny",
    patients=40,
    arms=("baseline", "transferred", "multimodal", "ecg_only"),
    budgets=(0.5, 1.0),
    encoder={"width": 16, "channels": [8, 16], "strides": [2, 4]},
    pretrain=PretrainSettings(epochs=1, batch=16, projector=32, crop_seconds=5),
    labs=LabsSettings(epochs=1, batch=16, crop_seconds=5),
    diagnoses=DiagnosesSettings(epochs=1, batch=16, crop_seconds=5),
)


def test_stages_that_arms_share_are_planned_once_and_before_what_needs_them(tmp_path):
    tasks = plan(TINY, tmp_path / "runs", tmp_path / "models")
    assert [task.out.name for task in tasks if task.stage != "diagnoses"] == [
        "align-tables-seed0",
        "align-ecg-seed0",
        "labs-tables-seed0",
    ]
    assert {task.name for task in tasks if task.stage == "diagnoses"} == {
        checkpoint_name(arm, budget, 0) for arm in TINY.arms for budget in TINY.budgets
    }
    places = {task.out: place for place, task in enumerate(tasks)}
    assert all(places[parent] < places[task.out] for task in tasks for parent in task.parents)
    single = plan(replace(TINY, budgets=(1.0,)), tmp_path / "runs", tmp_path / "models")
    assert {task.out.name for task in single if task.stage == "diagnoses"} == set(TINY.arms)


def test_every_arm_and_control_can_be_planned(tmp_path):
    from ecgkt.domain.arms import ARMS

    tasks = plan(replace(TINY, arms=tuple(ARMS)), tmp_path / "runs", tmp_path / "models")
    for task in tasks:
        stages = {next(one.stage for one in tasks if one.out == parent) for parent in task.parents}
        if task.stage == "diagnoses" and task.arm.needs_tables:
            assert stages == {"align", "labs"}
        assert len({task.arm.strangers, *(one.arm.strangers for one in tasks if one.out in task.parents)}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_plan_is_done_once_and_kept_afterwards(prepared: Path, tmp_path, workers):
    recipe = replace(TINY, budgets=(0.5,), arms=("baseline", "transferred", "multimodal"))
    tasks = plan(recipe, tmp_path / "runs", tmp_path / "models")
    done = list(run_plan(tasks, recipe, prepared, workers=workers))
    assert [kept for _, _, kept in done] == [False] * len(tasks)
    ids = {task.out: card.id for task, card, _ in done}
    assert checkpoints.read_card(tmp_path / "models" / "transferred").training["budget"] == 0.5
    again = list(run_plan(tasks, recipe, prepared, workers=1))
    assert all(kept for _, _, kept in again)
    assert {task.out: card.id for task, card, _ in again} == ids
    longer = replace(recipe, diagnoses=replace(recipe.diagnoses, epochs=2))
    anew = {task.name: kept for task, _, kept in run_plan(tasks, longer, prepared, workers=1)}
    assert [name for name, kept in anew.items() if not kept] == ["baseline", "transferred", "multimodal"]


def test_beside_waits_for_the_baseline_of_the_same_budget_and_seed(tmp_path):
    recipe = replace(TINY, arms=("transferred",), seeds=(0, 1), diagnoses=replace(TINY.diagnoses, transfer="beside"))
    tasks = {task.name: task for task in plan(recipe, tmp_path / "runs", tmp_path / "models")}
    for seed in recipe.seeds:
        for budget in recipe.budgets:
            parents = [parent.name for parent in tasks[checkpoint_name("transferred", budget, seed)].parents]
            assert parents == [f"labs-tables-seed{seed}", checkpoint_name("baseline", budget, seed)]
    places = {name: place for place, name in enumerate(tasks)}
    assert all(places[parent.name] < places[task.name] for task in tasks.values() for parent in task.parents)
