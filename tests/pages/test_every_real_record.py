"""Every real record of PTB-XL and LUDB: the page opens, and no number stands where there is no wave to measure.

Here every fourth record and all with a rhythm without PR; with ECGKT_EVERY_RECORD set, all 350.
"""

from __future__ import annotations

import ast
import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.ludb import LEAD_FILES, read_marks
from ecgkt import checkpoints, readers
from ecgkt.dashboard import measured
from ecgkt.domain import LEADS
from ecgkt.figures.paper import lay_out
from ecgkt.figures.sheet import draw_sheet
from ecgkt.inference import Predictor
from ecgkt.readers import read_upload
from ecgkt.signals.measurements import measure

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_PR = {"AFIB", "AFLT", "PACE", "3AVB"}
OF_P = ("p_duration", "pr", "p_axis")


@dataclass(frozen=True)
class Known:
    """A record, and what its readers say: whether PR has no meaning, and whether any lead has a marked P or T wave."""

    path: Path
    without_pr: bool
    p_marked: bool = True
    t_marked: bool = True


def ptb_xl(folder: Path) -> Iterator[Known]:
    with (folder / "ptbxl_database.csv").open(newline="") as file:
        codes = {Path(row["filename_hr"]).name: set(ast.literal_eval(row["scp_codes"])) for row in csv.DictReader(file)}
    for path in readers.find_records(folder):
        yield Known(path, bool(codes[path.stem] & WITHOUT_PR))


def ludb(folder: Path) -> Iterator[Known]:
    with (folder / "ludb.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            path = folder / "data" / f"{row['ID'].strip()}.hea"
            if path.is_file():
                told = f"{row['Rhythms']} {row['Conduction abnormalities']}".lower()
                without = any(word in told for word in ("fibrillation", "flutter", "iii degree"))
                marks = [read_marks(folder, int(path.stem), lead) for lead in LEAD_FILES]
                waves = (any(len(lead[f"{wave} peak"]) for lead in marks) for wave in "PT")
                yield Known(path, without or bool(row["Cardiac pacing"].strip()), *waves)


@pytest.fixture(scope="module")
def known(real_data: Path) -> list[Known]:
    every = [*ptb_xl(real_data / "ptb-xl"), *ludb(real_data / "ludb")]
    assert len(every) == 350
    if os.environ.get("ECGKT_EVERY_RECORD"):
        return every
    return [one for number, one in enumerate(every) if one.without_pr or not one.p_marked or number % 4 == 0]


def upload_of(path: Path) -> list[tuple[str, bytes]]:
    return [(file.name, file.read_bytes()) for file in (path.with_suffix(".dat"), path)]


def test_each_record_is_read_drawn_measured_and_scored(known: list[Known]) -> None:
    predictor = Predictor.open(checkpoints.choose_checkpoint())
    for one in known:
        record = read_upload(upload_of(one.path))
        sheet = draw_sheet(record, lay_out(record=record))
        assert sheet.count('class="ink"') == len(LEADS) + 1, one.path
        found = measure(record.signal, record.fs)
        lines = measured.lines(found, {})
        assert {line.title for line in lines} >= {"Rate", "PR", "QRS", "QT", "QTc"}, one.path
        assert all(line.computed or line.refusal for line in lines), one.path
        predictions = predictor.predict([record])
        spoken = predictions.abstained[0] is None
        assert np.isfinite(predictions.probabilities[0]).all() == spoken, one.path
        if one.without_pr:
            assert found.values["pr"].value is None, one.path
        if not one.p_marked:
            assert [name for name in OF_P if found.values[name].value is not None] == [], one.path
        if not one.t_marked:
            assert found.values["qt"].value is None, one.path


def test_the_page_opens_each_of_some_records(known: list[Known]) -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    for one in known[:: len(known) // 7]:
        before = page.session_state["case"].id
        page.file_uploader[0].set_value([(*pair, "application/octet-stream") for pair in upload_of(one.path)]).run()
        assert not page.exception, one.path
        assert page.session_state["case"].id != before, one.path
        told = " ".join(part.proto.body for part in page.get("html"))
        assert "ecgkt-sheet" in told
        assert "ecgkt-measured" in told
