"""Records made on the spot in each format, and a private place for temporary files that must stay empty."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgkt.domain import LEADS
from ecgkt.errors import EcgktError

SCP_NUMBERS = dict(zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))

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

    def write(
        signal: NDArray[np.float64] = millivolts,
        *,
        leads: Sequence[str] = LEADS,
        fs: object = 500,
        steps_per_unit: float = 1000,
        unit: str = "/mV",
        units_per_millivolt: float = 1,
        comments: Sequence[str] = (),
        signal_name: str = "rec.dat",
        record_line: str | None = None,
    ) -> Files:
        rows = [signal[LEADS.index(lead)] if lead in LEADS else signal[0] for lead in leads]
        digital = np.round(np.stack(rows) * units_per_millivolt * steps_per_unit).astype("<i2")
        lines = [record_line or f"rec {len(leads)} {fs} {signal.shape[1]} 08:44:00 23/07/2180"]
        for lead, row in zip(leads, digital, strict=True):
            checksum = int(row.sum(dtype=np.int64)) % 65536
            lines.append(f"{signal_name} 16 {steps_per_unit}(0){unit} 16 0 {row[0]} {checksum} 0 {lead}")
        lines += [f"# {comment}" for comment in comments]
        return {"rec.hea": ("\n".join(lines) + "\n").encode(), "rec.dat": digital.T.tobytes()}

    return write


@pytest.fixture
def dicom_bytes(millivolts: NDArray[np.float64]) -> Callable[..., bytes]:
    """Write a 12-lead ECG with a rhythm group and a median beat; `edit` may change the data set before."""

    def write(
        signal: NDArray[np.float64] = millivolts,
        *,
        fs: float = 500,
        sensitivity: float = 1.0,
        unit: str = "uV",
        units_per_millivolt: float = 1000,
        edit: Callable[[object], None] = lambda dataset: None,
    ) -> bytes:
        from pydicom.dataset import FileDataset, FileMetaDataset
        from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage

        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = TwelveLeadECGWaveformStorage
        meta.MediaStorageSOPInstanceUID = "1.2.3"
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        dataset.SOPClassUID, dataset.SOPInstanceUID = TwelveLeadECGWaveformStorage, "1.2.3"
        steps = np.round(signal * units_per_millivolt / sensitivity).astype("<i2")
        median = _dicom_group(steps[:, :100], fs, sensitivity, unit, "DERIVED")
        dataset.WaveformSequence = [median, _dicom_group(steps, fs, sensitivity, unit, "ORIGINAL")]
        edit(dataset)
        stream = io.BytesIO()
        dataset.save_as(stream, enforce_file_format=True)
        return stream.getvalue()

    return write


def _dicom_group(steps: NDArray[np.int16], fs: float, sensitivity: float, unit: str, originality: str) -> object:
    from pydicom.dataset import Dataset

    group = Dataset()
    group.WaveformOriginality = originality
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = steps.shape
    group.SamplingFrequency = fs
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.ChannelDefinitionSequence = [_dicom_channel(lead, sensitivity, unit) for lead in LEADS]
    group.add_new("WaveformData", "OW", steps.T.tobytes())
    return group


def _dicom_channel(lead: str, sensitivity: float, unit: str) -> object:
    from pydicom.dataset import Dataset

    source, units, channel = Dataset(), Dataset(), Dataset()
    number = SCP_NUMBERS[lead]
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = f"2:{number}", "MDC", f"Lead {lead}"
    units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = unit, "UCUM", "unit"
    channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = [source], [units]
    channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor, channel.ChannelBaseline = sensitivity, 1, 0
    channel.WaveformBitsStored = 16
    return channel


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
