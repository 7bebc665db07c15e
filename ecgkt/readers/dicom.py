"""DICOM ECG waveform storage (PS3.3 C.10.9): the rhythm recording, not the median beat beside it."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import Record
from ecgkt.domain.records import canonical_lead
from ecgkt.errors import EcgktError, UnreadableRecord
from ecgkt.readers.channels import check_size, millivolts_per, name_channels, place_in_time
from ecgkt.readers.contract import Companion, Reader
from ecgkt.readers.dicom_elements import number, raw_bytes, text, whole_number
from ecgkt.readers.dicom_patient import age_in_years, sex
from ecgkt.readers.filters import told_filters

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_META_START = 132
_BARE_STARTS = (b"\x02\x00", b"\x08\x00")
_SOP_CLASS = b"1.2.840.10008.5.1.4.1.1."
_PLAIN_SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
_SAMPLE_TYPES = {
    (8, "SB"): "i1",
    (8, "UB"): "u1",
    (16, "SS"): "<i2",
    (16, "US"): "<u2",
    (32, "SL"): "<i4",
    (32, "UL"): "<u4",
}
_LEADS_BY_CODE = {
    1: "I", 2: "II", 3: "V1", 4: "V2", 5: "V3", 6: "V4", 7: "V5", 8: "V6", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF"
}  # fmt: skip
_LEAD_CODE = re.compile(r"(?:5\.6\.3-9-|2:)(?P<lead>[0-9]{1,3})")
_NEEDED = (
    "SpecificCharacterSet", "PatientAge", "PatientBirthDate", "PatientSex", "StudyDate", "AcquisitionDateTime",
    "WaveformSequence",
)  # fmt: skip


def recognises(head: bytes) -> bool:
    """Tell whether a file begins as DICOM does, or with its first elements, the preamble having been left out."""
    return _has_preamble(head) or (head.startswith(_BARE_STARTS) and _SOP_CLASS in head)


def read(content: bytes, companion: Companion) -> Record:
    """Read the original recording with the most standard leads, the longest of those; all names and dates stay behind.

    Leads that it lacks are taken from the other original groups, each at the time at which it was recorded.
    Physical value = sample * sensitivity * correction factor + baseline (PS3.3 C.10.9.1.4.1, C.10.9.1.4.4).
    """
    try:
        dataset = _parse(content)
        groups = _rhythm_groups(dataset)
        leads: Mapping[str, NDArray[np.floating]]
        leads, notes = _put_together(groups) if len(groups) > 1 else (_channels(groups[0]), ())
        return Record.from_leads(
            leads,
            _rate(groups[0]),
            "DICOM",
            age=age_in_years(dataset),
            sex=sex(dataset),
            notes=notes,
            filters=_filters(groups),
        )
    except EcgktError:
        raise
    except Exception as error:  # what pydicom raises on damaged bytes is not bounded by its documentation
        raise UnreadableRecord("a whole DICOM file", "a damaged one", "export it again") from error


def _parse(content: bytes) -> Dataset:
    """Parse only the elements that are needed; compressed and big-endian files are refused before they are touched."""
    from pydicom.filereader import dcmread, read_dataset

    stream = io.BytesIO(content)
    stream.seek(_META_START if _has_preamble(content) else 0)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    is_told = _has_preamble(content) or len(meta) > 0
    if is_told and text(meta, "TransferSyntaxUID") not in _PLAIN_SYNTAXES:
        raise UnreadableRecord(
            "DICOM in plain little-endian form", "another transfer syntax", "export it as explicit VR little endian"
        )
    return dcmread(io.BytesIO(content), specific_tags=list(_NEEDED), force=True)


def _has_preamble(content: bytes) -> bool:
    return content[_META_START - 4 : _META_START] == b"DICM"


def _rhythm_groups(dataset: Dataset) -> list[Dataset]:
    """Return the group to read and, behind it, those with standard leads that it lacks."""
    groups = list(dataset.get("WaveformSequence") or ())
    if not groups:
        raise UnreadableRecord(
            "a DICOM file with a waveform", "one without", "export the ECG as a waveform, no picture"
        )
    original = [group for group in groups if text(group, "WaveformOriginality") in ("ORIGINAL", None)]
    if not original:
        raise UnreadableRecord(
            "an original recording", "only derived beats", "export the rhythm recording, not the median beat alone"
        )
    best = max(original, key=lambda group: (len(_standard_leads(group)), _seconds(group)))
    return [best, *(group for group in original if _standard_leads(group) - _standard_leads(best))]


def _standard_leads(group: Dataset) -> set[str]:
    names = (_lead_name(channel) for channel in group.get("ChannelDefinitionSequence") or ())
    return {lead for name in names if (lead := canonical_lead(name or ""))}


def _channels(group: Dataset) -> dict[str, NDArray[np.floating]]:
    return name_channels([_lead_name(channel) for channel in group.ChannelDefinitionSequence], _physical_values(group))


def _put_together(groups: list[Dataset]) -> tuple[dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """Return the standard leads of several groups on one axis of time, and what is to be told."""
    begins = [number(group, "MultiplexGroupTimeOffset") for group in groups]
    known = [begin / 1000 for begin in begins if begin is not None and math.isfinite(begin)]
    if len(known) < len(groups) or len({_rate(group) for group in groups}) > 1:
        raise UnreadableRecord(
            "groups of leads of one rate that say when they begin", "others", "export the 12 leads as one group"
        )
    read = [{name: row for name, row in _channels(group).items() if canonical_lead(name)} for group in groups]
    return place_in_time(list(zip(known, read, strict=True)), _rate(groups[0]))


def _length(group: Dataset) -> int:
    return whole_number(group, "NumberOfWaveformSamples") or 0


def _seconds(group: Dataset) -> float:
    return _length(group) / (number(group, "SamplingFrequency") or math.inf)


def _rate(group: Dataset) -> float:
    rate = number(group, "SamplingFrequency")
    if rate is None or not (math.isfinite(rate) and rate > 0):
        raise UnreadableRecord("a sampling frequency in the DICOM file", "none", "export it with its rate")
    return rate


def _filters(groups: list[Dataset]) -> str | None:
    """Return the band and the notch of the recording (C.10.9.1.4.5) where all standard leads name the same."""
    said = set()
    for channel in (channel for group in groups for channel in group.ChannelDefinitionSequence):
        if canonical_lead(_lead_name(channel) or ""):
            low, high, notch = (
                _hertz(channel, name) for name in ("FilterLowFrequency", "FilterHighFrequency", "NotchFilterFrequency")
            )
            said.add(told_filters(low, high, notch))
    return said.pop() if len(said) == 1 else None


def _hertz(channel: Dataset, keyword: str) -> float | None:
    """Return a frequency that is only told, so that one which cannot be read is no reason to refuse the recording."""
    try:
        return number(channel, keyword)
    except UnreadableRecord:
        return None


def _physical_values(group: Dataset) -> list[NDArray[np.float64]]:
    """Return one row per channel, in mV for the standard leads."""
    samples = _samples(group)
    definitions = list(group.ChannelDefinitionSequence)
    if len(definitions) != samples.shape[1]:
        raise UnreadableRecord(
            "one definition per channel", f"{len(definitions)} for {samples.shape[1]} channels", "export it again"
        )
    return [
        _in_millivolts(channel, encoded) if canonical_lead(_lead_name(channel) or "") else encoded
        for channel, encoded in zip(definitions, samples.T, strict=True)
    ]


def _in_millivolts(channel: Dataset, encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    units = channel.get("ChannelSensitivityUnitsSequence")
    millivolts = millivolts_per(text(units[0], "CodeValue") if units else None)
    sensitivity = number(channel, "ChannelSensitivity")
    if sensitivity is None or not (math.isfinite(sensitivity) and sensitivity != 0):
        raise UnreadableRecord("a sensitivity for every lead", "a lead without one", "export it with its scale")
    correction = number(channel, "ChannelSensitivityCorrectionFactor")
    baseline = number(channel, "ChannelBaseline")
    return (encoded * sensitivity * (1.0 if correction is None else correction) + (baseline or 0.0)) * millivolts


def _samples(group: Dataset) -> NDArray[np.float64]:
    """Return (samples, channels) of encoded values; NaN where they equal a padding value other than 0.

    A padding value of 0, which some exporters write by default, cannot be told from the baseline and is no gap.
    """
    channels = whole_number(group, "NumberOfWaveformChannels") or 0
    check_size(channels, _length(group))
    coding = whole_number(group, "WaveformBitsAllocated") or 0, text(group, "WaveformSampleInterpretation") or ""
    if coding not in _SAMPLE_TYPES:
        raise UnreadableRecord("linear samples of 8, 16 or 32 bits", "another coding", "export it as 16-bit samples")
    dtype = np.dtype(_SAMPLE_TYPES[coding])
    needed = _length(group) * channels * dtype.itemsize
    content = raw_bytes(group, "WaveformData") or b""
    if len(content) < needed:
        raise UnreadableRecord(
            f"a waveform of {needed:,} bytes, as the DICOM file says", f"{len(content):,}", "copy the file again"
        )
    encoded = np.frombuffer(content[:needed], dtype).reshape(_length(group), channels)
    samples = encoded.astype(np.float64)
    padding = (raw_bytes(group, "WaveformPaddingValue") or b"")[: dtype.itemsize]
    if len(padding) == dtype.itemsize and any(padding):
        samples[encoded == np.frombuffer(padding, dtype)] = np.nan
    return samples


def _lead_name(channel: Dataset) -> str | None:
    """Return the lead by its code (SCP-ECG or MDC, PS3.16 CID 3001), else by its meaning or label."""
    sources = channel.get("ChannelSourceSequence") or ()
    meaning = next((text(source, "CodeMeaning") for source in sources), None) or text(channel, "ChannelLabel")
    code = next((text(source, "CodeValue") for source in sources), None)
    coded = _LEAD_CODE.fullmatch(code or "")
    by_code = _LEADS_BY_CODE.get(int(coded["lead"])) if coded else canonical_lead(code or "")
    by_meaning = canonical_lead(meaning or "")
    if by_code and by_meaning and by_code != by_meaning:
        raise UnreadableRecord(
            "one lead per channel",
            f"a channel with the code of {by_code} and the name of {by_meaning}",
            "export it again",
        )
    return by_code or by_meaning


READER = Reader("DICOM", recognises, read)
