"""Two arms held against each other: the tables agree with the report's, and disagreements are counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgkt import NOTICE, __version__
from ecgkt.domain import Domain
from ecgkt.domain.estimates import Estimate
from ecgkt.errors import InvalidCohort
from ecgkt.reports.disagreements import disagreements
from ecgkt.reports.label_tables import compare_labels, compare_pair, subgroup_table
from ecgkt.reports.measured import group_by_arm, measure
from ecgkt.reports.pairs import (
    harmed_and_helped,
    methods,
    pair_calibration,
    pair_families,
    pair_labels,
    pair_subgroups,
    subgroup_chart,
)
from ecgkt.reports.stored import predictions_folder, read_origin, read_predictions, store_logits
from ecgkt.reports.tables import to_csv

BETTER = {"atrial_fibrillation": 3.0, "long_qt": 0.2}


@pytest.fixture(scope="module")
def arms(truth, made):
    stored = {"transferred": [made("transferred", 1.0, but=BETTER)], "baseline": [made("baseline", 1.0)]}
    return measure(truth, stored, metrics=["auroc"], resamples=100)


@pytest.fixture(scope="module")
def both(arms):
    return arms["transferred"], arms["baseline"]


def test_the_better_label_is_helped_and_the_worse_one_harmed_and_stands_first(both, truth):
    comparison = compare_pair(*both)
    table = pair_labels(*both, comparison, truth)
    verdicts = dict(zip(table.column("label"), table.column("verdict"), strict=True))
    assert {name for name, verdict in verdicts.items() if verdict} == set(BETTER)
    assert (verdicts["atrial_fibrillation"], verdicts["long_qt"]) == ("helped", "harmed")
    assert table.rows[0][0] == "long_qt"
    assert harmed_and_helped(table) == {"harmed": ("Long QT",), "helped": ("Atrial fibrillation",)}


def test_a_label_without_positives_stands_last_with_its_reason(both, truth):
    table = pair_labels(*both, compare_pair(*both), truth)
    last = table.rows[-1]
    assert last[0] == "pre_excitation"
    assert isinstance(last[6], Estimate) and "fewer than 10 positives" in str(last[6])
    assert last[-2] is None


def test_a_pair_has_the_figures_that_the_report_of_all_arms_has(arms, both, truth):
    whole = compare_labels(arms)["transferred", "baseline"]
    alone = compare_pair(*both)
    assert alone.labels == whole.labels
    families = {row[0]: row for row in pair_families(*both, truth).rows}
    assert families["tracing"][-1].estimate.value == pytest.approx(
        families["tracing"][2].value - families["tracing"][3].value
    )


def test_subgroups_of_a_pair_have_the_figures_of_each_arm_alone_and_q_over_all_groups(arms, both, truth):
    paired = pair_subgroups(*both, truth, "tracing", resamples=50)
    alone = subgroup_table(arms, truth, Domain.SIMULATED, resamples=50)
    single = {(row[0], row[2], row[3]): row[-1] for row in alone.rows if row[1] == "tracing"}
    assert len(paired.rows) > 6
    for by, group, _, _, first, second, difference in paired.rows:
        assert first == single["transferred", by, group]
        assert second == single["baseline", by, group]
        if first.defined:
            assert difference.estimate.value == pytest.approx(first.value - second.value)
            assert difference.q >= difference.p
    chart = subgroup_chart(paired)
    assert chart is not None
    assert len(chart.rows) == sum(row[-1].estimate.defined for row in paired.rows)
    assert "SIMULATED" in chart.mark


def test_calibration_errors_before_and_after_are_told_for_both(both, truth):
    table = pair_calibration(*both, truth)
    assert table.columns[3:] == (
        "transferred before scaling",
        "transferred after scaling",
        "baseline before scaling",
        "baseline after scaling",
    )
    assert all(row[3] == row[4] for row in table.rows)  # the identity scaling of arms made by construction
    assert all(0 <= figure <= 1 for row in table.rows for figure in row[3:])


def test_the_methods_name_checkpoints_cohort_split_resamples_and_version(both, truth):
    said = methods(*both, truth, compare_pair(*both), resamples=100)
    assert said.startswith("SIMULATED patients")
    wanted = [truth.cohort.fingerprint, truth.cohort.manifest, truth.cohort.split_rule, truth.cohort.catalogue]
    wanted += [one.origin.checkpoint for arm in both for one in arm.stored]
    for part in (*wanted, "100 resamples", __version__, NOTICE, "600 held-out ECGs of 300 patients"):
        assert part in said


def test_an_exported_pair_says_whose_patients_and_the_notice_in_every_line(both, truth):
    for line in to_csv(pair_labels(*both, compare_pair(*both), truth)).splitlines()[1:]:
        assert line.endswith(f"SIMULATED patients,{NOTICE}") or f'SIMULATED patients,"{NOTICE}"' in line


def test_disagreements_are_those_that_one_arm_alone_flags(both, truth):
    name = "atrial_fibrillation"
    found = disagreements(truth, both[0].stored, both[1].stored, name)
    rows = both[0].stored[0].rows.of("held_out")
    known = truth.labels.column(name)[rows]
    count = round(float(np.nanmean(known)) * rows.sum())
    flagged = []
    for arm in both:
        scores = arm.stored[0].scores([name])[rows, 0]
        flagged.append(set(np.argsort(-scores, kind="stable")[:count].tolist()))
    assert found.flagged == count
    assert set(np.flatnonzero(found.first_only)) == flagged[0] - flagged[1]
    assert set(np.flatnonzero(found.second_only)) == flagged[1] - flagged[0]
    assert set(np.flatnonzero(found.both)) == flagged[0] & flagged[1]
    right, of, n = found.carried(found.first_only)
    wrong, _, _ = found.carried(found.second_only)
    assert right > wrong
    assert right <= of <= n == len(flagged[0] - flagged[1])


def test_most_are_the_largest_differences_and_a_sample_is_of_disagreements_and_can_be_drawn_anew(both, truth):
    found = disagreements(truth, both[0].stored, both[1].stored, "long_qt")
    gaps = np.abs(found.first - found.second)
    most = found.most(5)
    assert gaps[most].min() >= np.delete(gaps, most).max()
    drawn = found.sample(6, 0)
    assert (found.first_only | found.second_only)[drawn].all()
    assert found.sample(6, 0).tolist() == drawn.tolist() != found.sample(6, 1).tolist()
    assert len(found.sample(10_000, 0)) == (found.first_only | found.second_only).sum()


def test_where_an_arm_is_not_calibrated_for_the_cohort_ranks_stand_in_place_of_frequencies(both, truth):
    from dataclasses import replace

    stored = both[0].stored[0]
    elsewhere = replace(stored, origin=replace(stored.origin, calibrated_in=Domain.REAL))
    found = disagreements(truth, [elsewhere], both[1].stored, "long_qt")
    assert not found.calibrated
    scores = stored.scores(["long_qt"])[stored.rows.of("held_out"), 0]
    assert found.first[0] == pytest.approx((scores < scores[0]).mean())


def test_who_made_predictions_is_read_without_them_and_groups_as_they_do(made, tmp_path: Path):
    stored = [made("baseline", 1.0, seed=seed) for seed in (0, 1)]
    paths = [store_logits(one, tmp_path) for one in stored]
    assert [read_origin(path) for path in paths] == [read_predictions(path).origin for path in paths]
    (tmp_path / "no.parquet").write_bytes(b"none")
    with pytest.raises(InvalidCohort, match="cannot be read"):
        read_origin(tmp_path / "no.parquet")
    assert [one.origin.seed for one in group_by_arm(stored)["baseline"]] == [0, 1]


def test_the_folder_of_predictions_is_found_in_what_evaluate_left(tmp_path: Path):
    with pytest.raises(InvalidCohort, match="Wanted a folder of stored predictions"):
        predictions_folder(tmp_path)
    inside = tmp_path / "predictions"
    inside.mkdir()
    (inside / "truth.parquet").touch()
    assert predictions_folder(tmp_path) == predictions_folder(inside) == inside


def test_arms_without_a_label_in_common_are_not_compared(truth, made):
    arms = measure(
        truth,
        {"a": [made("baseline", 1.0, without=("lab", "visit"))], "b": [made("transferred", 1.0, without=("tracing",))]},
        metrics=["auroc"],
        resamples=2,
    )
    assert compare_pair(arms["a"], arms["b"]) is None
