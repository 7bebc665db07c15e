"""Tables from planted predictions: the arm that is better by construction wins, and what is not known is not said."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from ecgkt import NOTICE
from ecgkt.catalogue import all_labels, visit_labels
from ecgkt.domain import Domain, Estimate
from ecgkt.errors import InvalidCohort
from ecgkt.evaluation.comparison import Difference
from ecgkt.reports.efficiency import efficiency_differences, efficiency_table, measure_budgets
from ecgkt.reports.label_tables import calibrations, compare_labels, groups_of, harm_table, label_table, subgroup_table
from ecgkt.reports.main_tables import difference_table, gap_table, main_table
from ecgkt.reports.measured import FAMILIES, contrasts, group_by_arm, measure, paired_runs
from ecgkt.reports.tables import Table, to_csv, to_markdown

SIMULATED = Domain.SIMULATED
HARMED = "i10_hypertension"
RESAMPLES = 200


@pytest.fixture(scope="module")
def arms(truth, made):
    """Baseline 0.5, transferred 1.0 but for one label that it harms, multimodal 1.5 and without labs."""
    stored = [
        made("multimodal", 1.5, without=("lab",)),
        made("transferred", 1.0, but={HARMED: 0.0}),
        made("baseline", 0.5, but={HARMED: 1.0}),
        made("age_sex", 0.1),
    ]
    return measure(truth, group_by_arm(stored), resamples=RESAMPLES)


def cell(table: Table, row: str, column: str):
    found = [line[table.columns.index(column)] for line in table.rows if row in line[:2]]
    assert len(found) == 1
    return found[0]


def test_the_families_are_the_catalogues_and_a_lab_defines_what_its_analytes_say():
    assert FAMILIES["visit"] == visit_labels().names
    assert set(FAMILIES["visit, lab-defined"]) >= {"e87_hyperkalaemia", "d64_anaemia", "n17_acute_kidney_failure"}
    assert not set(FAMILIES["visit, not lab-defined"]) & set(FAMILIES["visit, lab-defined"])
    assert "i48_atrial_fibrillation" in FAMILIES["visit, not lab-defined"]


def test_the_main_table_is_the_mean_of_the_labels_by_an_independent_account(arms, truth):
    table = main_table(arms, SIMULATED)
    assert table.column("arm") == ("age_sex", "baseline", "transferred", "multimodal")
    stored = arms["transferred"].stored[0]
    rows = stored.rows.of("held_out")
    areas = []
    for name in FAMILIES["tracing"]:
        y = truth.labels.column(name)[rows]
        known = ~np.isnan(y)
        if name != "pre_excitation":
            areas.append(roc_auc_score(y[known], stored.scores([name])[rows, 0][known]))
    shown = cell(table, "transferred", "tracing")
    assert shown.value == pytest.approx(np.mean(areas), abs=1e-9)
    assert f"tracing {len(areas)}, visit 21" in table.notes[0]
    assert shown.low < shown.value < shown.high


def test_an_arm_that_does_not_give_a_family_has_no_figure_for_it(arms):
    table = main_table(arms, SIMULATED)
    assert cell(table, "multimodal", "lab") is None
    assert isinstance(cell(table, "multimodal", "visit"), Estimate)
    differences = difference_table(arms, SIMULATED)
    assert cell(differences, "multimodal minus transferred", "lab") is None


def test_the_arm_that_is_better_by_construction_wins_in_every_family(arms):
    table = difference_table(arms, SIMULATED)
    for row in ("transferred minus baseline", "multimodal minus baseline", "multimodal minus transferred"):
        for family in ("tracing", "visit"):
            difference = cell(table, row, family)
            assert isinstance(difference, Difference)
            assert difference.estimate.low > 0
            assert difference.p < 0.001
    assert cell(difference_table(arms, SIMULATED, "auprc"), "transferred minus baseline", "visit").estimate.low > 0


def test_the_share_of_the_gap_is_that_of_the_macro_figures_and_needs_all_three_arms(arms, truth, made):
    table = gap_table(arms, SIMULATED)
    for row in table.rows:
        told = dict(zip(table.columns, row, strict=True))
        low, middle, high = (told[name].value for name in ("baseline", "transferred", "multimodal"))
        share = told["share of the gap closed"]
        assert share.value == pytest.approx((middle - low) / (high - low))
        assert 0 < share.low < share.value < share.high < 1
    two = measure(truth, {name: arms[name].stored for name in ("baseline", "transferred")}, resamples=20)
    assert gap_table(two, SIMULATED) is None
    none = [made("baseline", 0.5), made("transferred", 0.6), made("multimodal", 0.5, name="x")]
    nothing = gap_table(measure(truth, group_by_arm(none), resamples=RESAMPLES), SIMULATED)
    share = cell(nothing, "visit", "share of the gap closed")
    assert share.value is None
    assert "may be zero" in share.reason


def test_only_the_planted_label_is_harmed(arms):
    compared = compare_labels(arms)
    table = harm_table(compared, SIMULATED)
    assert cell(table, "transferred minus baseline", "which are harmed") == HARMED
    helped = cell(table, "transferred minus baseline", "helped")
    assert helped > 60
    assert cell(table, "multimodal minus baseline", "which are harmed") == "none"


def test_each_labels_row_holds_its_counts_metrics_and_calibration(arms, truth):
    table = label_table(arms["transferred"], truth, SIMULATED, resamples=50)
    stored = arms["transferred"].stored[0]
    rows = stored.rows.of("held_out")
    name = "i50_heart_failure"
    y, x = truth.labels.column(name)[rows], stored.scores([name])[rows, 0]
    known = ~np.isnan(y)
    told = dict(zip(table.columns, table.rows[table.column("label").index(name)], strict=True))
    assert (told["n"], told["positives"]) == (known.sum(), y[known].sum())
    assert told["prevalence"] == pytest.approx(y[known].mean())
    assert told["auprc"].value == pytest.approx(average_precision_score(y[known], x[known]))
    assert 0.3 < told["sensitivity at 90 specificity"].value < 0.6
    assert told["slope before"].value == pytest.approx(1.0, abs=0.35)
    assert told["slope before"].value == told["slope after"].value
    assert dict(zip(table.columns, table.rows[0], strict=True))["lab-defined"] == ""
    absent = dict(zip(table.columns, table.rows[table.column("label").index("pre_excitation")], strict=True))
    assert absent["auroc"].reason == "fewer than 10 positives"


def test_calibration_after_is_that_of_the_stored_scaling(truth, made):
    from dataclasses import replace

    raw = made("baseline", 1.0)
    count = len(raw.names)
    scaled = replace(raw, origin=replace(raw.origin, slope=(0.5,) * count, intercept=(-1.35,) * count))
    before, after = calibrations(truth, scaled, "i50_heart_failure", resamples=20)
    assert after.slope.value == pytest.approx(2 * before.slope.value, rel=1e-3)
    assert after.error != before.error


def test_groups_hold_everybody_whose_age_sex_and_setting_are_known(arms, rows, truth):
    groups = groups_of(rows)
    held_out = rows.of("held_out")
    ages = rows.ages[held_out]
    assert ((groups["age"] == "80 and over") == (ages >= 80)).all()
    assert ((groups["age"] == "18 to 39") == (ages < 40)).all()
    assert (groups["sex"] == "").sum() == np.isnan(rows.sex_male[held_out]).sum() > 0
    table = subgroup_table({"transferred": arms["transferred"]}, truth, SIMULATED, resamples=20)
    told = [row for row in table.rows if row[1:4] == ("visit", "sex", "men")]
    assert len(told) == 1
    assert told[0][4] == (rows.sex_male[held_out] == 1).sum()
    assert told[0][-1].value == pytest.approx(0.76, abs=0.03)


def test_an_arm_of_several_seeds_is_one_row_and_its_differences_are_taken_seed_by_seed(truth, made):
    stored = [
        made(arm, strength, seed=seed)
        for arm, strength in (("baseline", 0.5), ("transferred", 1.0))
        for seed in (2, 0, 1)
    ]
    arms = measure(truth, group_by_arm([*stored, made("age_sex", 0.1)]), metrics=["auroc"], resamples=RESAMPLES)
    assert arms["baseline"].seeds == (0, 1, 2)
    assert main_table(arms, SIMULATED).column("seeds") == (1, 3, 3)
    names = FAMILIES["visit"]
    first, second = paired_runs(names, arms["transferred"], arms["baseline"])
    means = [np.mean(a.values["auroc"] - b.values["auroc"]) for a, b in zip(first, second, strict=True)]
    shown = cell(difference_table(arms, SIMULATED), "transferred minus baseline", "visit")
    assert shown.estimate.value == pytest.approx(np.mean(means))
    assert len(paired_runs(names, arms["baseline"], arms["age_sex"])[1]) == 3


def test_arms_without_a_common_seed_are_not_compared(truth, made):
    stored = [made("baseline", 0.5, seed=seed) for seed in (0, 1)] + [
        made("transferred", 1.0, seed=seed) for seed in (2, 3)
    ]
    arms = measure(truth, group_by_arm(stored), metrics=["auroc"], resamples=10)
    with pytest.raises(InvalidCohort, match=r"a seed that all compared arms .* got transferred 2, 3; baseline 0, 1"):
        difference_table(arms, SIMULATED)


def test_somebodys_own_checkpoint_stands_beside_ours_under_its_name(made):
    stored = [made("baseline", 0.5), made("baseline", 0.7, name="mine"), made("transferred", 1.0)]
    groups = group_by_arm(stored)
    assert list(groups) == ["baseline", "transferred", "mine"]
    again = group_by_arm([*stored, made("baseline", 0.9, name="mine")])
    assert len(again) == 4
    assert all(len(some) == 1 for some in again.values())


def test_an_unknown_arm_is_held_against_the_baseline(truth, made):
    arms = measure(truth, group_by_arm([made("baseline", 0.5), made("mine", 1.0)]), metrics=["auroc"], resamples=10)
    assert contrasts(arms) == [("mine", "baseline")]


def test_label_efficiency_shows_each_budget_with_its_own_difference(truth, made):
    """At 1 % the transferred arm is much better, at 100 % a little."""
    plan = {("baseline", 0.01): 0.2, ("baseline", 1.0): 0.9, ("transferred", 0.01): 0.8, ("transferred", 1.0): 1.0}
    stored = [made(arm, power, seed=s, budget=b) for (arm, b), power in plan.items() for s in (0, 1)]
    budgets = measure_budgets(truth, stored, resamples=RESAMPLES)
    assert list(budgets) == [0.01, 1.0]
    table = efficiency_table(budgets, SIMULATED)
    assert table.column("budget") == ("1%", "1%", "100%", "100%")
    assert table.column("seeds") == (2, 2, 2, 2)
    few, all_of_them = efficiency_differences(budgets, SIMULATED).column("visit")
    assert few.estimate.low > all_of_them.estimate.high
    assert group_by_arm(stored)["baseline"][0].origin.budget == 1.0


def test_an_arm_that_was_only_trained_with_few_labels_does_not_stand_beside_those_with_all(made):
    few = made("ecg_only", 0.5, budget=0.1)
    assert list(group_by_arm([few, made("baseline", 0.5), made("age_sex", 0.1)])) == ["age_sex", "baseline"]
    assert list(group_by_arm([few, made("age_sex", 0.1)])) == ["age_sex", "ecg_only"]


def test_predictions_of_another_cohort_labels_or_rows_are_refused_in_one_sentence(truth, made, rows):
    from dataclasses import replace

    good = made("baseline", 0.5)
    for field, told in (("fingerprint", "fingerprint"), ("split_rule", "split rule"), ("catalogue", "catalogue")):
        other = replace(good, origin=replace(good.origin, cohort=replace(good.origin.cohort, **{field: "another"})))
        with pytest.raises(InvalidCohort, match=f"got baseline with another {told}"):
            measure(truth, {"baseline": [other]})
    swapped = replace(good, rows=replace(rows, record_ids=rows.record_ids[::-1]))
    with pytest.raises(InvalidCohort, match="baseline with other rows"):
        measure(truth, {"baseline": [swapped]})


def test_markdown_and_csv_say_simulated_and_the_notice_and_hold_the_same_figures():
    estimate = Estimate(0.81234, 0.8, 0.82, 100, 20)
    rows = (
        ("a", 3, 0.25, estimate, Difference(estimate, 0.0004, 0.02)),
        ("b|c", None, None, Estimate.undefined("fewer than 10 positives", 50, 2), None),
    )
    table = Table("t", "A title", ("name", "count", "share", "AUROC", "difference"), rows, SIMULATED, ("A note.",))
    markdown = to_markdown(table)
    assert f"**SIMULATED patients. {NOTICE}.**" in markdown
    assert "| a | 3 | 0.250 | 0.812 (0.800 to 0.820) | +0.812 (+0.800 to +0.820), p < 0.001, q 0.020 |" in markdown
    assert "| b/c | – | – | undefined (fewer than 10 positives) | – |" in markdown
    first, second = csv.DictReader(io.StringIO(to_csv(table)))
    assert float(first["AUROC"]) == pytest.approx(0.81234)
    assert (first["AUROC low"], first["difference q"], first["count"]) == ("0.8", "0.02", "3")
    assert second["AUROC"] == "" and second["AUROC reason"] == "fewer than 10 positives"
    assert {row["patients"] for row in (first, second)} == {"SIMULATED patients"}
    assert first["notice"] == NOTICE
    real = Table("t", "A title", ("name",), (("a",),), Domain.REAL)
    assert "SIMULATED" not in to_markdown(real) + to_csv(real)


def test_all_labels_have_a_family():
    assert set(all_labels().names) == set(FAMILIES["tracing"]) | set(FAMILIES["visit"]) | set(FAMILIES["lab"])
