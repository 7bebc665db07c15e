"""What stands in a report: found in the text of its pages, in the same words as on the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pypdfium2
import pypdfium2.raw
import pytest

from ecgkt import NOTICE, __version__
from ecgkt.catalogue import do_not_miss
from ecgkt.domain import DeviceReport, Domain
from ecgkt.domain.labels import Kind
from ecgkt.errors import UnknownName
from ecgkt.explain.guards import Guard, GuardRails
from ecgkt.explain.placed import placed_words
from ecgkt.exports.reading import Drawing, Reading, age_words, measured_reading, read_ecg
from ecgkt.exports.report import report_pdf
from ecgkt.figures.page import page_size, printable, shortened, width_of, wrapped
from ecgkt.figures.paper import LAYOUTS, Scale
from ecgkt.figures.scores import HEADINGS, score_rows
from ecgkt.signals.display import FILTERS


@pytest.fixture(scope="module")
def pdf(reading) -> bytes:
    return report_pdf(reading, Drawing(LAYOUTS["3x4 + II"], Scale(25, 10), FILTERS["0.5-40 Hz"]))


def test_every_page_says_what_it_is_who_spoke_and_how_it_was_drawn(pdf, texts, reading):
    pages = texts(pdf)
    assert len(pages) == 2
    for place, text in enumerate(pages, start=1):
        assert text.count(NOTICE) == 2
        assert "SIMULATED, no patient" in text
        assert "SIMULATED" in text.replace("SIMULATED, no patient", "").replace("SIMULATED patients", "")
        assert reading.card.statement in text
        assert f"{reading.card.title}, checkpoint {reading.card.id} · ecgkt {__version__} · page {place} of 2" in text
        assert "3x4 + II · 25 mm/s, 10 mm/mV · display: high-pass 0.5 Hz, low-pass 40 Hz" in text
        assert f"the model saw {reading.card.preprocessing.description}" in text
        assert "A simulated ECG" in text


def test_the_first_page_has_the_measurements_the_strip_and_the_families_as_on_the_screen(pdf, texts, reading):
    text = texts(pdf)[0]
    for title in ("Measurements", *HEADINGS.values(), *(one.title for one in do_not_miss())):
        assert title in text
    assert "QTc Fridericia" in text
    for kind in Kind:
        first = score_rows(reading.predictions, kind)[0]
        if kind is not Kind.LAB:
            assert first.title in text
            assert first.figure in text
            assert first.interval in text
    assert "Frequencies among simulated ECGs, where the model was calibrated, with 95% intervals" in text
    assert "a low figure rules nothing out" in text


def test_the_second_page_explains_the_target_as_the_screen_does(pdf, texts, reading):
    text = texts(pdf)[1]
    assert "Why: ST elevation" in text
    for sentence in reading.mapped.said.split(". "):
        assert sentence.strip(".") in text
    assert "Integrated gradients of the raw score, baseline: zero signal" in text
    assert "The map misses" in text
    assert f"Checks of this map: {reading.mapped.rails.count}. {reading.mapped.rails.verdict}" in text
    assert "A map is no cause" in text
    verdict, figures = placed_words(reading.card.id, reading.mapped.explanation)
    assert verdict in text
    assert figures.split(", maps by")[0] in text


def test_a_map_that_fails_a_check_says_so_in_large_letters(reading, texts):
    failed = Guard("a", "a passes", "it failed here", 0.1, 0.5, True, "0.1", "made up")
    one = reading.mapped.explanation
    rails = GuardRails((failed,), one.target, one.method, one.checkpoint_id)
    text = texts(report_pdf(replace(reading, mapped=replace(reading.mapped, rails=rails))))[1]
    assert "DO NOT RELY ON THIS MAP. ST elevation" in text
    assert "Do not rely on this map: it failed here." in text


def test_without_a_target_there_is_one_page_and_nothing_but_vectors(reading):
    document = pypdfium2.PdfDocument(report_pdf(replace(reading, mapped=None)))
    assert len(document) == 1
    kinds = [one.type for one in document[0].get_objects()]
    document.close()
    assert pypdfium2.raw.FPDF_PAGEOBJ_IMAGE not in kinds
    assert pypdfium2.raw.FPDF_PAGEOBJ_PATH in kinds


def test_letters_are_embedded_as_truetype_and_nothing_names_a_person_a_path_or_a_date(pdf, reading):
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    document = pypdfium2.PdfDocument(pdf)
    about = {name: told for name, told in document.get_metadata_dict().items() if told}
    document.close()
    assert set(about) == {"Title", "Subject", "Creator"}
    assert about["Title"] == "SIMULATED 12-lead ECG: research demonstration"
    assert about["Creator"] == "ecgkt"
    assert b"/home" not in pdf
    assert b"CreationDate" not in pdf


def test_the_same_reading_gives_the_same_bytes(reading):
    plain = replace(reading, mapped=None)
    assert report_pdf(plain) == report_pdf(plain)


def test_the_date_stands_there_only_where_it_was_asked_for(reading, texts):
    plain = replace(reading, mapped=None)
    assert "2026-11-23" not in texts(report_pdf(plain))[0]
    assert "made on 2026-11-23" in texts(report_pdf(plain, made_on=date(2026, 11, 23)))[0]


def test_on_a_real_ecg_what_was_not_shown_to_work_stays_folded_and_ranks_are_called_uncalibrated(real_reading, texts):
    text = texts(report_pdf(real_reading))[0]
    assert "Real ECG" in text
    assert "SIMULATED, no patient" not in text
    assert "uncalibrated here" in text
    assert " in 100 " not in text
    for kind in (Kind.VISIT, Kind.LAB):
        count = len(real_reading.predictions.labels.of_kind(kind))
        assert f"None of the {count}" in text
        assert score_rows(real_reading.predictions, kind)[0].title not in text
    assert "no figure" in text
    assert "recorded with 0.05-300 Hz" in text


def test_where_the_model_abstains_the_report_says_why_and_has_no_map(real_reading, predictor, texts):
    flat = np.array(real_reading.record.signal)
    flat[7] = 0
    abstained = read_ecg(predictor, replace(real_reading.record, signal=flat), "Flat", "st_elevation")
    pages = texts(report_pdf(abstained))
    assert len(pages) == 1
    assert "The model abstains. Wanted a signal on all 12 leads" in pages[0]
    assert "Rules alone say Sinus rhythm" in pages[0]


def test_before_the_reveal_a_report_has_the_ecg_and_what_was_measured_and_no_score(reading, texts):
    hidden = replace(reading, predictions=None, mapped=None, title="Sample 6 (simulated)")
    (text,) = texts(report_pdf(hidden))
    assert "QTc Fridericia" in text
    assert "Rhythm by rules" not in text
    assert not any(told in text for told in HEADINGS.values())
    assert " in 100" not in text
    assert NOTICE in text


def test_what_the_machine_said_stands_beside_what_was_computed(real_reading, texts):
    report = DeviceReport({"pr": 160.0, "qrs": 90.0}, statements=("Sinus rhythm",))
    told = replace(real_reading, record=replace(real_reading.record, device=report))
    text = texts(report_pdf(told))[0]
    hidden = texts(report_pdf(replace(told, predictions=None)))[0]
    assert "The device states" not in hidden
    assert "160 ms" in hidden
    assert "160 ms" in text
    assert "not stated" in text
    assert "The device states: Sinus rhythm." in text


def test_a_signal_that_cannot_be_measured_gives_the_reason(reading, texts):
    short = replace(reading.record, signal=reading.record.signal[:, :600])
    one = measured_reading(Reading("Short", short, reading.card))
    assert "at least 2 s are needed" in texts(report_pdf(one))[0] or one.unmeasured in texts(report_pdf(one))[0]


def test_words_fit_their_place_and_strange_characters_become_question_marks():
    line = "Intraventricular conduction delay with a very long name"
    cut = shortened(line, 7.0, 30.0)
    assert cut.endswith("…")
    assert width_of(cut, 7.0) <= 30.0
    assert shortened(line, 7.0, 300.0) == line
    lines = wrapped(line, 7.0, 30.0)
    assert " ".join(lines) == line
    assert all(width_of(one, 7.0) <= 30.0 for one in lines)
    assert wrapped(line, 7.0, 30.0, most=1) == [cut]
    assert printable("心電図\t\x07 5 µV ≥ $x$") == "??? ? 5 µV ≥ $x$"


def test_ages_above_89_are_told_together_and_sizes_have_names():
    assert [age_words(age) for age in (None, 0.4, 63.2, 89.2, 90.0, 101.0)] == [
        "",
        "0 years",
        "63 years",
        "89 years",
        "90 years or over",
        "90 years or over",
    ]
    with pytest.raises(UnknownName, match="A4, US Letter"):
        page_size("A5")


def test_an_unknown_origin_is_not_called_real_or_simulated(real_reading, predictor, texts):
    unknown = replace(real_reading.record, domain=Domain.UNKNOWN)
    text = texts(report_pdf(read_ecg(predictor, unknown, "Uploaded ECG")))[0]
    assert "Origin not stated in the file, treated as real" in text
    assert real_reading.card.statement in text
