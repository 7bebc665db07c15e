"""When an uploaded recording was made, by its own file: asked only to take the difference of two, and kept nowhere."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime

from ecgkt.errors import EcgktError
from ecgkt.readers import dicom, edf, scp
from ecgkt.readers.archives import is_zip, unpack
from ecgkt.readers.contract import HEAD_BYTES
from ecgkt.readers.wfdb_header import looks_like_header
from ecgkt.readers.xml_tree import parse_tree, root_name, text_of

_WFDB_TIME = re.compile(
    r"[ \t](?P<time>\d{1,2}:\d{2}:\d{2})(\.\d+)?[ \t]+(?P<date>\d{1,2}/\d{1,2}/\d{4})[ \t]*$", re.ASCII
)
_DICOM_TIMES = (("AcquisitionDateTime",), ("AcquisitionDate", "AcquisitionTime"), ("StudyDate", "StudyTime"))
_XML_ROOTS = ("RestingECG", "AnnotatedECG", "restingecgdata")
_AECG_TIMES = ("effectiveTime", "effectiveTime/low", "effectiveTime/center")


def recorded_at(files: Sequence[tuple[str, bytes]]) -> datetime | None:
    """Return the local time in a DICOM, SCP-ECG, EDF or vendor's XML file or a WFDB header; None where there is none.

    `files` are the (name, content) pairs of one record, or a zip of them. The caller keeps no more of it than the
    difference to another.
    """
    try:
        contents = [content for _, content in files]
        if len(contents) == 1 and is_zip(contents[0]):
            contents = list(unpack(contents[0]).values())
    except EcgktError:
        return None
    for content in contents:
        if dicom.recognises(content[:HEAD_BYTES]):
            return _dicom_time(content)
        if root_name(content[:HEAD_BYTES]) in _XML_ROOTS:
            return _xml_time(content)
        if looks_like_header(content[:HEAD_BYTES]):
            return _wfdb_time(content)
        if scp.recognises(content[:HEAD_BYTES]):
            return scp.recorded_at(content)
        if edf.recognises(content[:HEAD_BYTES]):
            return edf.recorded_at(content)
    return None


def _wfdb_time(content: bytes) -> datetime | None:
    text = content[:HEAD_BYTES].decode("latin-1")
    lines = (line.strip() for line in re.split(r"[\r\n]+", text))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    found = _WFDB_TIME.search(first)
    return None if found is None else _parse(f"{found['date']} {found['time']}", "%d/%m/%Y %H:%M:%S")


def _xml_time(content: bytes) -> datetime | None:
    """Return when a MUSE, Sierra or annotated ECG was recorded: the begin of an interval, no time without a date."""
    try:
        root = parse_tree(content, "XML")
    except EcgktError:
        return None
    if root.tag == "RestingECG":
        day, moment = (text_of(root, f"TestDemographics/Acquisition{part}") for part in ("Date", "Time"))
        return _parse(f"{day} {moment}", "%m-%d-%Y %H:%M:%S")
    if root.tag == "AnnotatedECG":
        spelled = [node.get("value", "") for path in _AECG_TIMES for node in root.findall(path)]
        return next((found for one in spelled if (found := _parse(one[:14], "%Y%m%d%H%M%S"))), None)
    acquired = root.find("dataacquisition")
    said = "" if acquired is None else f"{acquired.get('date', '')} {acquired.get('time', '')}"
    return _parse(said, "%Y-%m-%d %H:%M:%S")


def _dicom_time(content: bytes) -> datetime | None:
    """Return the first of acquisition and study time that has both a date and a time."""
    from pydicom.filereader import dcmread

    names = [name for some in _DICOM_TIMES for name in some]
    try:
        dataset = dcmread(io.BytesIO(content), specific_tags=names, stop_before_pixels=True, force=True)
        stated = {name: str(dataset.get(name) or "") for name in names}
    except Exception:  # what pydicom raises on damaged bytes is not bounded by its documentation; there is no date then
        return None
    for some in _DICOM_TIMES:
        digits = "".join(stated[name].strip() for name in some)[:14]
        if (found := _parse(digits, "%Y%m%d%H%M%S")) is not None:
            return found
    return None


def _parse(spelled: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(spelled, form)
    except ValueError:
        return None
