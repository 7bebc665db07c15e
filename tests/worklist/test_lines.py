"""A line per record whatever comes, and rows that are never sorted across what cannot be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgkt import readers
from ecgkt.domain import Domain, Record
from ecgkt.errors import InvalidValue, UnreadableRecord
from ecgkt.inference import Predictor
from ecgkt.worklist.lines import Line, Outcome, score_all
from ecgkt.worklist.rows import AS_LISTED, MISS_FIRST, NO_SCORE_FIRST, Filter, Row, filtered, sorted_rows


@pytest.fixture(scope="module")
def predictor(untrained: Path) -> Predictor:
    return Predictor.open(untrained / "transferred")


@pytest.fixture(scope="module")
def records(cohort: Path, predictor: Predictor) -> list[Record]:
    """Six records from which the model does not abstain, every other one of unknown origin."""
    found = [readers.read_record(path) for path in readers.find_records(cohort)[:12]]
    open_ones = [one for one in found if predictor.look(one).refusal is None][:6]
    return [replace(one, domain=Domain.UNKNOWN) if place % 2 else one for place, one in enumerate(open_ones)]


@pytest.fixture(scope="module")
def lines(predictor: Predictor, records: list[Record]) -> list[Line]:
    def unreadable() -> Record:
        raise UnreadableRecord("an ECG", "a letter", "choose another")

    def broken() -> Record:
        raise RuntimeError("patient Jane Doe has no lead I")

    reads = [*(lambda one=one: one for one in records), unreadable, broken]
    return list(score_all(predictor, [(f"r{place}", read) for place, read in enumerate(reads)], batch=3))


def test_lines_come_in_order_with_the_predictors_own_figures(predictor, records, lines):
    assert [line.record for line in lines] == [f"r{place}" for place in range(8)]
    for record, line in zip(records, lines, strict=False):
        made = predictor.predict([record])
        np.testing.assert_allclose(line.predictions.probabilities, made.probabilities, atol=1e-6)
        np.testing.assert_allclose(line.predictions.ranks, made.ranks, atol=1e-6)
        assert (line.domain, line.seconds, line.outcome) == (record.domain, record.seconds, Outcome.SCORED)


def test_a_reader_that_breaks_ends_nothing_and_its_words_go_nowhere(lines):
    assert [line.outcome for line in lines[6:]] == [Outcome.REFUSED, Outcome.REFUSED]
    assert lines[6].reason == "Wanted an ECG, got a letter: choose another."
    assert "RuntimeError" in lines[7].reason
    assert "Doe" not in lines[7].reason


def test_a_record_on_which_the_model_itself_fails_leaves_the_others_their_scores(predictor, records, monkeypatch):
    look = predictor.look

    def fail(record):
        if record.fs == 499:
            raise ZeroDivisionError
        return look(record)

    monkeypatch.setattr(predictor, "look", fail)
    odd = replace(records[0], fs=499)
    found = list(score_all(predictor, [("a", lambda: records[0]), ("b", lambda: odd), ("c", lambda: records[2])]))
    assert [line.outcome for line in found] == [Outcome.SCORED, Outcome.REFUSED, Outcome.SCORED]


def test_a_model_that_reads_tables_is_refused_before_any_record(predictor, monkeypatch):
    monkeypatch.setattr(Predictor, "needs_tables", property(lambda self: True))
    with pytest.raises(InvalidValue, match="a model that needs the ECG alone"):
        next(score_all(predictor, []))


def test_ranks_and_frequencies_are_never_mixed_in_one_order(predictor, lines):
    rows = [Row.of(place, line.record, line, predictor.card) for place, line in enumerate(lines, 1)]
    for by in (MISS_FIRST, "atrial_fibrillation"):
        found = sorted_rows(rows, by, every=True)
        assert [row.origin for row in found] == ["not stated"] * 3 + ["simulated"] * 3 + ["not read"] * 2
        for some in (found[:3], found[3:6]):
            figures = [row.urgent(every=True) if by == MISS_FIRST else row.figure(by, every=True) for row in some]
            assert [one.share for one in figures] == sorted((one.share for one in figures), reverse=True)
    assert [row.number for row in sorted_rows(rows, AS_LISTED)] == list(range(1, 9))
    assert [row.number for row in sorted_rows(rows, NO_SCORE_FIRST)][:2] == [7, 8]


def test_a_filter_lets_through_what_it_says(predictor, lines):
    rows = [Row.of(place, line.record, line, predictor.card) for place, line in enumerate(lines, 1)]

    def numbers(**wanted):
        return [row.number for row in filtered(rows, Filter(**wanted), "sinus_rhythm", every=True)]

    assert numbers() == list(range(1, 9))
    assert numbers(text="R3") == [4]
    assert numbers(text="LETTER") == [7]
    assert numbers(origins=("simulated",)) == [1, 3, 5]
    assert numbers(outcomes=("refused",)) == [7, 8]
    kept = numbers(least=0.5)
    assert all(row.figure("sinus_rhythm", every=True).share >= 0.5 for row in rows if row.number in kept)
    assert not {7, 8} & set(kept)
