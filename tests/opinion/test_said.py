"""What is said of one ECG: the same words wherever they stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgkt import checkpoints
from ecgkt.catalogue import do_not_miss
from ecgkt.checkpoints import Card
from ecgkt.domain import DeviceReport, Domain, LabValue, MeasuredLabs, Predictions
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import score_rows
from ecgkt.opinion.beside import Beside, beneath_words, device_says
from ecgkt.opinion.families import folded_words, holds_back, none_open_words, open_rows
from ecgkt.opinion.measured import lines
from ecgkt.opinion.strip import strip_cells
from ecgkt.signals.measurements import Measured, measure
from ecgkt.signals.rules import RuleSaid


@pytest.fixture
def card(untrained: Path) -> Card:
    return checkpoints.read_card(untrained / "transferred")


def predictions(card: Card, domain: Domain, reason: str | None = None) -> Predictions:
    shape = (1, len(card.labels))
    told = np.full(shape, np.nan) if reason else np.linspace(0.1, 0.9, shape[1])[None]
    ranks = {"ranks": told, "reference": "a set (3 real ECGs)"}
    return Predictions(card.labels, told, card.id, domain, Domain.SIMULATED, abstained=(reason,), **ranks)


def test_on_a_simulated_ecg_all_rows_stand_open_and_on_a_real_one_those_that_were_shown_to_work(card):
    simulated, real = (predictions(card, one) for one in (Domain.SIMULATED, Domain.REAL))
    rows = score_rows(real, Kind.TRACING)
    assert not holds_back(simulated)
    assert holds_back(real)
    assert holds_back(predictions(card, Domain.UNKNOWN))
    assert open_rows(rows, card, False) == rows
    assert {row.name for row in open_rows(rows, card, True)} == set(card.labels.names[:5])
    labs = score_rows(real, Kind.LAB)
    assert open_rows(labs, card, True) == ()
    told = none_open_words(Kind.LAB, labs, card)
    assert told.startswith(f"None of the {len(labs)} laboratory scores was ever measured")
    assert folded_words(Kind.VISIT, 3) == "3 codes not shown to work on real ECGs"


def test_the_strip_keeps_its_order_and_says_why_there_is_no_figure(card):
    rules = {"complete_av_block": RuleSaid(False, "P leads")}
    qtc = Measured(510.0, "ms")
    shown = strip_cells(card, predictions(card, Domain.SIMULATED), rules, qtc, False)
    assert [cell.condition for cell in shown] == list(do_not_miss())
    assert all(cell.figure != "no figure" for cell in shown)
    long = next(cell for cell in shown if cell.condition.name == "very_long_qt")
    assert long.told == "for Long QT; rules: yes, 510 ms"
    silent = strip_cells(card, predictions(card, Domain.REAL, "Flat."), rules, None, True)
    assert {cell.figure for cell in silent} == {"no figure"}
    assert all("the model abstains" in cell.told for cell in silent)


def test_beneath_a_title_stand_rules_and_device_the_code_or_the_measured_value(card):
    rows = {row.name: row for kind in Kind for row in score_rows(predictions(card, Domain.SIMULATED), kind)}
    beside = Beside({"long_qt": RuleSaid(True, "QTc 510 ms")}, {"long_qt": False}, {})
    none, measured = MeasuredLabs(), MeasuredLabs({"potassium": LabValue(6.4, 20)}, frozenset({"potassium", "sodium"}))
    assert beneath_words(rows["long_qt"], card.labels, beside, none) == "rules: yes, QTc 510 ms; device: no"
    told = beneath_words(rows["potassium_high"], card.labels, beside, measured)
    assert told.startswith("measured 6.4")
    assert "20 min later" in told
    assert "measured" not in beneath_words(rows["potassium_high"], card.labels, beside, none)
    assert beneath_words(rows["sodium_low"], card.labels, beside, measured).startswith("not measured; <")
    assert "measured" not in beneath_words(rows["creatinine_high"], card.labels, beside, measured)


def test_what_a_machine_left_out_counts_as_no_only_where_all_that_it_said_is_known():
    whole = DeviceReport(statements=("Sinus rhythm",))
    said = device_says(whole)
    assert said["sinus_rhythm"] is True
    assert not all(said.values())
    assert set(device_says(replace(whole, partial=True)).values()) == {True}
    assert device_says(None) == device_says(DeviceReport()) == {}


def test_a_machines_own_qtc_stands_on_a_line_of_its_own(sine_record):
    told = lines(measure(sine_record.signal, sine_record.fs), {"qtc": 431.0, "pr": 160.0})
    by = {(line.title, line.formula): line for line in told}
    assert by["QTc", "as stated"].device == "431 ms"
    assert by["QTc", "as stated"].computed == ""
    assert by["PR", ""].device == "160 ms"
    assert by["QTc", "Bazett"].device == ""
