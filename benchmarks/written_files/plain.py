"""WFDB and DICOM files written on the spot: format 16 by hand, DICOM's elements by pydicom."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage

from ecgkt.domain import LEADS

SCP_NUMBERS = dict(zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))


def wfdb_content(
    signal: NDArray[np.float64],
    *,
    leads: Sequence[str] = LEADS,
    fs: object = 500,
    steps_per_unit: float = 1000,
    unit: str = "/mV",
    units_per_millivolt: float = 1,
    comments: Sequence[str] = (),
    signal_name: str = "rec.dat",
    record_line: str | None = None,
) -> dict[str, bytes]:
    """Write a record in format 16 by hand, so that no library stands between the test and the bytes."""
    rows = [signal[LEADS.index(lead)] if lead in LEADS else signal[0] for lead in leads]
    digital = np.round(np.stack(rows) * units_per_millivolt * steps_per_unit).astype("<i2")
    lines = [record_line or f"rec {len(leads)} {fs} {signal.shape[1]} 08:44:00 23/07/2180"]
    for lead, row in zip(leads, digital, strict=True):
        checksum = int(row.sum(dtype=np.int64)) % 65536
        lines.append(f"{signal_name} 16 {steps_per_unit}(0){unit} 16 0 {row[0]} {checksum} 0 {lead}")
    lines += [f"# {comment}" for comment in comments]
    return {"rec.hea": ("\n".join(lines) + "\n").encode(), "rec.dat": digital.T.tobytes()}


def dicom_content(
    signal: NDArray[np.float64],
    *,
    fs: float = 500,
    sensitivity: float = 1.0,
    unit: str = "uV",
    units_per_millivolt: float = 1000,
    edit: Callable[[object], None] = lambda dataset: None,
) -> bytes:
    """Write a 12-lead ECG with a rhythm group and a median beat; `edit` may change the data set before."""
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


def in_four_groups(*milliseconds: float | None) -> Callable[[Any], None]:
    """Return an edit that writes the leads as carts print them: three at a time, 250 samples each, so late."""

    def edit(dataset: Any) -> None:
        median, whole = dataset.WaveformSequence
        samples = np.frombuffer(whole.WaveformData, "<i2").reshape(-1, 12)
        groups = []
        for place, begin in enumerate(milliseconds):
            group, leads = deepcopy(whole), slice(3 * place, 3 * place + 3)
            part = samples[250 * place : 250 * (place + 1), leads]
            group.NumberOfWaveformSamples, group.NumberOfWaveformChannels = part.shape
            group.ChannelDefinitionSequence = list(whole.ChannelDefinitionSequence)[leads]
            group.WaveformData = part.tobytes()
            if begin is not None:
                group.MultiplexGroupTimeOffset = begin
            groups.append(group)
        dataset.WaveformSequence = [median, *groups]

    return edit


def _dicom_group(steps: NDArray[np.int16], fs: float, sensitivity: float, unit: str, originality: str) -> Dataset:
    group = Dataset()
    group.WaveformOriginality = originality
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = steps.shape
    group.SamplingFrequency = fs
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.ChannelDefinitionSequence = [_dicom_channel(lead, sensitivity, unit) for lead in LEADS]
    group.add_new("WaveformData", "OW", steps.T.tobytes())
    return group


def _dicom_channel(lead: str, sensitivity: float, unit: str) -> Dataset:
    source, units, channel = Dataset(), Dataset(), Dataset()
    number = SCP_NUMBERS[lead]
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = f"2:{number}", "MDC", f"Lead {lead}"
    units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = unit, "UCUM", "unit"
    channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = [source], [units]
    channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor, channel.ChannelBaseline = sensitivity, 1, 0
    channel.WaveformBitsStored = 16
    return channel
