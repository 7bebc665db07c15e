"""Readings to save, and a page measured as a ruler would: rendered, then counted in pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from ecgkt import readers
from ecgkt.checkpoints import bundled_folder
from ecgkt.domain import Domain, Record
from ecgkt.exports.reading import Reading, read_ecg
from ecgkt.inference import Predictor
from tests.exports.ruler import PX_PER_MM, Ruled

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def rule() -> Callable[[bytes, int], Ruled]:
    """Render one page of a PDF at 20 pixels per millimetre."""

    def render(pdf: bytes, page: int = 0) -> Ruled:
        document = pypdfium2.PdfDocument(pdf)
        try:
            bitmap = document[page].render(scale=PX_PER_MM * 25.4 / 72)
            return Ruled(np.array(bitmap.to_pil().convert("RGB")))
        finally:
            document.close()

    return render


@pytest.fixture(scope="session")
def texts() -> Callable[[bytes], list[str]]:
    """Return the words of every page of a PDF, each in one line."""

    def read(pdf: bytes) -> list[str]:
        document = pypdfium2.PdfDocument(pdf)
        try:
            return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]
        finally:
            document.close()

    return read


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    return Predictor.open(bundled_folder() / "transferred")


@pytest.fixture(scope="session")
def simulated() -> Record:
    return readers.read_record(sorted((ROOT / "assets" / "samples").rglob("*.hea"))[5])


@pytest.fixture(scope="session")
def reading(predictor: Predictor, simulated: Record) -> Reading:
    """A simulated ECG with a map of one target and its short checks."""
    return read_ecg(predictor, simulated, "A simulated ECG", "st_elevation")


@pytest.fixture(scope="session")
def real_reading(predictor: Predictor) -> Reading:
    """A real ECG, pydicom's own sample."""
    from pydicom.data import get_testdata_file

    record = readers.read_record(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))))
    return read_ecg(predictor, replace(record, domain=Domain.REAL), "A real ECG")


@pytest.fixture
def step_record() -> Record:
    """Each lead at 0 mV, but at 1 mV for the 200 ms from 1 s on in every 2.5 s, 500 Hz."""
    signal = np.zeros((12, 5000), dtype=np.float32)
    for start in range(500, 5000, 1250):
        signal[:, start : start + 100] = 1.0
    return Record(signal, 500, "test")
