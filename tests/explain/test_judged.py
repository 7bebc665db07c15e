"""The stored table of maps against known causes: what it is made of, and what it says of one map."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgkt.domain.estimates import Estimate
from ecgkt.errors import InvalidValue
from ecgkt.explain.judged import GOOD_SHARE, PLAUSIBILITY, Worth, best_method, is_faithful, read_judged
from ecgkt.explain.judging import CEILING, PEAKS, RANDOM, summarise
from ecgkt.explain.methods import DEFAULT

IDS = {"transferred": "a" * 12, "baseline": "b" * 12}
LEVEL = {
    ("transferred", "good"): 0.30,
    ("transferred", "poor"): 0.05,
    ("baseline", "good"): 0.20,
    ("baseline", "poor"): 0.05,
    (RANDOM, "good"): 0.04,
    (RANDOM, "poor"): 0.05,
    ("", CEILING): 0.5,
    ("", PEAKS): 0.1,
}


def rows(patients: int = 20) -> list[dict[str, object]]:
    rng = np.random.default_rng(4)
    found = []
    for cause, target in (("injury", "st_elevation"), ("pericarditis", "st_elevation"), ("digoxin", "st_depression")):
        for patient in range(patients):
            easy = float(rng.normal(0, 0.05))
            for (model, method), level in LEVEL.items():
                score = level + easy + float(rng.normal(0, 0.02))
                told = {"cause": cause, "target": target, "patient": patient, "model": model, "method": method}
                found.append({**told, "score": score, "falls": 1.0 if patient else -1.0})
    return found


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "plausibility.json"
    path.write_text(json.dumps(summarise(rows(), IDS, {"seed": 1})))
    return path


def test_a_table_is_read_as_it_was_made(stored):
    judged = read_judged(stored)
    assert judged.methods == ("good", "poor") and judged.checkpoints == IDS and judged.patients == 20
    worth = judged.of("st_elevation", IDS["transferred"], "good")
    assert worth.causes == ("injury", "pericarditis")
    assert worth.score.value == pytest.approx(0.30, abs=0.03)
    assert worth.over_random.value == pytest.approx(0.26, abs=0.02)
    assert judged.of("st_elevation", "c" * 12, "good") is None
    assert judged.of("long_qt", IDS["transferred"], "good") is None


def test_only_a_map_above_both_floors_is_good_enough(stored):
    judged = read_judged(stored)
    assert judged.good_methods("st_elevation", IDS["transferred"]) == ("good",)
    poor = judged.of("st_elevation", IDS["transferred"], "poor")
    assert not poor.good
    assert poor.shortcomings == (
        "no better than those of a model with random weights",
        "no better than a peak detector that knows no target",
        "under a quarter of what a map of the change itself would have",
    )


def made(score: float, over_random: float, over_peaks: float, ceiling: float = 0.4) -> Worth:
    def estimate(value: float) -> Estimate:
        return Estimate(value, value - 0.01, value + 0.01, 30, 30)

    parts = (estimate(value) for value in (score, 0.0, 0.0, ceiling, over_random, over_peaks))
    return Worth("long_qt", "a" * 12, "good", ("cold",), *parts)


def test_each_part_of_the_rule_can_fail_alone():
    assert made(0.2, 0.1, 0.1).good
    assert "random weights" in made(0.2, 0.009, 0.1).shortcomings[0]
    assert "peak detector" in made(0.2, 0.1, 0.009).shortcomings[0]
    assert "quarter" in made(GOOD_SHARE * 0.4 - 0.001, 0.05, 0.05).shortcomings[0]
    few = replace(made(0.2, 0.1, 0.1), score=Estimate.undefined("few", 3, 3))
    assert few.shortcomings == ("too few simulated patients (3)",)


def test_arms_are_compared_on_the_same_maps_and_causes_are_corrected_for_their_number(stored):
    table = json.loads(stored.read_text())
    arms = table["arms"]["good"]
    assert arms["pooled"]["difference"]["value"] == pytest.approx(0.1, abs=0.01)
    assert arms["pooled"]["difference"]["low"] > 0.08
    assert len(arms["causes"]) == 3 and all(row["q"] >= row["p"] for row in arms["causes"])
    assert abs(table["arms"]["poor"]["pooled"]["difference"]["value"]) < 0.02


def test_a_map_that_one_maker_lacks_counts_for_none_of_a_pair():
    some = [row for row in rows() if not (row["model"] == "baseline" and row["patient"] == 3)]
    table = summarise(some, IDS, {})
    assert table["arms"]["good"]["pooled"]["difference"]["n"] == 3 * 19


def test_how_often_the_score_falls_without_the_cause_is_told(stored):
    answers = json.loads(stored.read_text())["answers"]
    assert len(answers) == 6
    assert answers[0]["fell_in"] == pytest.approx(0.95)
    assert answers[0]["falls"]["value"] == pytest.approx(0.9)


def test_too_few_patients_give_no_figure():
    table = summarise(rows(patients=5), IDS, {})
    assert all(row["score"]["reason"] for row in table["targets"])


def test_what_is_no_such_table_is_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text('{"format": 1}')
    with pytest.raises(InvalidValue, match=r"benchmarks\.plausibility"):
        read_judged(path)
    assert read_judged(tmp_path / "none.json") is None
    with pytest.raises(InvalidValue):
        summarise([], IDS, {})


def faithful_table(path: Path, over: dict[str, float], **scores: float) -> Path:
    def estimate(value: float) -> dict[str, object]:
        return Estimate(value, value - 0.01, value + 0.01, 20, 20).to_json()

    rows = []
    for name, score in scores.items():
        method = name.replace("_", " ")
        rows.append({"part": "shortcut", "model": "checks/shortcut", "method": method, "score": estimate(score)})
        gain = estimate(over.get(method, 0.0))
        rows.append({"part": "all", "model": "transferred", "method": method, "over_peaks": gain})
    path.write_text(json.dumps({"rows": rows}))
    return path


def test_the_method_to_begin_with_is_the_most_plausible_of_the_faithful_ones(stored, tmp_path):
    path = tmp_path / "faithfulness.json"
    gains = {"good": 0.5, "poor": 0.5}
    faithful_table(path, gains, good=0.2, poor=0.1, peak_detector=0.01)
    assert is_faithful("good", path) and is_faithful("poor", path)
    assert best_method(stored, path) == "good"
    faithful_table(path, gains, good=0.02, poor=0.1, peak_detector=0.01)
    assert is_faithful("good", path) is False
    assert best_method(stored, path) == "poor"
    faithful_table(path, {"good": 0.005, "poor": 0.5}, good=0.2, poor=0.1, peak_detector=0.01)
    assert best_method(stored, path) == "poor"
    faithful_table(path, gains, good=0.01, poor=0.01, peak_detector=0.01)
    assert best_method(stored, path) is None
    assert is_faithful("good", tmp_path / "none.json") is None
    path.write_text("[]")
    with pytest.raises(InvalidValue, match=r"benchmarks\.faithfulness"):
        is_faithful("good", path)


@pytest.mark.skipif(not PLAUSIBILITY.is_file(), reason="no table is bundled")
def test_the_bundled_table_is_of_the_bundled_models():
    judged = read_judged()
    folder = Path(__file__).resolve().parents[2] / "models"
    for arm, checkpoint_id in judged.checkpoints.items():
        assert json.loads((folder / arm / "card.json").read_text())["id"] == checkpoint_id


def test_of_methods_that_are_as_plausible_the_one_that_draws_nothing_is_begun_with(tmp_path):
    best, equal = "gradient SHAP", "integrated gradients"
    made = [{**row, "method": best} for row in rows() if row["method"] == "good"]
    made += [{**row, "method": equal, "score": row["score"] - 0.004} for row in made]
    made += [row for row in rows() if not row["model"]]
    table, path = tmp_path / "plausibility.json", tmp_path / "faithfulness.json"
    table.write_text(json.dumps(summarise(made, IDS, {"seed": 1})))
    faithful_table(path, {best: 0.5, equal: 0.5}, gradient_SHAP=0.2, integrated_gradients=0.2, peak_detector=0.01)
    assert read_judged(table).methods == (best, equal)
    assert best_method(table, path) == equal


def test_the_page_begins_with_the_method_that_the_tables_name():
    assert best_method() == DEFAULT
