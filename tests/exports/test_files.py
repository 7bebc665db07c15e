"""The other files: what is in them comes back, and each says by itself what it is."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import wfdb

from ecgkt import NOTICE, __version__, readers
from ecgkt.domain import LEADS, Domain, Record
from ecgkt.errors import InvalidValue
from ecgkt.exports.document import reading_json
from ecgkt.exports.drawn import sheet_svg
from ecgkt.exports.maps import attribution_csv, explanation_csv
from ecgkt.exports.reading import Drawing, Reading
from ecgkt.exports.scores import STAMP_COLUMNS, scores_csv
from ecgkt.exports.signal import digitise, wfdb_zip
from ecgkt.figures.paper import LAYOUTS, Scale
from ecgkt.spreadsheets import harmless, write_csv


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_score_is_a_row_with_its_interval_and_all_that_it_may_be_read_by(reading):
    rows = rows_of(scores_csv(reading))
    labels = reading.predictions.labels
    assert {row["label"] for row in rows} == set(labels.names)
    for row in rows:
        frequency = reading.predictions.frequency(row["label"])
        if frequency is not None:
            assert float(row["frequency"]) == pytest.approx(frequency.value, abs=1e-6)
            assert float(row["low"]) <= float(row["frequency"]) <= float(row["high"])
            assert int(row["positives"]) <= int(row["n"])
        assert float(row["probability"]) == pytest.approx(reading.predictions.probability(row["label"]), abs=1e-6)
        assert row["rank"] == ""
        assert row["calibrated"] == "yes"
        assert row["domain"] == "simulated"
        assert row["checkpoint"] == reading.card.id
        assert row["notice"] == NOTICE
        assert row["software"] == f"ecgkt {__version__}"
        assert reading.card.preprocessing.fingerprint in row["settings"]
    assert sum(row["frequency"] != "" for row in rows) > 20


def test_on_a_real_ecg_there_are_ranks_and_no_probabilities(real_reading):
    rows = rows_of(scores_csv(real_reading))
    assert {row["calibrated"] for row in rows} == {"no"}
    assert all(row["probability"] == row["frequency"] == "" for row in rows)
    assert all(0 <= float(row["rank"]) <= 1 and row["reference"] for row in rows)
    assert {row["shown_to_work_on_real_ecgs"] for row in rows} == {"yes", "no"}


def test_the_map_by_wave_and_lead_adds_up_and_carries_its_checks(reading):
    rows = rows_of(explanation_csv(reading))
    for of in ("wave", "lead", "wave in a lead"):
        some = [row for row in rows if row["of"] == of]
        assert sum(float(row["share"]) for row in some) == pytest.approx(1, abs=1e-4)
        assert sum(float(row["chance"]) for row in some) == pytest.approx(1, abs=1e-4)
        total = float(reading.mapped.explanation.attribution.astype(float).sum())
        assert sum(float(row["sum"]) for row in some) == pytest.approx(total, abs=1e-3)
    assert {row["lead"] for row in rows if row["of"] == "lead"} == set(LEADS)
    for row in rows:
        assert float(row["residual_share"]) == pytest.approx(reading.mapped.explanation.relative_residual, abs=1e-6)
        assert row["checks"].startswith("passed ") or "Do not rely" in row["checks"]
        assert all(row[name] for name in STAMP_COLUMNS if name != "made_on")


def test_every_sample_of_the_map_comes_back(reading):
    rows = rows_of(attribution_csv(reading))
    one = reading.mapped.explanation
    values = np.array([[float(row[lead]) for row in rows] for lead in LEADS])
    np.testing.assert_allclose(values, one.attribution, rtol=1e-5, atol=1e-12)
    assert float(rows[1]["time_s"]) == pytest.approx(1 / one.fs)
    assert rows[0]["checkpoint"] == reading.card.id
    assert rows[0]["notice"] == NOTICE


def test_the_document_is_json_without_nan_and_holds_what_the_tables_hold(reading):
    def refuse(word):
        raise AssertionError(word)

    document = json.loads(reading_json(reading), parse_constant=refuse)
    assert document["notice"] == NOTICE
    assert document["domain"] == "simulated"
    assert document["checkpoint"] == reading.card.id
    assert document["scores"]["calibrated"] is True
    assert len(document["scores"]["labels"]) == len(reading.predictions.labels)
    values = np.array(document["explanation"]["attribution"]["values"])
    np.testing.assert_allclose(values, reading.mapped.explanation.attribution, rtol=1e-4, atol=1e-10)
    assert [one["state"] for one in document["explanation"]["guards"]]
    assert document["ecg"]["measurements"]["qrs"]["unit"] == "ms"
    assert document["ecg"]["rhythm_by_rules"]


def test_before_the_reveal_no_file_holds_a_score(reading):
    hidden = replace(reading, predictions=None, mapped=None)
    document = json.loads(reading_json(hidden))
    assert "scores" not in document
    assert "explanation" not in document
    assert document["ecg"]["rules"] == {}
    for make in (scores_csv, explanation_csv, attribution_csv):
        with pytest.raises(InvalidValue):
            make(hidden)


def test_scores_of_another_ecg_or_checkpoint_are_refused(reading, real_reading):
    with pytest.raises(InvalidValue, match="scores of this ECG"):
        replace(reading, record=real_reading.record)
    with pytest.raises(InvalidValue, match="a map beside its scores"):
        replace(reading, predictions=None)


def test_no_cell_begins_a_formula():
    hostile = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("http://x")', "\uff1d1+1")
    text = write_csv(("a", *hostile), [(-1.5, *hostile)])
    header, row = list(csv.reader(io.StringIO(text, newline="")))
    assert row[0] == "-1.5"
    for cell in (*header[1:], *row[1:]):
        assert cell.startswith("'")
    assert harmless("\t1") == "'\t1"
    assert harmless("a = b") == "a = b"


def unzip(content: bytes, folder) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == ["ecg.dat", "ecg.hea"]
        archive.extractall(folder)


def test_the_signal_comes_back_from_wfdb_within_rounding_with_its_gaps(reading, tmp_path):
    signal = np.array(reading.record.signal) + np.float32(0.000321)
    signal[3, 100:150] = np.nan
    signal[5] *= 12
    record = replace(reading.record, signal=signal, age=93.4, sex="female", filters="0.05-150 Hz")
    unzip(wfdb_zip(Reading("x", record, reading.card)), tmp_path)
    back = wfdb.rdrecord(str(tmp_path / "ecg"))
    assert back.sig_name == list(LEADS)
    assert back.units == ["mV"] * 12
    assert back.fs == 500
    assert np.nanmax(np.abs(back.p_signal.T - signal)) <= 0.0025
    np.testing.assert_array_equal(np.isnan(back.p_signal.T), np.isnan(signal))
    told = " ".join(back.comments)
    for words in (NOTICE, reading.card.id, f"ecgkt {__version__}", "SIMULATED, no patient", "0.05-150 Hz"):
        assert words in told
    ours = readers.read_record(tmp_path / "ecg.hea")
    assert ours.domain is Domain.SIMULATED
    assert (ours.age, ours.sex) == (90.0, "female")
    assert not any("checksum" in note for note in ours.notes)


def test_a_real_ecg_is_not_read_back_as_simulated(real_reading, tmp_path):
    unzip(wfdb_zip(real_reading), tmp_path)
    back = readers.read_record(tmp_path / "ecg.hea")
    assert back.domain is Domain.UNKNOWN
    assert back.fs == real_reading.record.fs
    assert np.abs(back.signal - real_reading.record.signal).max() <= 0.0025


def test_a_large_signal_takes_a_coarser_step_and_one_beyond_the_format_is_refused():
    signal = np.zeros((12, 100), dtype=np.float32)
    signal[0, 0] = 100.0
    steps, gain = digitise(Record(signal, 100, "test"))
    assert gain == 200
    assert steps[0, 0] == 20_000
    signal[0, 0] = 500.0
    with pytest.raises(InvalidValue, match="within 164 mV"):
        digitise(Record(signal, 100, "test"))


def test_the_drawing_is_an_svg_as_large_as_its_millimetres_that_says_what_it_is(reading):
    drawing = Drawing(LAYOUTS["6x2"], Scale(25, 5))
    text = sheet_svg(reading, drawing)
    root = ElementTree.fromstring(text)
    width, height = (float(root.attrib[side].removesuffix("mm")) for side in ("width", "height"))
    box = [float(one) for one in root.attrib["viewBox"].split()]
    assert box[2] / width == pytest.approx(100)
    assert box[3] / height == pytest.approx(100, rel=1e-3)
    seen = " ".join(one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text"))
    for words in (NOTICE, "SIMULATED, no patient", reading.card.id, f"ecgkt {__version__}", "6x2 · 25 mm/s, 5 mm/mV"):
        assert words in seen
    assert len(list(root.iter("{http://www.w3.org/2000/svg}image"))) == 13
    described = root.find("{http://www.w3.org/2000/svg}desc")
    assert described is not None
    assert NOTICE in described.text
