"""Maps against known causes are measured once, in an order that can be broken off, and told as a table."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks import faithfulness, plausibility
from ecgkt.explain.judging import CEILING, PEAKS, RANDOM, summarise
from ecgkt.inference import Predictor
from ecgkt.simulation.pairs import KNOWN_CAUSES

METHODS = ["gradients"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(untrained: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name in plausibility.ARMS:
        shutil.copytree(untrained / "transferred", folder / name)
    return folder


@pytest.fixture(scope="module")
def measured(models: Path, tmp_path_factory) -> Path:
    work = tmp_path_factory.mktemp("work")
    plausibility.measure(work, models, 1, 3, METHODS)
    return work


def test_each_pair_is_judged_for_both_arms_random_weights_the_change_and_a_peak_detector(measured):
    rows = plausibility.rows_of(measured)
    cases = {(row["cause"], row["target"], row["patient"]) for row in rows}
    assert len(cases) >= 3 and {case[0] for case in cases} <= {known.name for known in KNOWN_CAUSES}
    makers = {(row["model"], row["method"]) for row in rows}
    assert makers == {*((arm, "gradients") for arm in (*plausibility.ARMS, RANDOM)), ("", CEILING), ("", PEAKS)}
    assert len(rows) == len(cases) * len(makers)
    for row in rows:
        assert row["score"] == pytest.approx((row["mass"] - row["share"]) / (1 - row["share"]))


def test_the_change_itself_is_the_best_map(measured):
    by: dict[tuple[object, ...], dict[str, float]] = {}
    for row in plausibility.rows_of(measured):
        by.setdefault((row["cause"], row["target"], row["patient"]), {})[row["model"] + row["method"]] = row["raw"]
    for found in by.values():
        assert max(found, key=found.get) == CEILING


def test_what_is_done_is_not_done_again_and_a_cut_line_is(measured, models):
    path = measured / "maps.jsonl"
    before = path.read_text()
    plausibility.measure(measured, models, 1, 3, METHODS)
    assert path.read_text() == before
    lines = before.splitlines(keepends=True)
    path.write_text("".join(lines[:-1]) + lines[-1][:20] + "\n")
    plausibility.measure(measured, models, 1, 3, METHODS)
    again, whole = (sorted(json.dumps(_untimed(r)) for r in rows) for rows in (
        plausibility.rows_of(measured), [json.loads(line) for line in lines]))  # fmt: skip
    assert again == whole
    path.write_text(before)


def _untimed(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "seconds"}


def test_too_few_patients_give_a_table_without_figures(measured):
    table = summarise(plausibility.rows_of(measured), {"transferred": "a" * 12}, {})
    assert table["simulated"] is True and table["methods"] == METHODS
    assert all(row["score"]["reason"] for row in table["targets"])


def test_random_weights_are_another_network_for_another_patient_and_leave_the_global_numbers_alone(models):
    import torch

    predictor = Predictor.open(models / "transferred")
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    networks = [plausibility.random_network(predictor, seed) for seed in (1, 1, 2)]
    assert torch.rand(1) == expected
    first, same, other = (next(network.parameters()) for network in networks)
    assert (first == same).all() and not (first == other).any()


def test_curves_are_read_for_both_arms_on_the_same_finding_and_random_orders(models):
    predictor = Predictor.open(models / "transferred")
    rows = list(
        faithfulness.curve_rows({"transferred": predictor}, faithfulness.simulated(0), "simulated", "0", METHODS)
    )
    if not rows:
        pytest.skip("the untrained checkpoint has no ranks")
    assert {row["method"] for row in rows} == {*METHODS, PEAKS}
    assert len({row["target"] for row in rows}) == 1


def test_a_map_of_the_mark_alone_would_be_found_on_it(models):
    predictor = Predictor.open(models / "transferred")
    rows = {row["method"]: row for row in faithfulness.shortcut_rows(predictor, "transferred", 0, METHODS)}
    assert 0.003 < rows["gradients"]["area"] < 0.02
    assert 0 <= rows["gradients"]["on_mark"] <= 1 and np.isfinite(rows["gradients"]["rises"])
