"""Files of every format with a name, a number, a birthday and an address in each field for such, and the search."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from scipy.io import savemat

from benchmarks.hostile import Files
from benchmarks.written_files.edf import EdfFile
from benchmarks.written_files.plain import dicom_content, wfdb_content
from benchmarks.written_files.scp import ScpFile
from benchmarks.written_files.vendors import (
    aecg_annotations,
    aecg_interpretation,
    aecg_xml,
    csv_text,
    muse_xml,
    sierra_xml,
)  # fmt: skip
from ecgkt.dashboard import samples
from ecgkt.domain import LEADS

NAME, FIRST, NUMBER, BORN, STREET, TOWN, DOCTOR = (
    "Quixwort", "Zebulonia", "A7654329", "19430217", "Mossgate", "Vornhaven", "Kestrelmere"
)  # fmt: skip
WORDS = (NAME, FIRST, NUMBER, BORN, "1943-02-17", "02-17-1943", "17-FEB-1943", STREET, TOWN, DOCTOR)
STEM = f"{NAME}_{FIRST}_{BORN}_{NUMBER}"
_INSTEAD = {
    "Doe": NAME, "Jane": FIRST, "Smith": DOCTOR, "Elsewhere": TOWN, "Main Street": STREET, "A1234567": NUMBER,
    "01-02-1970": "02-17-1943", "1970-01-02": "1943-02-17", "19700102": BORN, "1/2/1970": "02-17-1943",
}  # fmt: skip
_DICOM_TEXT = [
    "PatientID", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "PatientAddress",
    "PatientTelephoneNumbers", "PatientComments", "OtherPatientIDs", "MedicalRecordLocator", "MilitaryRank",
    "Occupation", "CountryOfResidence", "RegionOfResidence", "PatientReligiousPreference", "EthnicGroup",
    "AdditionalPatientHistory", "AccessionNumber", "StudyID", "InstitutionName", "InstitutionAddress",
    "InstitutionalDepartmentName", "StationName", "ReferringPhysicianName", "ReferringPhysicianAddress",
    "PerformingPhysicianName", "PhysiciansOfRecord", "NameOfPhysiciansReadingStudy", "OperatorsName",
    "StudyDescription", "SeriesDescription", "DeviceSerialNumber", "ProtocolName",
    "RequestedProcedureDescription", "RequestingPhysician", "CurrentPatientLocation", "AdmissionID",
    "ImageComments", "InterpretationText", "PersonName", "PersonAddress",
]  # fmt: skip


@cache
def planted() -> dict[str, Files]:
    """Return an upload per format; its files' names hold the patient's too."""
    signal = samples.load(samples.titles()[0]).record.signal.astype(np.float64)
    whole = {
        "DICOM": ("dcm", _dicom(signal)),
        "SCP-ECG": ("scp", _scp(signal)),
        "EDF": ("edf", _edf(signal)),
        "MATLAB": ("mat", _matlab(signal)),
        "GE MUSE XML": ("xml", _swapped(muse_xml(signal))),
        "HL7 aECG": ("xml", _swapped(_aecg(signal))),
        "Philips Sierra XML": ("xml", _swapped(sierra_xml(signal, encoding="utf-8"))),
        "CSV": ("csv", csv_text(signal, above=_above()).encode()),
    }
    files = {name: [(f"{STEM}.{ending}", content)] for name, (ending, content) in whole.items()}
    comments = ["Age: 81", f"Name: {NAME}, {FIRST}", f"Address: {STREET} 17 {TOWN}", f"Born: {BORN}", NUMBER]
    record = wfdb_content(signal, comments=comments, signal_name=f"{STEM}.dat")
    files["WFDB"] = [(f"{STEM}.hea", record["rec.hea"]), (f"{STEM}.dat", record["rec.dat"])]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.comment = f"{NAME} {FIRST}".encode()
        for name, content in files["WFDB"]:
            archive.writestr(f"{NAME}/{name}", content)
    return {**files, "zip": [(f"{STEM}.zip", stream.getvalue())]}


def broken(files: Files) -> Files:
    """Return the upload with its first file cut at two thirds, where the persons have been told of."""
    (name, content), *others = files
    return [(name, content[: len(content) * 2 // 3]), *others]


def found_in(text: str | bytes) -> list[str]:
    """Return the planted words in a text, plain, as UTF-16, in hexadecimal, or within its base64 parts."""
    spelled = text.encode("utf-8", "replace") if isinstance(text, str) else text
    low = spelled.lower()
    seen = {word for word in WORDS for form in _forms(word) if form in low}
    for part in re.findall(rb"[A-Za-z0-9+/]{40,}={0,2}", spelled):
        inner = base64.b64decode(part + b"=" * (-len(part) % 4)).lower() if len(part.rstrip(b"=")) % 4 != 1 else b""
        seen |= {word for word in WORDS if word.lower().encode() in inner}
    return sorted(seen)


def found_under(folder: Path) -> list[str]:
    """Return the planted words in the names and the contents of all files beneath a folder."""
    every = list(folder.rglob("*"))
    said = [word for path in every for word in found_in(str(path.relative_to(folder)))]
    return said + [f"{word} in {path.name}" for path in every if path.is_file() for word in found_in(path.read_bytes())]


def walk(value: object, seen: set[int] | None = None) -> Iterator[object]:
    """Yield every text and every bytes that an object holds, however deep; arrays of numbers as their bytes."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, str | bytes):
        yield value
    elif isinstance(value, bytearray | memoryview | np.ndarray):
        yield bytes(value)
    elif isinstance(value, io.BytesIO):
        yield value.getvalue()
    elif isinstance(value, dict):
        yield from _each((*value.keys(), *value.values()), seen)
    elif isinstance(value, list | tuple | set | frozenset):
        yield from _each(value, seen)
    if hasattr(value, "__dict__") and not isinstance(value, type):
        yield from _each(vars(value).values(), seen)
    slots = (name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()))
    yield from _each((getattr(value, name, None) for name in slots if isinstance(name, str)), seen)


def _each(values: Iterable[object], seen: set[int]) -> Iterator[object]:
    for one in list(values):
        yield from walk(one, seen)


def _forms(word: str) -> tuple[bytes, ...]:
    plain = word.lower().encode()
    return plain, word.lower().encode("utf-16-le"), plain.hex(" ").encode(), word.encode().hex(" ").encode()


def _swapped(content: bytes) -> bytes:
    for old, new in _INSTEAD.items():
        content = content.replace(old.encode(), new.encode())
    return content


def _above() -> str:
    return f"# {NAME} {FIRST} {NUMBER}\n# Name: {NAME}\n# born {BORN}, {STREET} 17\n# fs = 500 Hz\n# unit = mV\n"


def _aecg(signal: np.ndarray) -> bytes:
    return aecg_xml(signal, annotations=aecg_annotations(aecg_interpretation("Sinus rhythm", "Jane Doe")))


def _dicom(signal: np.ndarray) -> bytes:
    def fill(dataset: object) -> None:
        setattr(dataset, "PatientName", f"{NAME}^{FIRST}")  # noqa: B010
        setattr(dataset, "PatientBirthDate", BORN)  # noqa: B010
        for place, keyword in enumerate(_DICOM_TEXT):
            setattr(dataset, keyword, (NAME, NUMBER, STREET, TOWN, DOCTOR)[place % 5])

    return dicom_content(signal, edit=fill)


def _scp(signal: np.ndarray) -> bytes:
    rows = {lead: np.round(row * 1000 / 2.5).astype(np.int64) for lead, row in zip(LEADS, signal, strict=True)}
    told = (NAME, FIRST, NUMBER, NAME, STREET, TOWN, DOCTOR)
    persons = (0, 1, 2, 3, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 30, 31, 35)
    tags = {tag: told[place % len(told)].encode() + b"\0" for place, tag in enumerate(persons)}
    return ScpFile(rows, tags={**tags, 5: (1943).to_bytes(2, "little") + b"\x02\x11"}).content()


def _edf(signal: np.ndarray) -> bytes:
    rows = {lead: np.round(row * 10_000).astype(np.int64) for lead, row in zip(LEADS, signal, strict=True)}
    patient = f"{NUMBER} F 17-FEB-1943 {NAME}_{FIRST}"
    return EdfFile(rows, patient=patient, recording=f"Startdate 02-MAR-2002 {NUMBER} {DOCTOR} {TOWN}").content()


def _matlab(signal: np.ndarray) -> bytes:
    stream = io.BytesIO()
    ecg = {"sex": "Female", "age": 81.0, "data": signal, "name": NAME, "id": NUMBER, "born": BORN, "address": STREET}
    savemat(stream, {"ECG": ecg, "patient": f"{NAME} {FIRST}", "hospital": TOWN, "doctor": DOCTOR})
    return stream.getvalue()
