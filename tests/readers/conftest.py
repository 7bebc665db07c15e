"""Records made on the spot in each format, and a private place for temporary files that must stay empty."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.written_files.plain import dicom_content, wfdb_content
from ecgkt.errors import EcgktError

Files = dict[str, bytes]


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the test a temporary folder of its own and see that it is empty again afterwards, whatever happened."""
    place = tmp_path_factory.mktemp("private")
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    assert list(place.iterdir()) == []


@pytest.fixture
def millivolts() -> NDArray[np.float64]:
    """Twelve distinct leads of 2 s at 500 Hz in mV, on a grid of 1 uV, (12, 1000) in the order of LEADS."""
    seconds = np.arange(1000) / 500
    waves = [np.sin(2 * np.pi * (1 + lead / 5) * seconds + lead) * (0.5 + lead / 10) for lead in range(12)]
    return np.round(np.stack(waves), 3)


@pytest.fixture
def wfdb_files(millivolts: NDArray[np.float64]) -> Callable[..., Files]:
    """Write a record in format 16 by hand, so that no library stands between the test and the bytes."""

    def write(signal: NDArray[np.float64] = millivolts, **how: Any) -> Files:
        return wfdb_content(signal, **how)

    return write


@pytest.fixture
def dicom_bytes(millivolts: NDArray[np.float64]) -> Callable[..., bytes]:
    """Write a 12-lead ECG with a rhythm group and a median beat; `edit` may change the data set before."""

    def write(signal: NDArray[np.float64] = millivolts, **how: Any) -> bytes:
        return dicom_content(signal, **how)

    return write


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """Write files into a folder and return it."""

    def write(files: Mapping[str, bytes]) -> Path:
        folder = tmp_path / "Jane Doe 1970"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    return write


@pytest.fixture
def refusal() -> Callable[[Callable[[], object]], str]:
    """Run something that must be refused and return the sentence, once it has the form of one."""

    def sentence(attempt: Callable[[], object]) -> str:
        with pytest.raises(EcgktError) as caught:
            attempt()
        said = str(caught.value)
        assert said.startswith("Wanted ") and said.endswith(".") and "\n" not in said
        assert "Jane" not in said and "ecgkt-" not in said and "/tmp" not in said
        return said

    return sentence
