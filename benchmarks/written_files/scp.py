"""SCP-ECG files written from the standard's own sections, by bits as text: nothing is shared with the reader."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

CODES = {"I": 1, "II": 2, "V1": 3, "V2": 4, "V3": 5, "V4": 6, "V5": 7, "V6": 8, "III": 61, "aVR": 62, "aVL": 63}
CODES |= {"aVF": 64, "V7": 9}

Code = tuple[str, int, int, int]
"""Prefix as text, extra bits, base value, and the table to switch to (0: none)."""


def default_table() -> list[Code]:
    """Return the default table, in the words of annex C: as many ones as the value, a zero, the sign."""
    table: list[Code] = [("0", 0, 0, 0)]
    for size in range(1, 9):
        table += [("1" * size + "00", 0, size, 0), ("1" * size + "01", 0, -size, 0)]
    return [*table, ("1111111110", 8, 0, 0), ("1111111111", 16, 0, 0)]


def crc(content: bytes) -> int:
    """CRC-CCITT bit by bit, preset all ones."""
    register = 0xFFFF
    for byte in content:
        register ^= byte << 8
        for _ in range(8):
            register = ((register << 1) ^ 0x1021 if register & 0x8000 else register << 1) & 0xFFFF
    return register


def differences_of(samples: NDArray[np.int64], order: int) -> list[int]:
    """Return the samples themselves, or their first or second differences; the first `order` ones stand as they are."""
    if order == 0:
        return [int(value) for value in samples]
    out = [int(value) for value in samples[:order]]
    for at in range(order, len(samples)):
        before = samples[at - 1] if order == 1 else 2 * samples[at - 1] - samples[at - 2]
        out.append(int(samples[at] - before))
    return out


def encode(numbers: Sequence[int], tables: Sequence[Sequence[Code]]) -> bytes:
    """Write the shortest code of the table in force for each number; where it has none, a switch to the next table."""
    if not tables:
        return np.array(numbers, dtype="<i2").tobytes()
    bits, own = [], 0
    for number in numbers:
        while (spelled := _spelled(number, tables[own])) is None:
            prefix, _, _, other = next(code for code in tables[own] if code[3])
            bits.append(prefix)
            own = other - 1
        bits.append(spelled)
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))


def _spelled(number: int, table: Sequence[Code]) -> str | None:
    best = None
    for prefix, extra, base, other in table:
        rest, half = number - base, 1 << extra >> 1
        if other or not (rest == 0 if extra == 0 else -half <= rest < half):
            continue
        spelled = prefix + (format(rest & ((1 << extra) - 1), f"0{extra}b") if extra else "")
        if best is None or len(spelled) < len(best):
            best = spelled
    return best


@dataclass
class ScpFile:
    """What a test wants in a file; `rhythm` and `beat` are steps by lead, and `sections` replaces or adds bodies."""

    rhythm: Mapping[str, NDArray[np.int64]]
    beat: Mapping[str, NDArray[np.int64]] | None = None
    nanovolts: tuple[int, int] = (2500, 2500)
    microseconds: tuple[int, int] = (2000, 2000)
    order: int = 2
    tables: Sequence[Sequence[Code]] | None = None
    subtracted: bool = False
    thinned: bool = False
    starts: Mapping[str, int] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
    beats: Sequence[tuple[int, int, int, int]] = ()
    kept: Sequence[tuple[int, int]] = ()
    mark: int = 0
    tags: Mapping[int, bytes] = field(default_factory=dict)
    sections: Mapping[int, bytes] = field(default_factory=dict)
    crc: bool = True

    def content(self) -> bytes:
        """Return the whole file."""
        bodies = {1: self._section1(), 3: self._section3(), 6: self._signal(self.rhythm, 1, self.thinned)}
        tables = [default_table()] if self.tables is None else self.tables
        if tables:
            bodies[2] = struct.pack("<H", 19999) if self.tables is None else _section2(tables)
        if self.beat is not None:
            length = len(next(iter(self.beat.values())))
            bodies[5] = self._signal(self.beat, 0, False)
            rows = b"".join(struct.pack("<HIII", *one) for one in self.beats)
            rows += b"".join(struct.pack("<II", *one) for one in self.kept)
            milliseconds = round(length * self.microseconds[0] / 1000)
            bodies[4] = struct.pack("<HHH", milliseconds, self.mark, len(self.beats)) + rows
        bodies |= self.sections
        return self._assemble(bodies)

    def _section1(self) -> bytes:
        fields = b"".join(struct.pack("<BH", tag, len(value)) + value for tag, value in self.tags.items())
        return fields + struct.pack("<BH", 255, 0)

    def _section3(self) -> bytes:
        rows = []
        for lead, samples in self.rhythm.items():
            start = self.starts.get(lead, 1)
            rows.append(struct.pack("<IIB", start, start + self.lengths.get(lead, len(samples)) - 1, CODES[lead]))
        return struct.pack("<BB", len(rows), int(self.subtracted) | 4) + b"".join(rows)

    def _signal(self, rows: Mapping[str, NDArray[np.int64]], which: int, thinned: bool) -> bytes:
        tables = [default_table()] if self.tables is None else self.tables
        streams = [encode(differences_of(samples, self.order), tables) for samples in rows.values()]
        streams = [stream + b"\0" * (len(stream) % 2) for stream in streams]
        head = struct.pack("<HHBB", self.nanovolts[which], self.microseconds[which], self.order, int(thinned))
        return head + struct.pack(f"<{len(streams)}H", *map(len, streams)) + b"".join(streams)

    def _assemble(self, bodies: Mapping[int, bytes]) -> bytes:
        numbers = sorted({*range(1, 12), *bodies})
        size = 16 + 10 * (len(numbers) + 1)
        at, pointers, rest = 7 + size, [struct.pack("<HII", 0, size, 7)], b""
        for number in numbers:
            body = bodies.get(number, b"")
            body += b"\0" * (len(body) % 2)
            if not body:
                pointers.append(struct.pack("<HII", number, 0, 0))
                continue
            section = self._section(number, body)
            pointers.append(struct.pack("<HII", number, len(section), at))
            rest += section
            at += len(section)
        record = self._section(0, b"".join(pointers)) + rest
        record = struct.pack("<I", len(record) + 6) + record
        return struct.pack("<H", crc(record) if self.crc else 1) + record

    def _section(self, number: int, body: bytes) -> bytes:
        reserved = b"SCPECG" if number == 0 else bytes(6)
        section = struct.pack("<HIBB", number, len(body) + 16, 20, 20) + reserved + body
        return struct.pack("<H", crc(section) if self.crc else 1) + section


def _section2(tables: Sequence[Sequence[Code]]) -> bytes:
    out = struct.pack("<H", len(tables))
    for table in tables:
        out += struct.pack("<H", len(table))
        for prefix, extra, base, other in table:
            stored = int(prefix[::-1], 2)
            out += struct.pack("<BBBhI", len(prefix), len(prefix) + extra, int(not other), other or base, stored)
    return out


def statements(section: int, *lines: bytes, status: int = 0) -> bytes:
    """Return the body of section 8 or 11."""
    out = struct.pack("<BHBBBBBB", status, 2020, 2, 3, 4, 5, 6, len(lines))
    for number, line in enumerate(lines):
        value = (b"\x01" if section == 11 else b"") + line + b"\0"
        out += struct.pack("<BH", number + 1, len(value)) + value
    return out
