"""The whole report: by command, from a cohort and checkpoints, and from planted predictions."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest

from ecgkt import NOTICE, checkpoints, reports
from ecgkt.cli import main
from ecgkt.domain import Domain
from ecgkt.reports.measured import group_by_arm, measure, narrowed, paired_runs
from ecgkt.reports.report import page
from ecgkt.reports.stored import store_logits


@pytest.fixture(scope="module")
def planted(truth, made):
    """Two seeds and two budgets of two arms, and a multimodal arm."""
    stored = [
        made(arm, power * (0.5 + budget / 2), seed=seed, budget=budget)
        for arm, power in (("baseline", 0.5), ("transferred", 1.0))
        for seed in (0, 1)
        for budget in (0.1, 1.0)
    ]
    multimodal = [made("multimodal", 1.5, seed=seed, without=("lab",)) for seed in (0, 1)]
    return reports.compute(truth, [*stored, *multimodal], resamples=20)


@pytest.mark.slow
def test_a_report_has_every_table_and_figure_and_each_says_simulated(planted, truth):
    names = [table.name for table in planted.tables]
    assert names[:5] == ["arms", "macro-auroc", "differences-auroc", "gap", "harmed"]
    assert {"macro-auprc", "labels-transferred", "subgroups", "efficiency", "efficiency-differences"} <= set(names)
    assert "label-differences-transferred-baseline" in names
    assert len(set(names)) == len(names)
    told = planted.table("arms")
    assert told.column("seeds") == ("0, 1",) * 3
    assert told.column("budget") == ("100%",) * 3
    assert told.column("labels") == (89, 89, 50)
    charts = {chart.name for chart in planted.charts}
    assert {"gap", "calibration-visit-before", "calibration-lab-after", "efficiency-visit"} <= charts
    assert "differences-transferred-baseline-tracing" in charts
    assert all(table.domain is Domain.SIMULATED for table in planted.tables)
    assert all(chart.domain is Domain.SIMULATED for chart in planted.charts)
    written = page(planted, truth)
    assert written.count(f"SIMULATED patients \\u00b7 {NOTICE}") == len(planted.charts) > 10
    assert not re.search(r"<script[^>]*\ssrc=|<link\s", written)


def test_an_arm_of_one_seed_is_held_against_the_run_of_that_seed_and_a_comparator_against_all(truth, made):
    stored = [made("transferred", power, seed=seed) for seed, power in enumerate((0.5, 1.0, 2.0))]
    stored += [made("ecg_only", 0.8, seed=1), made("age_sex", 0.2)]
    arms = measure(truth, group_by_arm(stored, 1.0), metrics=["auroc"], resamples=5)
    names = arms["ecg_only"].shared("visit", arms["transferred"])
    one, other = paired_runs(names, arms["transferred"], arms["ecg_only"])
    assert len(one) == len(other) == 1
    np.testing.assert_array_equal(one[0].values["auroc"], narrowed(arms["transferred"].runs[1], names).values["auroc"])
    several, same = paired_runs(names, arms["transferred"], arms["age_sex"])
    assert len(several) == len(same) == 3


@pytest.mark.slow
def test_the_figures_hold_the_numbers_of_the_tables(planted):
    gap = next(chart for chart in planted.charts if chart.name == "gap")
    table = planted.table("gap")
    for series in gap.series:
        assert series.x == tuple(cell.value for cell in table.column(series.name))
    shares = [cell.value for cell in table.column("share of the gap closed")]
    assert gap.rows[0] == f"tracing: {shares[0]:.0%} closed"
    efficiency = next(chart for chart in planted.charts if chart.name == "efficiency-visit")
    told = planted.table("efficiency")
    rows = [row for row in told.rows if row[1] == "transferred"]
    line = next(series for series in efficiency.series if series.name == "transferred")
    assert line.y == tuple(row[told.columns.index("visit")].value for row in rows)
    dots = next(chart for chart in planted.charts if chart.name == "differences-transferred-baseline-visit")
    differences = planted.table("label-differences-transferred-baseline")
    values = sorted(row[3].estimate.value for row in differences.rows if row[1] == "visit")
    assert sorted(x for series in dots.series for x in series.x) == values


def test_the_command_stores_once_and_writes_tables_and_figures(prepared, untrained, tmp_path, capsys):
    out = tmp_path / "out"
    command = [
        "evaluate",
        "--cohort",
        str(prepared),
        "--models",
        str(untrained),
        "--out",
        str(out),
        "--resamples",
        "20",
    ]
    assert main([*command, "--without-comparators"]) == 0
    said = capsys.readouterr()
    assert "Macro AUROC, held out" in said.out and "SIMULATED patients" in said.out
    assert "figures are in" in said.err
    card = checkpoints.read_card(untrained / "transferred")
    stored = out / "predictions" / f"transferred-{card.id}.parquet"
    before = stored.stat().st_mtime_ns
    report = (out / "report.md").read_text()
    assert main([*command, "--without-comparators"]) == 0
    assert stored.stat().st_mtime_ns == before
    assert (out / "report.md").read_text() == report
    for path in [*(out / "tables").glob("*.csv"), *(out / "figures").glob("*.svg"), out / "figures.html"]:
        assert "SIMULATED patients" in path.read_text(), path
        assert NOTICE in path.read_text(), path
    rows = list(csv.DictReader(io.StringIO((out / "tables" / "labels-transferred.csv").read_text())))
    assert [row["label"] for row in rows] == list(card.labels.names)


def test_figures_come_into_the_card_from_the_stored_predictions(prepared, untrained, study, tmp_path, truth, made):
    import shutil

    shutil.copytree(untrained, tmp_path / "models")
    command = [
        "evaluate",
        "--cohort",
        str(prepared),
        "--models",
        str(tmp_path / "models"),
        "--out",
        str(tmp_path / "o"),
    ]
    assert main([*command, "--without-comparators", "--write"]) == 0
    card = checkpoints.read_card(tmp_path / "models" / "transferred")
    from ecgkt.inference import Predictor

    expected = reports.evaluate_study(Predictor.open(tmp_path / "models" / "transferred"), study)
    assert set(card.estimates["simulated, held out"]) == set(expected)
    for name, estimate in card.estimates["simulated, held out"].items():
        assert estimate.defined == expected[name].defined
        if estimate.defined:
            assert estimate.value == pytest.approx(expected[name].value, abs=1e-6)
    assert str(tmp_path) not in str(card.to_json())
    assert "--out DIR --write" in card.commands["AUROC, simulated, held out"]
    store_logits(made("baseline", 0.5), tmp_path)
    strange = next(tmp_path.glob("baseline-*.parquet"))
    assert main([*command, "--without-comparators", "--predictions", str(strange)]) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--collection", "x", "--out", "y"], "Wanted --cohort with --out, got a collection"),
        (["--cohort", "x", "--predictions", "y"], "Wanted --out with --predictions, got none"),
    ],
)
def test_options_that_contradict_each_other_are_one_line(words, told, capsys, tmp_path: Path):
    assert main(["evaluate", *words]) == 1
    assert told in capsys.readouterr().err
