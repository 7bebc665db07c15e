"""GE MUSE XML (root `RestingECG`): the rhythm waveform, not the median beat beside it.

The elements are those of GE's restecg.dtd as MUSE 7 to 9 write it. Each lead is base64 of little-endian integers, in
steps of LeadAmplitudeUnitsPerBit; III, aVR, aVL and aVF are usually not stored. HighPassFilter is in 1/100 Hz.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import DeviceReport, Record
from ecgkt.domain.device import LONGEST_STATEMENT, axis_in_degrees
from ecgkt.domain.records import canonical_lead
from ecgkt.errors import UnreadableRecord
from ecgkt.readers.channels import check_size, millivolts_per, name_channels
from ecgkt.readers.contract import Companion, Reader
from ecgkt.readers.filters import told_filters
from ecgkt.readers.patient import age_between, day_of, sex_of, years
from ecgkt.readers.samples import base64_bytes
from ecgkt.readers.xml_tree import identifying_texts, number_at, parse_tree, root_name, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_KIND = "GE MUSE XML"
_MEASURED = {
    "heart_rate": "VentricularRate",
    "pr": "PRInterval",
    "qrs": "QRSDuration",
    "qt": "QTInterval",
    "qtc": "QTCorrected",
    "qtc_fridericia": "QTcFrederica",
}
_AXES = {"p_axis": "PAxis", "qrs_axis": "RAxis", "t_axis": "TAxis"}
_SAMPLE_BYTES = (1, 2, 4)


def recognises(head: bytes) -> bool:
    """Tell whether a file is XML with the root of MUSE."""
    return root_name(head) == "RestingECG"


def read(content: bytes, companion: Companion) -> Record:
    """Read the rhythm recording with the most standard leads; names, ids, dates, places and comments stay behind."""
    root = parse_tree(content, _KIND)
    waveform = _rhythm(root)
    nodes = waveform.findall("LeadData")
    leads = name_channels([text_of(node, "LeadID") for node in nodes], [_millivolts(node, nodes) for node in nodes])
    patient, test = root.find("PatientDemographics"), root.find("TestDemographics")
    age = years(number_at(patient, "PatientAge"), text_of(patient, "AgeUnits"))
    if age is None:
        born = day_of(text_of(patient, "DateofBirth"), month_first=True)
        age = age_between(born, day_of(text_of(test, "AcquisitionDate"), month_first=True))
    return Record.from_leads(
        leads,
        _rate(waveform),
        _KIND,
        age=age,
        sex=sex_of(text_of(patient, "Gender")),
        notes=_notes(nodes),
        device=_device(root, waveform) or None,
    )


def _rhythm(root: Element) -> Element:
    """Return the waveform of type Rhythm, or without a type, with the most standard leads."""
    found = [node for node in root.findall("Waveform") if text_of(node, "WaveformType").lower() in ("rhythm", "")]
    if not found:
        raise UnreadableRecord(
            f"{_KIND} with a rhythm waveform", "one without", "export the recording, not the median beat alone"
        )
    return max(
        found, key=lambda node: len({canonical_lead(text_of(lead)) for lead in node.iterfind("LeadData/LeadID")})
    )


def _rate(waveform: Element) -> float:
    """Return SampleBase * 10 ** SampleExponent in Hz."""
    base, exponent = number_at(waveform, "SampleBase"), number_at(waveform, "SampleExponent")
    if base is None or base <= 0 or not -9 <= (exponent or 0) <= 9:
        raise UnreadableRecord(f"a SampleBase above 0 in the {_KIND}", "none", "export it with its sampling rate")
    return float(base * 10 ** (exponent or 0))


def _millivolts(node: Element, all_nodes: list[Element]) -> NDArray[np.float64]:
    """Return the samples (n,) of one lead in mV, once the file agrees with itself on how many there are."""
    step = number_at(node, "LeadAmplitudeUnitsPerBit")
    if step is None or step <= 0:
        raise UnreadableRecord(f"LeadAmplitudeUnitsPerBit for every lead of the {_KIND}", "none", "export it again")
    scale = step * millivolts_per(text_of(node, "LeadAmplitudeUnits"))
    if text_of(node, "LeadTimeOffset") and number_at(node, "LeadTimeOffset") != 0:
        raise UnreadableRecord("leads that start together", "a lead with a time offset", "export them simultaneous")
    stored = number_at(node, "LeadSampleSize")
    size = int(stored) if stored in _SAMPLE_BYTES else 0 if text_of(node, "LeadSampleSize") else 2
    if not size:
        raise UnreadableRecord("samples of 1, 2 or 4 bytes", "another size", "export it with 16-bit samples")
    payload = base64_bytes(text_of(node, "WaveFormData"))
    said = number_at(node, "LeadSampleCountTotal")
    samples = len(payload) // size if said is None else int(said)
    check_size(len(all_nodes), samples)
    if len(payload) != samples * size or number_at(node, "LeadByteCountTotal") not in (None, len(payload)):
        raise UnreadableRecord(
            f"{samples:,} samples of {size} bytes per lead, as the {_KIND} says",
            f"{len(payload):,} bytes in one",
            "export it again",
        )
    return np.frombuffer(payload, f"<i{size}").astype(np.float64) * scale


def _notes(nodes: list[Element]) -> tuple[str, ...]:
    """Say which leads the file calls off, and whose checksum does not fit."""
    off, damaged = [], []
    for node in nodes:
        lead = canonical_lead(text_of(node, "LeadID"))
        if lead and text_of(node, "LeadOff").upper() == "TRUE":
            off.append(lead)
        checksum = number_at(node, "LeadDataCRC32")
        if lead and checksum and checksum != zlib.crc32(base64_bytes(text_of(node, "WaveFormData"))):
            damaged.append(lead)
    notes = [f"the file says that the electrode was off in {', '.join(off)}"] if off else []
    return (*notes, *([f"the checksum does not fit in {', '.join(damaged)}"] if damaged else []))


def _device(root: Element, waveform: Element) -> DeviceReport:
    """Return what the programme measured and stated before anybody edited it, and the filters of the recording."""
    measured = root.find("OriginalRestingECGMeasurements")
    measured = root.find("RestingECGMeasurements") if measured is None else measured
    values = {name: number_at(measured, tag) for name, tag in _MEASURED.items()}
    values |= {name: axis_in_degrees(number_at(measured, tag)) for name, tag in _AXES.items()}
    high_pass = number_at(waveform, "HighPassFilter")
    if high_pass is not None and high_pass >= 1:
        high_pass /= 100
    filters = told_filters(high_pass, number_at(waveform, "LowPassFilter"), number_at(waveform, "ACFilter"))
    return DeviceReport.from_machine(values, filters, _statements(root), identifying=identifying_texts(root))


def _statements(root: Element) -> list[str]:
    """Return the lines of OriginalDiagnosis, or of a Diagnosis that nobody has read over.

    What a user inserted is left out, and so is all that follows a comparison with an earlier ECG.
    """
    section = root.find("OriginalDiagnosis")
    if section is None:
        test = root.find("TestDemographics")
        edited = any(text_of(test, tag) for tag in ("OverreaderID", "OverreaderLastName", "EditDate"))
        section = root.find("Diagnosis") if text_of(test, "Status").upper() == "UNCONFIRMED" and not edited else None
    if section is None:
        return []
    told = [
        ({text_of(flag).upper() for flag in one.findall("StmtFlag")}, text_of(one, "StmtText"))
        for one in section.findall("DiagnosisStatement")
    ]
    ends_are_marked = any("ENDSLINE" in flags for flags, _ in told)
    lines: list[str] = []
    parts: list[str] = []
    inserted = False
    for flags, text in told:
        parts, inserted = [*parts, text], inserted or "USERINSERT" in flags
        line = " ".join(parts)
        if "compared with" in line.lower():
            return lines
        if "ENDSLINE" in flags or not ends_are_marked or len(line) > LONGEST_STATEMENT:
            lines += [] if inserted else [line]
            parts, inserted = [], False
    return lines if inserted else [*lines, " ".join(parts)]


READER = Reader(_KIND, recognises, read)
