"""SCP-ECG (EN 1064, ISO 11073-91064): sections, each with its own checksum, and samples as Huffman codes."""

from __future__ import annotations

import struct
from datetime import datetime

from ecgkt.domain import Record
from ecgkt.domain.device import DeviceReport
from ecgkt.errors import EcgktError, UnreadableRecord
from ecgkt.readers.channels import name_channels
from ecgkt.readers.contract import Companion, Reader
from ecgkt.readers.scp.findings import measured, stated
from ecgkt.readers.scp.header import Header, read_header, time_of
from ecgkt.readers.scp.sections import find_sections, recognises
from ecgkt.readers.scp.signal import read_signal

__all__ = ["CHECKSUM_NOTE", "READER", "read", "recognises", "recorded_at"]

CHECKSUM_NOTE = "a checksum of the SCP-ECG file is not that of its content: check that the file is whole"


def read(content: bytes, companion: Companion) -> Record:
    """Read the rhythm recording; leads that were not recorded all the time are gaps (NaN) for the rest of it."""
    try:
        sections = find_sections(content)
        header = read_header(sections.bodies[1]) if 1 in sections.bodies else Header()
        signal = read_signal(sections)
        lines, coded = stated(sections)
        device = DeviceReport.from_machine(
            measured(sections), header.filters, lines, identifying=header.naming, partial=coded
        )
        return Record.from_leads(
            name_channels(signal.names, signal.rows),
            signal.fs,
            "SCP-ECG",
            age=header.age,
            sex=header.sex,
            notes=() if sections.whole else (CHECKSUM_NOTE,),
            device=device or None,
        )
    except EcgktError:
        raise
    except (ValueError, OverflowError) as error:
        raise UnreadableRecord("a whole SCP-ECG file", "a damaged one", "export it again") from error


def recorded_at(content: bytes) -> datetime | None:
    """Return the local time of the recording, None where it is not stated or the file is damaged."""
    try:
        return time_of(find_sections(content).bodies.get(1, b""))
    except (EcgktError, struct.error):
        return None


READER = Reader("SCP-ECG", recognises, read)
