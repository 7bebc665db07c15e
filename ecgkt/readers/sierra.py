"""Philips Sierra XML 1.03 and 1.04 (root `restingecgdata`): the parsed waveforms, not the representative beats.

After the schemas PhilipsECG.xsd 1.04 and SierraECGSchema 1.03. Samples are 16-bit integers in steps of `resolution`
microvolts, as text, as base64, or as base64 of XLI; a calibration pulse ends them. Under XLI the limb leads III, aVR,
aVL and aVF are stored as what is left of them once they are predicted from I and II; they are put back here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import DeviceReport, Record
from ecgkt.domain.device import axis_in_degrees
from ecgkt.domain.records import LEADS
from ecgkt.errors import UnreadableRecord
from ecgkt.readers.channels import check_size, name_channels
from ecgkt.readers.contract import Companion, Reader
from ecgkt.readers.filters import told_filters
from ecgkt.readers.patient import age_between, day_of, sex_of, years
from ecgkt.readers.samples import base64_bytes, numbers
from ecgkt.readers.xli import decode_xli
from ecgkt.readers.xml_tree import identifying_texts, number, number_at, parse_tree, root_name, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_KIND = "Philips Sierra XML"
_VERSIONS = ("1.03", "1.04")
_STANDARD = ("STD-12", "10-WIRE", "STD")
_CHARACTERISTICS = "dataacquisition/signalcharacteristics/"
_MILLIVOLTS_PER_MICROVOLT = 1e-3
_MEASURED = {
    "heart_rate": ("heartrate", "meanventrate"),
    "pr": ("print", "meanprint"),
    "qrs": ("qrsdur", "meanqrsdur"),
    "qt": ("qtint", "meanqtint"),
    "qtc": ("qtc", "meanqtc"),
    "qtc_bazett": ("qtcb",),
    "qtc_fridericia": ("qtcf",),
    "p_axis": ("pfrontaxis",),
    "qrs_axis": ("qrsfrontaxis",),
    "t_axis": ("tfrontaxis",),
}
_SOURCES = (
    "interpretations/interpretation/globalmeasurements",
    "interpretations/interpretation/interpretationmeasurements",
    "internalmeasurements/crossleadmeasurements",
    "measurements/globalmeasurements",
)
"""Where 1.04 and 1.03 hold what was measured: as it was interpreted, and before."""
_AGES = (("years", "year"), ("months", "month"), ("weeks", "week"), ("days", "day"), ("hours", "hour"))


def recognises(head: bytes) -> bool:
    """Tell whether a file is XML with the root of Philips' carts and archives."""
    return root_name(head) == "restingecgdata"


def read(content: bytes, companion: Companion) -> Record:
    """Read the recording; names, ids, dates, places, orders, comments and what an editor wrote stay behind."""
    root = parse_tree(content, _KIND)
    version = text_of(root, "documentinfo/documentversion")
    if not version.startswith(_VERSIONS):
        raise UnreadableRecord(
            f"{_KIND} of version {' or '.join(_VERSIONS)}", "another version", "export it as one of those"
        )
    waveforms = root.find(".//parsedwaveforms")
    if waveforms is None:
        raise UnreadableRecord(f"{_KIND} with parsed waveforms", "none", "export the recording with its waveforms")
    patient = root.find("patient/generalpatientdata")
    fs, names = _rate(root, waveforms), _names(root, waveforms)
    stored = _stored(root, waveforms, names, fs)
    step = _stated(root, waveforms, "resolution", "resolution")
    step = number_at(root, f"{_CHARACTERISTICS}signalresolution") if step is None else step
    if step is None or step <= 0:
        raise UnreadableRecord(f"a resolution in the {_KIND}", "none", "export it with its scale")
    if _stated(root, waveforms, "signaloffset", "signaloffset"):
        raise UnreadableRecord(f"{_KIND} whose samples are around 0", "an offset", "export it again")
    samples = _without_pulse(np.stack(stored), fs)
    cut = len(stored[0]) - samples
    rows = [row[:samples] * step * _MILLIVOLTS_PER_MICROVOLT for row in stored]
    return Record.from_leads(
        name_channels(names, rows),
        fs,
        _KIND,
        age=_age(root, patient),
        sex=sex_of(text_of(patient, "sex")),
        notes=(f"the calibration pulse at the end ({cut / fs:g} s) is cut off",) if cut else (),
        device=_device(root, waveforms) or None,
    )


def _stated(root: Element, waveforms: Element, attribute: str, tag: str) -> float | None:
    """Return a number of the signal: 1.04 has it as an attribute of the waveforms, 1.03 among its characteristics."""
    found = number(waveforms.get(attribute))
    return number_at(root, _CHARACTERISTICS + tag) if found is None else found


def _rate(root: Element, waveforms: Element) -> float:
    fs = _stated(root, waveforms, "samplespersecond", "samplingrate")
    if fs is None or fs <= 0:
        raise UnreadableRecord(f"a sampling rate above 0 in the {_KIND}", "none", "export it with its rate")
    return fs


def _names(root: Element, waveforms: Element) -> list[str]:
    """Return the lead of each channel; without labels those of a standard recording in the standard order."""
    labels = waveforms.get("leadlabels", "").split()
    count = number(waveforms.get("numberofleads"))
    if labels:
        return labels if count is None else labels[: max(int(count), 0)]
    kind = text_of(root, _CHARACTERISTICS + "acquisitiontype")
    if kind not in _STANDARD:
        raise UnreadableRecord(
            f"lead labels or a standard 12-lead recording in the {_KIND}", "neither", "export the 12-lead recording"
        )
    return list(LEADS)


def _stored(root: Element, waveforms: Element, names: list[str], fs: float) -> list[NDArray[np.float64]]:
    """Return the samples of every channel in steps of the resolution, once the file agrees with itself on them."""
    signed = text_of(root, _CHARACTERISTICS + "signalsigned").lower() != "false"
    if not signed or _stated(root, waveforms, "bitspersample", "bitspersample") not in (None, 16):
        raise UnreadableRecord("signed samples of 16 bits", "another coding", "export it with 16-bit samples")
    milliseconds = number(waveforms.get("durationperchannel"))
    if milliseconds is None:
        raise UnreadableRecord(f"the duration per channel in the {_KIND}", "none", "export it again")
    samples = int(milliseconds * fs / 1000)
    check_size(len(names), samples)
    text, encoding = "".join(waveforms.itertext()), waveforms.get("dataencoding", "").lower()
    compression = waveforms.get("compression") or waveforms.get("compressmethod") or ""
    if waveforms.get("compressflag", "True").lower() == "false" or compression.lower() in ("uncompressed", "none"):
        compression = ""
    if encoding not in ("base64", "plain") or compression not in ("", "XLI") or (encoding == "plain" and compression):
        raise UnreadableRecord(
            f"{_KIND} in base64, compressed as XLI or not at all", "another coding", "export it as XLI"
        )
    if compression:
        decoded = decode_xli(base64_bytes(text), len(names), samples)
        return [row.astype(np.float64) for row in _with_limb_leads(names, [row[:samples] for row in decoded])]
    flat = numbers(text) if encoding == "plain" else _int16(base64_bytes(text))
    if len(flat) < len(names) * samples:
        raise UnreadableRecord(
            f"{len(names) * samples:,} samples, as the {_KIND} says", f"{len(flat):,}", "export it again"
        )
    return list(flat[: len(names) * samples].reshape(len(names), samples))


def _without_pulse(stored: NDArray[np.float64], fs: float) -> int:
    """Return how many samples come before the calibration pulse with which carts end every channel at once.

    It is the end, of at most a second, in which all channels hold the same: 0, and one other value.
    """
    (differing,) = np.nonzero((stored != stored[0]).any(axis=0))
    end = int(differing[-1]) + 1 if len(differing) else 0
    tail = np.unique(stored[0, end:])
    is_pulse = end > 0 and len(tail) == 2 and 0 in tail and 0 < stored.shape[1] - end <= fs
    return end if is_pulse else stored.shape[1]


def _int16(content: bytes) -> NDArray[np.float64]:
    return np.frombuffer(content[: len(content) // 2 * 2], "<i2").astype(np.float64)


def _with_limb_leads(names: list[str], rows: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """Put back III, aVR, aVL and aVF, of which only the difference from what I and II predict is stored."""
    place = {name: names.index(name) for name in LEADS[:6] if name in names}
    if "I" not in place or "II" not in place:
        return rows
    whole = list(rows)
    i, ii = rows[place["I"]], rows[place["II"]]
    iii = ii - i
    if "III" in place:
        iii = whole[place["III"]] = ii - i - rows[place["III"]]
    predicted = {"aVR": -((i + ii) // 2), "aVL": (i - iii) // 2, "aVF": (ii + iii) // 2}
    for name, guess in predicted.items():
        if name in place:
            whole[place[name]] = guess - rows[place[name]]
    return whole


def _age(root: Element, patient: Element | None) -> float | None:
    """Return the age as stated in some unit, else the whole years from birth to recording; no default of the cart."""
    for tag, unit in _AGES:
        if (age := years(number_at(patient, f"age/{tag}"), unit)) is not None:
            return age
    acquired = root.find("dataacquisition")
    seen = "" if acquired is None else acquired.get("date", "")
    return age_between(day_of(text_of(patient, "age/dateofbirth")), day_of(seen))


def _device(root: Element, waveforms: Element) -> DeviceReport:
    """Return what the programme measured and stated and nobody edited, and the filters of the stored signal."""
    interpretation = root.find("interpretations/interpretation")
    sources = [found for path in _SOURCES if (found := root.find(path)) is not None]
    values: dict[str, float | None] = {}
    for name, tags in _MEASURED.items():
        nodes = [node for source in sources for tag in tags if (node := source.find(tag)) is not None]
        edited = any(node.get("editedflag", "").lower() == "true" for node in nodes)
        stated = [value for node in nodes if (value := number(text_of(node))) is not None]
        value = stated[0] if stated and not edited else None
        values[name] = axis_in_degrees(value) if name.endswith("_axis") else value
    if values["qtc_bazett"] is not None:
        values["qtc"] = None
    filtered = waveforms.get("notchfiltered") or text_of(root, _CHARACTERISTICS + "notchfiltered")
    notch = _stated(root, waveforms, "notchfilterfreqs", "acsetting") if filtered.lower() == "true" else None
    low, high = (_stated(root, waveforms, tag, tag) for tag in ("hipass", "lowpass"))
    if low is None and high is None:
        band = text_of(root, _CHARACTERISTICS + "signalbandwidth").split("-")
        low, high = (number(band[0]), number(band[1])) if len(band) == 2 else (None, None)
    filters = told_filters(low, high, notch)
    known = [*identifying_texts(root), *(node.text or "" for node in root.iterfind("userdefines/userdefine/value"))]
    return DeviceReport.from_machine(values, filters, _statements(interpretation), identifying=known)


def _statements(interpretation: Element | None) -> list[str]:
    """Return the programme's statements and, where nobody edited or confirmed them, the severity that it gave."""
    if interpretation is None:
        return []
    own = {"Analysis program", ""}
    editors = [
        node for node in interpretation.iterfind(".//statementcomponents/*") if node.get("source", "") not in own
    ]
    theirs = {node.get("code") for editor in editors for node in editor.iterfind("unparsedstatement")}
    signature = text_of(interpretation, "mdsignatureline").lower()
    confirmed = interpretation.find("confirmingclinician") is not None or signature.startswith("confirmed")
    lines, edited = [], bool(editors) or confirmed
    for statement in interpretation.findall("statement"):
        flag = statement.get("editedflag", "").lower()
        if (flag == "false" or not (flag or confirmed)) and text_of(statement, "statementcode") not in theirs:
            lines.append(text_of(statement, "leftstatement"))
        else:
            edited = True
    return lines if edited else [*lines, text_of(interpretation, "severity").strip(" -")]


READER = Reader(_KIND, recognises, read)
