"""EDF, EDF+ and BDF (Kemp 1992, Kemp and Olivan 2003): fixed text headers, then records of all signals in turn."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import Record
from ecgkt.domain.records import canonical_lead
from ecgkt.errors import UnreadableRecord
from ecgkt.readers.channels import check_size, millivolts_per, name_channels
from ecgkt.readers.contract import Companion, Reader
from ecgkt.readers.filters import told_filters
from ecgkt.readers.patient import age_between, sex_of

_EDF, _BDF = b"0       ", b"\xffBIOSEMI"
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_PER_SIGNAL = sum(_WIDTHS)
_FIXED_HEADER = 256
_MOST_SIGNALS = 512
_ECG = re.compile(r"^(ecg|ekg|lead)[ _-]*|[ _-]+(ref|ecg|ekg)$", re.IGNORECASE)
_FILTER = re.compile(r"\b(?P<kind>HP|LP|N|BP):\s*(?P<hz>[0-9]+(\.[0-9]+)?)\s*Hz", re.IGNORECASE)
_ONSET = re.compile(rb"(?P<seconds>[+-][0-9]{1,9}(\.[0-9]{1,9})?)(\x15[0-9.]*)?\x14")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_SPELLED_DATE = re.compile(r"(?P<day>[0-9]{2})-(?P<month>[A-Z]{3})-(?P<year>[0-9]{4})")


@dataclass(frozen=True)
class _Channel:
    """One signal of the header; `begin` and `samples` count samples within a record."""

    label: str
    unit: str
    physical: tuple[str, str]
    digital: tuple[str, str]
    prefilter: str
    begin: int
    samples: int

    @property
    def lead(self) -> str | None:
        """The standard lead that the label names."""
        return canonical_lead(_ECG.sub("", self.label)) or canonical_lead(self.label)

    @property
    def keeps_time(self) -> bool:
        """Whether this is the signal in which EDF+ writes when a record began."""
        return self.label in ("EDF Annotations", "BDF Annotations")


@dataclass(frozen=True)
class _Header:
    plus: bool
    gapped: bool
    patient: str
    recording: str
    records: int
    seconds: float
    sample_bytes: int
    channels: tuple[_Channel, ...]

    @property
    def width(self) -> int:
        """Samples in a record, over all signals."""
        return sum(channel.samples for channel in self.channels)


def recognises(head: bytes) -> bool:
    """Tell whether a file begins as EDF or BDF, with a header as long as its number of signals says."""
    if head[:8] not in (_EDF, _BDF):
        return False
    try:
        size, signals = int(head[184:192]), int(head[252:256])
    except ValueError:
        return False
    return signals > 0 and size == _FIXED_HEADER + _PER_SIGNAL * signals


def read(content: bytes, companion: Companion) -> Record:
    """Read the signals that are named as a standard lead, which must share one rate; pauses of EDF+D are gaps (NaN).

    Of the patient's field of EDF+ only sex and the age at recording are used; annotations are not read.
    """
    header = _parse(content)
    leads = [channel for channel in header.channels if channel.lead]
    if not leads:
        raise UnreadableRecord(
            "signals that are named as ECG leads (I, ECG V1, ...)", "none", "export it with the leads' names"
        )
    rates = {channel.samples for channel in leads}
    if len(rates) > 1:
        raise UnreadableRecord("ECG leads of one sampling rate", "several", "export them at one rate")
    if not header.seconds > 0:
        raise UnreadableRecord("a length of its data records", "none", "export the recording with its rate")
    check_size(len(leads), header.records * max(rates))
    fs = rates.pop() / header.seconds
    samples = _samples(content, header)
    places = _places(samples, header, fs) if header.gapped else None
    rows = [_millivolts(channel, samples, places) for channel in leads]
    others = [channel.label for channel in header.channels if not channel.lead and not channel.keeps_time]
    rest = np.full(rows[0].shape, np.nan)
    return Record.from_leads(
        name_channels([channel.lead for channel in leads] + [None] * len(others), [*rows, *[rest] * len(others)]),
        fs,
        "BDF" if header.sample_bytes == 3 else "EDF",
        age=_age(header),
        sex=_sex(header),
        filters=_filters(leads),
    )


def recorded_at(content: bytes) -> datetime | None:
    """Return the local time at which the recording began; asked only to take the difference of two.

    The year of the two digits from 85 on is of the last century, and EDF+ may state the whole date beside them.
    """
    text = content[:_FIXED_HEADER].decode("latin-1")
    began = re.fullmatch(r"(\d\d)[.](\d\d)[.](\d\d)(\d\d)[.](\d\d)[.](\d\d)", text[168:184])
    if began is None:
        return None
    day, month, year, hour, minute, second = (int(part) for part in began.groups())
    spelled = text[88:168].split()
    stated = _date(spelled[1]) if len(spelled) > 1 and spelled[0] == "Startdate" else None
    try:
        whole = stated or date(year + (1900 if year >= 85 else 2000), month, day)
        return datetime(whole.year, whole.month, whole.day, hour, minute, second)
    except ValueError:
        return None


def _parse(content: bytes) -> _Header:
    text = content[:_FIXED_HEADER].decode("latin-1")
    count = _whole(text[252:256], "number of signals")
    size = _FIXED_HEADER + _PER_SIGNAL * count
    if not 1 <= count <= _MOST_SIGNALS or len(content) < size:
        raise UnreadableRecord(f"a whole header of 1 to {_MOST_SIGNALS} signals", "another", "export it again")
    columns, at = [], _FIXED_HEADER
    for width in _WIDTHS:
        block = content[at : at + width * count].decode("latin-1")
        columns.append([block[width * one : width * (one + 1)].strip() for one in range(count)])
        at += width * count
    channels, begin = [], 0
    for label, _, unit, low, high, least, most, prefilter, samples, _ in zip(*columns, strict=True):
        number = _whole(samples, "number of samples")
        if not 0 <= number <= 10_000_000:
            raise UnreadableRecord("a number of samples per record", f"{number:,}", "export it again")
        channels.append(_Channel(label, unit, (low, high), (least, most), prefilter, begin, number))
        begin += number
    sample_bytes = 3 if content[:8] == _BDF else 2
    kind = text[192:197].strip()
    return _Header(
        plus=kind[:4] in ("EDF+", "BDF+"),
        gapped=kind in ("EDF+D", "BDF+D"),
        patient=text[8:88],
        recording=text[88:168],
        records=_records(text[236:244], len(content) - size, begin * sample_bytes),
        seconds=_number(text[244:252], "length of a record"),
        sample_bytes=sample_bytes,
        channels=tuple(channels),
    )


def _records(stated: str, data: int, width: int) -> int:
    """Return the number of data records; -1 stands for as many as there are."""
    records = _whole(stated, "number of records")
    whole = data // width if width else 0
    if records == -1:
        records = whole
    if records < 1 or width == 0:
        raise UnreadableRecord("at least one data record", f"{max(records, 0)}", "export the recording again")
    if records > whole:
        raise UnreadableRecord(f"{records:,} data records, as the header says", f"{whole:,}", "copy the file again")
    return records


def _samples(content: bytes, header: _Header) -> NDArray[np.integer]:
    """Return the samples (records, width) as integers, for 24 bits as their three bytes (records, width, 3)."""
    begin = _FIXED_HEADER + _PER_SIGNAL * len(header.channels)
    count = header.records * header.width
    if header.sample_bytes == 2:
        return np.frombuffer(content, "<i2", count, begin).reshape(header.records, header.width)
    return np.frombuffer(content, np.uint8, 3 * count, begin).reshape(header.records, header.width, 3)


def _digital(channel: _Channel, samples: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return a signal's own samples (records, samples per record)."""
    own = samples[:, channel.begin : channel.begin + channel.samples]
    if own.ndim == 2:
        return own.astype(np.float64)
    low, middle, high = (own[:, :, place].astype(np.int32) for place in range(3))
    return (low | middle << 8 | (high << 24) >> 8).astype(np.float64)


def _millivolts(
    channel: _Channel, samples: NDArray[np.integer], places: NDArray[np.int64] | None
) -> NDArray[np.float64]:
    """Return a lead in mV: physical = (digital - least) * (high - low) / (most - least) + low."""
    factor = millivolts_per(channel.unit)
    low, high = (_number(stated, "physical range") for stated in channel.physical)
    least, most = (_number(stated, "digital range") for stated in channel.digital)
    if low == high or least >= most:
        raise UnreadableRecord("a range for every lead", "an empty one", "export it with its scale")
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond all numbers becomes a gap, or is refused
        physical = ((_digital(channel, samples) - least) * ((high - low) / (most - least)) + low) * factor
    if places is None:
        return physical.ravel()
    row = np.full(int(places[-1]) + channel.samples, np.nan)
    for begin, part in zip(places.tolist(), physical, strict=True):
        row[begin : begin + channel.samples] = part
    return row


def _places(samples: NDArray[np.integer], header: _Header, fs: float) -> NDArray[np.int64]:
    """Return where each record of EDF+D begins, in samples after the first; times must not run back."""
    keeper = next((channel for channel in header.channels if channel.keeps_time), None)
    if keeper is None:
        raise UnreadableRecord("the times of a discontinuous recording", "none", "export it as a continuous one")
    onsets = []
    for record in samples[:, keeper.begin : keeper.begin + keeper.samples]:
        found = _ONSET.match(record.tobytes())
        if found is None:
            raise UnreadableRecord("a time for each data record", "one without", "export the recording again")
        onsets.append(float(found["seconds"]))
    places = np.round((np.array(onsets) - onsets[0]) * fs).astype(np.int64)
    if (np.diff(places) < round(header.seconds * fs)).any():
        raise UnreadableRecord("data records one after the other", "some that overlap", "export the recording again")
    check_size(12, int(places[-1]) + round(header.seconds * fs))
    return places


def _whole(stated: str, what: str) -> int:
    number = _number(stated, what)
    if number != int(number):
        raise UnreadableRecord(f"a whole {what} in the EDF header", "another", "export it again")
    return int(number)


def _number(stated: str, what: str) -> float:
    try:
        number = float(stated.replace(",", "."))  # some programs write in the decimal sign of their country
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UnreadableRecord(f"a {what} in the EDF header", "none that can be read", "export the recording again")
    return number


def _filters(leads: Sequence[_Channel]) -> str | None:
    """Return the band and the notch where all leads name the same ("HP:0.05Hz LP:150Hz N:50Hz")."""
    said = set()
    for channel in leads:
        found = {part["kind"].upper(): float(part["hz"]) for part in _FILTER.finditer(channel.prefilter)}
        low, high, notch = (found.get(kind) for kind in ("HP", "LP", "N"))
        said.add(told_filters(low, high, notch))
    return said.pop() if len(said) == 1 else None


def _sex(header: _Header) -> str | None:
    fields = header.patient.split() if header.plus else []
    return sex_of(fields[1]) if len(fields) > 1 else None


def _age(header: _Header) -> float | None:
    """Return the whole years from birth to the start, both spelled dd-MMM-yyyy in the fields of EDF+."""
    if not header.plus:
        return None
    patient, recording = header.patient.split(), header.recording.split()
    born = _date(patient[2]) if len(patient) > 2 else None
    seen = _date(recording[1]) if len(recording) > 1 and recording[0] == "Startdate" else None
    return age_between(born, seen)


def _date(spelled: str) -> date | None:
    found = _SPELLED_DATE.fullmatch(spelled.upper())
    if found is None or found["month"] not in _MONTHS:
        return None
    try:
        return date(int(found["year"]), _MONTHS.index(found["month"]) + 1, int(found["day"]))
    except ValueError:
        return None


READER = Reader("EDF", recognises, read)
