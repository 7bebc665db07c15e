"""The sections of an SCP-ECG record: where each lies, within the bounds of the file, and whether its sum is right."""

from __future__ import annotations

import binascii
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from ecgkt.errors import UnreadableRecord

HEADER = 16
_RECORD_HEADER = 6
_POINTER = struct.Struct("<HII")
_MAX_POINTERS = 256
_STANDARD = range(12)


@dataclass(frozen=True)
class Sections:
    """`bodies` has what follows each standard section's header; `whole` is False where a checksum does not fit."""

    bodies: Mapping[int, bytes]
    whole: bool

    def body(self, number: int) -> bytes:
        """Return a section that the record cannot do without."""
        if number not in self.bodies:
            raise UnreadableRecord(
                f"section {number} in the SCP-ECG file", "none", "export the recording with its signal"
            )
        return self.bodies[number]


class Fields:
    """Little-endian numbers taken one after the other from a section; going past its end is an error."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes have not been taken."""
        return len(self._content) - self._at

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if count > self.left:
            raise damaged()
        taken = self._content[self._at : self._at + count]
        self._at += count
        return taken

    def numbers(self, form: str) -> tuple[int, ...]:
        """Return the next numbers in the spelling of `struct`, without its byte order."""
        packed = struct.Struct("<" + form)
        return packed.unpack(self.take(packed.size))

    def number(self, form: str) -> int:
        """Return the next number."""
        return self.numbers(form)[0]


def damaged() -> UnreadableRecord:
    """Return the refusal of a file whose sections do not hold what they announce."""
    return UnreadableRecord("a whole SCP-ECG file", "one whose sections break off", "copy or export it again")


def recognises(head: bytes) -> bool:
    """Tell whether a file begins with section 0 of SCP-ECG, whose first pointer is to itself, at byte 7."""
    first = _RECORD_HEADER + HEADER
    if len(head) < first + _POINTER.size:
        return False
    length, section, size = struct.unpack_from("<I", head, 2)[0], *struct.unpack_from("<HI", head, 8)
    pointed = _POINTER.unpack_from(head, first)
    inside = HEADER + _POINTER.size <= size <= length - _RECORD_HEADER
    return bool(section == 0 and inside and (pointed[0], pointed[2]) == (0, 7))


def find_sections(content: bytes) -> Sections:
    """Return the sections to which section 0 points; each must lie inside the record and bear its own number."""
    length = struct.unpack_from("<I", content, 2)[0]
    if length > len(content):
        raise UnreadableRecord(
            f"an SCP-ECG file of {length:,} bytes, as it says", f"{len(content):,}", "copy the file again"
        )
    content = content[:length]
    size = struct.unpack_from("<I", content, 10)[0]
    pointers = Fields(content[_RECORD_HEADER + HEADER : _RECORD_HEADER + size])
    whole = _sum_fits(content)
    bodies: dict[int, bytes] = {}
    for _ in range(min(pointers.left // _POINTER.size, _MAX_POINTERS)):
        number, count, index = pointers.numbers("HII")
        if number not in _STANDARD or number == 0 or count <= HEADER:
            continue
        section = content[max(index - 1, 0) : max(index - 1, 0) + count]
        if len(section) < count or struct.unpack_from("<H", section, 2)[0] != number or number in bodies:
            raise damaged()
        whole = whole and _sum_fits(section)
        bodies[number] = section[HEADER:]
    return Sections(bodies, whole)


def _sum_fits(part: bytes) -> bool:
    """Tell whether the first two bytes are the CRC-CCITT (preset all ones) of the others; 0 stands for none."""
    stated = int(struct.unpack_from("<H", part)[0])
    return stated == 0 or stated == binascii.crc_hqx(part[2:], 0xFFFF)
