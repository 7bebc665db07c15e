"""Persons planted in every field of every format: nothing that is saved tells of them, nor the work list's table."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace

import pypdfium2
import pytest

from benchmarks.planted import found_in, planted
from ecgkt import readers
from ecgkt.dashboard import work_list_export
from ecgkt.exports.document import reading_json
from ecgkt.exports.drawn import sheet_svg
from ecgkt.exports.maps import attribution_csv, explanation_csv
from ecgkt.exports.reading import Reading, read_ecg
from ecgkt.exports.report import report_pdf
from ecgkt.exports.scores import scores_csv
from ecgkt.exports.signal import wfdb_zip
from ecgkt.worklist.lines import score_all
from ecgkt.worklist.rows import Row

PLANTED = planted()


def saved(reading: Reading) -> Iterator[tuple[str, str | bytes]]:
    """Yield all that can be saved of a reading, archives and pages opened."""
    pdf = report_pdf(reading)
    document = pypdfium2.PdfDocument(pdf)
    yield "PDF", pdf
    yield "PDF's words", " ".join(page.get_textpage().get_text_bounded() for page in document)
    yield "PDF's metadata", str(document.get_metadata_dict())
    document.close()
    yield "SVG", sheet_svg(reading)
    yield "scores", scores_csv(reading)
    yield "map", explanation_csv(reading)
    yield "samples of the map", attribution_csv(reading)
    yield "JSON", reading_json(reading)
    with zipfile.ZipFile(io.BytesIO(wfdb_zip(reading))) as archive:
        for name in archive.namelist():
            yield "WFDB", name.encode() + archive.read(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_no_file_that_leaves_the_app_tells_of_the_person(name, predictor):
    reading = read_ecg(predictor, readers.read_upload(PLANTED[name]), "Uploaded ECG", "sinus_rhythm")
    assert reading.mapped is not None
    every = dict(saved(reading))
    assert len(every) == 9
    assert {kind: found_in(content) for kind, content in every.items() if found_in(content)} == {}


def test_a_title_with_a_name_would_be_found(predictor, simulated):
    reading = read_ecg(predictor, simulated, PLANTED["CSV"][0][0])
    assert found_in(reading_json(reading)) and found_in(replace(reading, title="Zebulonia").title)


@pytest.mark.slow
def test_the_work_lists_table_names_nobody_unless_names_are_asked_for(predictor):
    wanted = [(files[0][0], lambda files=files: readers.read_upload(files)) for files in PLANTED.values()]
    lines = score_all(predictor, wanted)
    rows = [Row.of(number, line.record, line, predictor.card) for number, line in enumerate(lines, 1)]
    for content in (work_list_export.as_csv(rows, predictor.card, named=False),
                    work_list_export.as_parquet(rows, predictor.card, named=False)):  # fmt: skip
        assert found_in(content) == []
    assert found_in(work_list_export.as_csv(rows, predictor.card, named=True))
