from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from benchmarks.lab_ceiling import (
    BLUR,
    CONDITIONS,
    KINDS,
    NUMBERS,
    WORDS,
    Known,
    causes,
    ceilings,
    class_scores,
    known_in_shards,
    known_of,
    lab_scores,
)
from ecgkt.catalogue import all_labels
from ecgkt.evaluation.discrimination import auroc
from ecgkt.simulation import SimulationSettings
from ecgkt.simulation.arrays import simulate_arrays
from ecgkt.simulation.patients import ANALYTES, draw_patient
from ecgkt.simulation.plans import plan_record
from ecgkt.simulation.tracing import FIBRILLATION, Tracing

SETTINGS = SimulationSettings()
SEED = 3


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On small data the threads of boosted trees wait for each other."""
    with threadpool_limits(1):
        yield


def test_what_is_regenerated_is_what_the_recording_and_its_labels_were_made_from():
    known = known_of(SEED, 0, 12, SETTINGS, labelled=True)
    made = simulate_arrays(12, SEED, SETTINGS, signals=False)
    np.testing.assert_array_equal(known.labels, made.labels.of_kind(*KINDS).values)
    for row, plan in enumerate(made.plans):
        np.testing.assert_array_equal(known.causes[row], np.float32(causes(plan.tracing)))


def test_every_recording_of_a_patient_has_a_row_of_its_own_and_shards_do_not_matter():
    known = known_in_shards(SEED, 8, SETTINGS, False, workers=1)
    assert len(set(known.study_ids.tolist())) == len(known.study_ids) > 8
    again = known_of(SEED, 0, 8, SETTINGS, labelled=False)
    np.testing.assert_array_equal(known.causes, again.causes)
    second = plan_record(SEED, next(k for k in range(8) if len(_hours(k)) > 1), 1, SETTINGS)
    assert (np.float32(causes(second.tracing)) == known.causes).all(axis=1).sum() == 1


def _hours(number: int) -> tuple[float, ...]:
    from ecgkt.simulation.plans import recording_hours

    return recording_hours(SEED, draw_patient(SEED, number, SETTINGS), SETTINGS)


def test_every_word_and_condition_of_the_simulator_has_a_column():
    rich = SimulationSettings(enrichment=20)
    for number in range(80):
        plan = plan_record(SEED, number, 0, rich)
        assert set(plan.patient.conditions) <= set(CONDITIONS)
        row = dict(
            zip((*NUMBERS, *((n, w) for n, words in WORDS.items() for w in words)), causes(plan.tracing), strict=False)
        )
        for name, words in WORDS.items():
            told = getattr(plan.tracing, name)
            assert sum(row[name, word] for word in words) == (told != "")


def test_what_no_wave_shows_is_hidden():
    shown, hidden = (dict(zip(NUMBERS, causes(Tracing(rhythm=r)), strict=False)) for r in ("sinus", FIBRILLATION))
    gone = {name for name in NUMBERS if np.isnan(hidden[name])}
    assert gone == {"pr_ms", "p_ms", "p_gain", "left_atrium", "premature_atrial", "sinus_variation"}
    assert not np.isnan(list(shown.values())).any()


def test_every_number_that_is_read_with_an_error_is_one_of_the_tracing_and_words_stay():
    assert set(BLUR) <= set(NUMBERS)
    assert set(NUMBERS) - set(BLUR) == {"rate", "atrial_rate", "flutter_ratio", "wenckebach", "fascicular"}
    known = known_of(SEED, 0, 60, SETTINGS, labelled=False)
    error = known.as_shown(0).causes - known.causes
    spread = np.nanstd(error, axis=0)
    np.testing.assert_allclose(spread[: len(NUMBERS)], [BLUR.get(name, 0) for name in NUMBERS], rtol=0.4)
    assert not spread[len(NUMBERS) :].any()
    np.testing.assert_array_equal(known.as_shown(0).patient, known.patient)


def planted(n: int, seed: int) -> Known:
    """An ECG whose first number is the potassium but for noise, and a code that follows the second."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n, 6)).astype(np.float32)
    people = np.ones((n, 4 + len(CONDITIONS) + len(ANALYTES)), np.float32)
    potassium = people.shape[1] - len(ANALYTES) + ANALYTES.index("potassium")
    people[:, potassium] = 4.2 + 0.5 * (numbers[:, 0] + 0.5 * rng.normal(size=n))
    names = all_labels().of_kind(*KINDS).names
    labels = np.full((n, len(names)), np.nan, np.float32)
    labels[:, names.index("potassium_high")] = people[:, potassium] > 5
    labels[:, names.index("potassium_low")] = people[:, potassium] < 3.5
    labels[:, names.index("i50_heart_failure")] = numbers[:, 1] + rng.normal(size=n) > 1
    return Known(np.arange(n), numbers, people, labels)


def test_a_planted_potassium_is_found_as_well_as_its_noise_allows():
    known, further = planted(2400, 0), planted(400, 1)
    train, test = np.arange(1200), np.arange(1200, 2400)
    scores = lab_scores(known, further, train, test, "potassium")
    truth = known.labels[test, all_labels().of_kind(*KINDS).names.index("potassium_high")].astype(np.float64)
    best = auroc(truth, known.causes[test, 0].astype(np.float64))
    assert auroc(truth, scores) == pytest.approx(best, abs=0.02)


@pytest.mark.slow
def test_the_ceilings_of_all_labels_come_from_the_causes_and_from_the_patient():
    known, further = planted(2400, 0), planted(400, 1)
    train, test = np.arange(1200), np.arange(1200, 2400)
    found = ceilings(known, further, train, test)
    names = all_labels().of_kind(*KINDS).names
    assert set(found) == set(names)
    low = known.labels[test, names.index("potassium_low")].astype(np.float64)
    assert auroc(low, found["potassium_low"][0]) > 0.9
    assert auroc(low, found["potassium_low"][2]) == pytest.approx(1, abs=0.001)
    np.testing.assert_array_equal(found["potassium_low"][0], -found["potassium_high"][0])
    code = known.labels[test, names.index("i50_heart_failure")].astype(np.float64)
    assert auroc(code, found["i50_heart_failure"][0]) > 0.8
    assert 0.4 < auroc(code, found["i50_heart_failure"][2]) < 0.6


def test_a_label_that_hardly_anyone_has_gets_no_score():
    y = np.zeros(50, np.float32)
    y[:5] = 1
    assert np.isnan(class_scores(np.zeros((50, 2), np.float32), y, np.zeros((3, 2), np.float32))).all()
