from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control
from sklearn.metrics import roc_auc_score

from ecgkt.errors import InvalidValue
from ecgkt.evaluation.bootstrap import ScoreTable, bootstrap
from ecgkt.evaluation.comparison import gap_closed, harmed, helped, macro, paired_difference, per_label
from ecgkt.evaluation.discrimination import estimate
from ecgkt.evaluation.false_discovery import benjamini_hochberg
from ecgkt.evaluation.resampling import draw_subjects, subject_weights

NAMES = ("a", "b", "c", "rare")


class Trial:
    """Rows of 300 subjects, and arms that score them more or less well."""

    def __init__(self, seed: int = 0, n: int = 600):
        self.rng = np.random.default_rng(seed)
        self.subjects = self.rng.integers(0, 300, n)
        self.labels = (self.rng.random((n, 4)) < (0.1, 0.3, 0.5, 0.003)).astype(float)
        self.noise = self.rng.normal(size=(n, 4))

    def arm(self, *distance: float, own: float = 0.5) -> ScoreTable:
        scores = self.labels * np.resize(distance, 4) + self.noise + own * self.rng.normal(size=self.noise.shape)
        return ScoreTable(self.labels, scores, self.subjects, NAMES)

    def run(self, *distance: float, **settings: int):
        return bootstrap(self.arm(*distance), resamples=200, **settings)


def test_draws_do_not_depend_on_the_order_or_number_of_rows():
    subjects = np.array([7, 3, 3, 9])
    weights = subject_weights(subjects, 20, 1)
    np.testing.assert_array_equal(weights[:, 1], weights[:, 2])
    np.testing.assert_array_equal(weights[:, [0, 1, 3]], subject_weights(np.array([7, 3, 9]), 20, 1))
    np.testing.assert_array_equal(weights[:, [0, 1, 3]].sum(axis=1), np.full(20, 3))


def test_blocks_of_draws_are_the_draws_in_order():
    draws = draw_subjects(np.arange(50), 300)
    np.testing.assert_array_equal(np.concatenate(list(draws.blocks()), axis=1), draws.counts)
    assert (draws.counts[:, 0] == 1).all()


def test_a_label_in_a_table_is_what_it_is_alone():
    table = Trial().arm(1.0)
    table.labels[:40, 1], table.scores[50:60, 2] = np.nan, np.nan
    found = per_label(bootstrap(table, resamples=100, seed=4), "auprc")
    for i in (0, 1, 2):
        alone = estimate("auprc", table.labels[:, i], table.scores[:, i], table.subjects, resamples=100, seed=4)
        if i == 0:  # the other two have fewer subjects alone, hence other draws
            assert found[NAMES[i]] == alone
        assert found[NAMES[i]].value == pytest.approx(alone.value, abs=1e-12)
        assert (found[NAMES[i]].n, found[NAMES[i]].positives) == (alone.n, alone.positives)
    assert found["rare"].reason == "fewer than 10 positives"


def test_macro_is_the_mean_over_the_defined_labels():
    table = Trial().arm(1.0)
    run = bootstrap(table, resamples=100)
    assert run.defined() == ("a", "b", "c")
    found = macro(run)
    aurocs = [roc_auc_score(table.labels[:, i], table.scores[:, i]) for i in range(3)]
    assert found.value == pytest.approx(np.mean(aurocs), abs=1e-12)
    assert found.positives == table.labels[:, 0].sum()
    assert macro(run, ["b"]) == per_label(run, "auroc")["b"]
    assert macro(run, ["rare"]).reason == "no label has enough positives"


def test_an_arm_equal_to_another_differs_by_nothing():
    run = Trial().run(1.0)
    found = paired_difference(run, run)
    assert (found.macro.estimate.low, found.macro.estimate.high, found.macro.p) == (0, 0, 1)
    assert harmed(found) == helped(found) == ()


def test_a_paired_difference_is_sharper_than_two_intervals():
    trial = Trial()
    a, b = trial.run(1.2), trial.run(1.0)
    found, (wide, wider) = paired_difference(a, b).macro.estimate, (macro(a), macro(b))
    assert found.value == pytest.approx(wide.value - wider.value, abs=1e-12)
    unpaired = np.hypot(wide.high - wide.low, wider.high - wider.low)
    assert found.high - found.low < 0.7 * unpaired


def test_the_standard_error_is_that_of_an_explicit_loop_over_subjects():
    trial = Trial()
    a, b = trial.arm(1.3), trial.arm(1.0)
    runs = [bootstrap(table, resamples=40, seed=2) for table in (a, b)]
    loop = []
    for counts in subject_weights(trial.subjects, 40, 2).astype(int):
        rows = np.repeat(np.arange(600), counts)
        loop.append(
            np.mean([roc_auc_score(a.labels[rows, i], a.scores[rows, i]) for i in range(3)])
            - np.mean([roc_auc_score(b.labels[rows, i], b.scores[rows, i]) for i in range(3)])
        )
    found = paired_difference(*runs).macro.estimate
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * np.std(loop, ddof=1), rel=1e-6)


def test_harmed_and_helped_labels_are_found_and_others_are_not():
    trial = Trial(n=2000)
    found = paired_difference(trial.run(0.5, 1.5, 1.0, 1.0), trial.run(1.0, 1.0, 1.0, 1.0))
    assert (harmed(found), helped(found)) == (("a",), ("b",))
    assert set(found.labels) == {"a", "b", "c"}
    assert found.macro.q is None


def test_q_values_are_benjamini_and_hochbergs():
    for p in (np.random.default_rng(1).random(50) ** 2, np.array([0.03, 0.03, 1.0]), np.array([0.2]), np.array([])):
        expected = false_discovery_control(p) if len(p) else p
        np.testing.assert_allclose(benjamini_hochberg(p), expected, atol=1e-15)


def test_the_share_of_a_gap_that_is_closed():
    trial = Trial(n=2000)
    baseline, transferred, multimodal = trial.run(0.5), trial.run(1.0), trial.run(1.6)
    found = gap_closed(baseline, transferred, multimodal)
    gain = paired_difference(transferred, baseline).macro.estimate.value
    gap = paired_difference(multimodal, baseline).macro.estimate.value
    assert found.value == pytest.approx(gain / gap)
    assert found.low > 0.3
    assert found.high < 1
    whole = gap_closed(baseline, multimodal, multimodal)
    assert (whole.value, whole.low, whole.high) == pytest.approx((1, 1, 1))
    assert gap_closed(baseline, baseline, multimodal).value == 0


def test_fiellers_interval_is_where_the_linear_contrast_is_not_significant():
    trial = Trial(n=1000)
    runs = [trial.run(distance) for distance in (0.5, 0.9, 1.3)]
    found = gap_closed(*runs)
    baseline, transferred, multimodal = (run.draws["auroc"][:, :3].mean(axis=1) for run in runs)
    b, t, m = (macro(run).value for run in runs)
    for share in (found.low, found.high):
        error = np.std(transferred - baseline - share * (multimodal - baseline), ddof=1)
        assert abs(t - b - share * (m - b)) / error == pytest.approx(1.959964, rel=1e-6)


def test_a_share_of_no_gap_is_undefined():
    trial = Trial()
    found = gap_closed(trial.run(1.0), trial.run(1.3), trial.run(1.0))
    assert "may be zero" in found.reason
    below = gap_closed(trial.run(1.5), trial.run(1.3), trial.run(0.5))
    assert "is negative" in below.reason
    assert gap_closed(*[trial.run(1.0)] * 3, names=["rare"]).reason == "no label has enough positives"


def test_several_seeds_are_averaged_and_their_spread_widens_the_interval():
    trial = Trial(n=1000)
    steady_a, steady_b = [trial.run(1.2) for _ in range(4)], [trial.run(1.0) for _ in range(4)]
    wild_a = [trial.run(distance) for distance in (0.8, 1.1, 1.3, 1.6)]
    steady, wild = paired_difference(steady_a, steady_b).macro, paired_difference(wild_a, steady_b).macro
    singles = [paired_difference(a, b).macro.estimate.value for a, b in zip(steady_a, steady_b, strict=True)]
    assert steady.estimate.value == pytest.approx(np.mean(singles))
    assert wild.estimate.high - wild.estimate.low > 1.5 * (steady.estimate.high - steady.estimate.low)
    assert wild.p > steady.p
    assert macro(wild_a).high - macro(wild_a).low > macro(wild_a[0]).high - macro(wild_a[0]).low
    assert gap_closed(steady_b, steady_a, [trial.run(2.0) for _ in range(4)]).low > 0


def test_one_run_in_a_list_is_that_run():
    trial = Trial()
    a, b = trial.run(1.2), trial.run(1.0)
    assert paired_difference([a], [b]) == paired_difference(a, b)
    assert macro([a]) == macro(a)


@pytest.mark.parametrize("change", ["seed", "truth", "missing", "subjects"])
def test_arms_measured_on_other_rows_are_refused(change):
    trial = Trial()
    table = trial.arm(1.0)
    labels, scores, subjects = table.labels.copy(), table.scores.copy(), table.subjects.copy()
    if change == "truth":
        labels[3, 1] = 1 - labels[3, 1]
    if change == "missing":
        scores[3, 1] = np.nan
    if change == "subjects":
        subjects[3] = 999
    other = bootstrap(ScoreTable(labels, scores, subjects, NAMES), resamples=200, seed=int(change == "seed"))
    for compare in (paired_difference, lambda a, b: gap_closed(a, a, b), lambda a, b: macro([a, b])):
        with pytest.raises(InvalidValue, match="rows"):
            compare(trial.run(1.0), other)


def test_bad_questions_are_refused():
    trial = Trial()
    run = trial.run(1.0, metrics=["auroc"])
    with pytest.raises(InvalidValue, match="as many runs"):
        paired_difference([run, run], [run])
    with pytest.raises(InvalidValue, match="measure it as well"):
        macro(run, metric="auprc")
    with pytest.raises(InvalidValue, match="unheard of"):
        macro(run, ["unheard of"])
    with pytest.raises(InvalidValue, match="correct the name"):
        trial.run(1.0, metrics=["accuracy"])
    with pytest.raises(InvalidValue, match="align"):
        ScoreTable(trial.labels, trial.noise[:, :2], trial.subjects, NAMES)
    with pytest.raises(InvalidValue, match="1, 0 or NaN"):
        ScoreTable(trial.noise, trial.noise, trial.subjects, NAMES)
