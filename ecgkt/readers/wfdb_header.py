"""WFDB headers, parsed strictly: what the wfdb library would guess (rate, gain, length) must be there.

Format: https://physionet.org/physiotools/wag/header-5.htm and signal-5.htm.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ecgkt.domain.records import canonical_lead
from ecgkt.errors import UnreadableRecord, UnsafeFile
from ecgkt.readers.channels import check_size

BYTES_PER_SAMPLE = {"8": 1.0, "16": 2.0, "24": 3.0, "32": 4.0, "61": 2.0, "80": 1.0, "160": 2.0, "212": 1.5}
"""The signal formats that are read; the packed 310 and 311 and the compressed 508, 516 and 524 are not."""

_RECORD_LINE = re.compile(
    r"(?P<name>[^\s/]+)(?P<segments>/\S+)?[ \t]+(?P<n_channels>[+-]?[0-9]{1,9})"
    r"(?P<rest>([ \t]+[+-]?[0-9.]\S*([ \t]+\S+)*)?)"
)
_RATE = re.compile(r"(?P<fs>[0-9.]{1,20}([eE][+-]?[0-9]{1,3})?)(/[^\s]*)?")
_FORMAT = re.compile(
    r"(?P<fmt>[0-9]{1,4})(x(?P<per_frame>[0-9]{1,6}))?(:(?P<skew>[0-9]{1,6}))?(\+(?P<offset>[0-9]{1,9}))?"
)
_GAIN = re.compile(
    r"(?P<gain>[0-9.]{1,30}([eE][+-]?[0-9]{1,3})?)(\((?P<baseline>[+-]?[0-9]{1,10})\))?(/(?P<unit>\S+))?"
)
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,10}")
_BARE_NAME = re.compile(r"[^/\\:~\x00-\x1f\x7f][^/\\:\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class Channel:
    """One signal line: `gain` in digital steps per `unit`, `baseline` the step of 0; None where the line ends early."""

    file: str
    fmt: str
    offset: int
    gain: float
    baseline: int
    unit: str | None
    zero: int
    initial: int
    checksum: int | None
    name: str | None


@dataclass(frozen=True)
class Header:
    """One record: `fs` in Hz, `samples` per channel, the channels in the file's order, comment lines without `#`."""

    fs: float
    samples: int
    channels: tuple[Channel, ...]
    comments: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The signal files, each once."""
        return tuple(dict.fromkeys(channel.file for channel in self.channels))

    def with_leads(self) -> Header:
        """Return the header without the signal files that hold no standard lead; itself where none holds one."""
        files = {channel.file for channel in self.channels if canonical_lead(channel.name or "")}
        kept = tuple(channel for channel in self.channels if channel.file in files)
        return replace(self, channels=kept) if kept else self

    def bytes_needed(self, file: str) -> int:
        """Return how long a signal file must be to hold the samples that the header promises."""
        inside = [channel for channel in self.channels if channel.file == file]
        return inside[0].offset + math.ceil(self.samples * len(inside) * BYTES_PER_SAMPLE[inside[0].fmt])

    def neutral_text(self, names: Mapping[str, str]) -> str:
        """Return a header of the same signals under other file names, free of comments, dates and record name."""
        lines = [f"record {len(self.channels)} {self.fs:f} {self.samples}"]
        for position, channel in enumerate(self.channels):
            lines.append(
                f"{names[channel.file]} {channel.fmt}+{channel.offset} {channel.gain!r}({channel.baseline})/mV"
                f" 0 {channel.zero} {channel.initial} 0 0 channel{position}"
            )
        return "\n".join(lines) + "\n"


def looks_like_header(head: bytes) -> bool:
    """Tell whether a file begins as a WFDB header does: text whose first line is a record line."""
    if b"\x00" in head:
        return False
    lines, _ = _split(head)
    return bool(lines) and _RECORD_LINE.fullmatch(lines[0]) is not None


def parse_header(content: bytes) -> Header:
    """Read a header; raise where it leaves out what must not be guessed, or reaches beyond its own folder."""
    lines, comments = _split(content)
    record = _RECORD_LINE.fullmatch(lines[0]) if lines else None
    if record is None:
        raise UnreadableRecord("a WFDB header", "a text that does not begin as one", "give the record's .hea file")
    if record["segments"]:
        raise UnreadableRecord(
            "a WFDB record of one segment", "a multi-segment header", "give the header of one of its segments"
        )
    n_channels = int(record["n_channels"])
    fs, samples = _parse_timing(record["rest"].split())
    check_size(n_channels, samples)
    if len(lines) - 1 != n_channels:
        raise UnreadableRecord(
            "one line per channel in the WFDB header",
            f"{len(lines) - 1} lines for {n_channels} channels",
            "export the record again",
        )
    channels = tuple(_parse_channel(line) for line in lines[1:])
    _check_layout(channels)
    return Header(fs, samples, channels, comments)


def _split(content: bytes) -> tuple[list[str], tuple[str, ...]]:
    """Return the lines that say something and the comments; UTF-8, or Latin-1 where it is not."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = [line.strip() for line in re.split(r"[\r\n]+", text)]
    comments = tuple(line.lstrip("# \t") for line in lines if line.startswith("#"))
    return [line for line in lines if line and not line.startswith("#")], comments


def _parse_timing(fields: list[str]) -> tuple[float, int]:
    """Return rate and samples per channel from what follows the number of channels."""
    rate = _RATE.fullmatch(fields[0]) if fields else None
    try:
        fs = float(rate["fs"]) if rate else 0.0
    except ValueError:
        fs = 0.0
    if not (math.isfinite(fs) and fs > 0):
        raise UnreadableRecord(
            "a sampling rate above 0 in the WFDB header", "none", "write it there (it would be guessed as 250 Hz)"
        )
    if len(fields) < 2 or not _WHOLE_NUMBER.fullmatch(fields[1]):
        raise UnreadableRecord("the number of samples in the WFDB header", "none", "write it there")
    return fs, int(fields[1])


def _parse_channel(line: str) -> Channel:
    """Read one signal line: file, format, gain, resolution, zero, initial value, checksum, block size, name."""
    fields = line.split(maxsplit=8)
    file = fields[0]
    if not _BARE_NAME.fullmatch(file) or file in (".", ".."):
        raise UnsafeFile(
            "signal files beside their header", "a header that names a file elsewhere", "put the files in one folder"
        )
    coding = _FORMAT.fullmatch(fields[1]) if len(fields) > 1 else None
    if coding is None or coding["fmt"] not in BYTES_PER_SAMPLE:
        raise UnreadableRecord(
            f"a WFDB signal format among {', '.join(BYTES_PER_SAMPLE)}", "another", "convert the record to format 16"
        )
    if int(coding["per_frame"] or 1) != 1 or int(coding["skew"] or 0) != 0:
        raise UnreadableRecord(
            "channels of one rate that start together", "several samples per frame or a skew", "export it aligned"
        )
    scale = _GAIN.fullmatch(fields[2]) if len(fields) > 2 else None
    gain = _positive(scale["gain"]) if scale else None
    if scale is None or gain is None:
        raise UnreadableRecord(
            "a gain above 0 for every channel", "a channel without one", "write gain and unit into the WFDB header"
        )
    numbers = [int(field) if _WHOLE_NUMBER.fullmatch(field) else None for field in fields[3:8]]
    _, zero, initial, checksum, _ = numbers + [None] * (5 - len(numbers))
    return Channel(
        file=file,
        fmt=coding["fmt"],
        offset=int(coding["offset"] or 0),
        gain=gain,
        baseline=int(scale["baseline"]) if scale["baseline"] else zero or 0,
        unit=scale["unit"],
        zero=zero or 0,
        initial=initial or 0,
        checksum=checksum,
        name=fields[8] if len(fields) > 8 else None,
    )


def _positive(number: str) -> float | None:
    try:
        value = float(number)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _check_layout(channels: tuple[Channel, ...]) -> None:
    """Raise where channels of one file contradict each other."""
    layout: dict[str, tuple[str, int]] = {}
    for channel in channels:
        if layout.setdefault(channel.file, (channel.fmt, channel.offset)) != (channel.fmt, channel.offset):
            raise UnreadableRecord(
                "one format per signal file", "a WFDB header that names several for one file", "export it again"
            )
