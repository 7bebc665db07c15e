"""Level 5 MAT-files (MathWorks, MAT-File Format), as far as numbers, words and structs go, within stated bounds.

scipy reads them too, but it trusts the sizes that a file claims and unpacks without a limit.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from ecgkt.errors import UnreadableRecord, UnsafeFile

HEADER_BYTES = 128
MAX_UNPACKED_BYTES = 96_000_000
_MOST_ELEMENTS = 1_000
_DEEPEST = 4
_MATRIX, _COMPRESSED = 14, 15
_STRUCT, _CHARACTERS, _NUMBERS = 2, 4, range(6, 16)
_OF_A_PROGRAM = (3, 16, 17, 18)
_STORED = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8", 16: "u1", 17: "u2",
    18: "u4",
}  # fmt: skip


@dataclass
class _Budget:
    """How many elements may still be looked at."""

    elements: int = _MOST_ELEMENTS

    def spend(self, elements: int = 1) -> None:
        self.elements -= elements
        if self.elements < 0:
            raise UnsafeFile(f"at most {_MOST_ELEMENTS} parts in a MATLAB file", "more", "save the recording alone")


def read_variables(content: bytes) -> dict[str, object]:
    """Return the variables by name: arrays of numbers, words, and single structs as dicts; None for any other kind.

    Raises UnsafeFile for objects, functions and what unpacks to more than `MAX_UNPACKED_BYTES`, UnreadableRecord for
    a file that breaks off or contradicts itself.
    """
    try:
        return _read(content)
    except (struct.error, zlib.error, ValueError, IndexError, KeyError, OverflowError, UnicodeDecodeError) as error:
        raise damaged() from error


def damaged() -> UnreadableRecord:
    """Return the refusal of a file whose parts do not fit together."""
    return UnreadableRecord("a whole MATLAB file", "one that breaks off", "copy the file again")


def _read(content: bytes) -> dict[str, object]:
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        raise damaged()
    budget, left = _Budget(), MAX_UNPACKED_BYTES
    variables: dict[str, object] = {}
    at = HEADER_BYTES
    while at + 8 <= len(content):
        kind, body, at = _element(content, at, order)
        budget.spend()
        if kind == _COMPRESSED:
            unpacked = _inflate(body, left)
            left -= len(unpacked)
            kind, body, _ = _element(unpacked, 0, order)
        if kind == _MATRIX:
            name, value = _matrix(body, order, 0, budget)
            variables[name] = value
    if not variables:
        raise damaged()
    return variables


def _inflate(body: bytes, most: int) -> bytes:
    inflater = zlib.decompressobj()
    unpacked = inflater.decompress(body, most + 1)
    if len(unpacked) > most:
        raise UnsafeFile(
            f"at most {MAX_UNPACKED_BYTES // 1_000_000} MB when unpacked", "a MATLAB file of more", "save one recording"
        )
    if not inflater.eof:
        raise damaged()
    return unpacked


def _element(content: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """Return the type and the bytes of the element at a place, and where the next one begins."""
    kind, size = struct.unpack_from(order + "II", content, at)
    if kind >> 16:
        kind, size = kind & 0xFFFF, kind >> 16
        return kind, content[at + 4 : at + 4 + min(size, 4)], at + 8
    begin = at + 8
    if size > len(content) - begin:
        raise damaged()
    padding = 0 if kind == _COMPRESSED else -size % 8
    return kind, content[begin : begin + size], begin + size + padding


def _matrix(body: bytes, order: str, depth: int, budget: _Budget) -> tuple[str, object]:
    """Return the name and the value of an array."""
    if not body:
        return "", None
    _, flags, at = _element(body, 0, order)
    class_ = struct.unpack_from(order + "I", flags)[0]
    kind, is_complex = class_ & 0xFF, bool(class_ & 0x800)
    if kind in _OF_A_PROGRAM:
        raise UnsafeFile("numbers and words in the MATLAB file", "an object or a function", "save the signal alone")
    _, stated, at = _element(body, at, order)
    shape = struct.unpack(f"{order}{len(stated) // 4}i", stated)
    if not shape or len(shape) > 8 or min(shape) < 0:
        raise damaged()
    _, named, at = _element(body, at, order)
    name = named.decode("latin-1").rstrip("\0")
    if kind == _STRUCT:
        return name, _struct(body[at:], shape, order, depth, budget)
    if kind != _CHARACTERS and (kind not in _NUMBERS or is_complex):
        return name, None
    stored, content, _ = _element(body, at, order)
    values = np.frombuffer(content, np.dtype(order + _STORED[stored]))
    if kind == _CHARACTERS:
        return name, "".join(map(chr, values.tolist())) if len(values) <= 1_000 else None
    if math.prod(shape) != len(values):
        raise damaged()
    return name, values.reshape(shape, order="F")


def _struct(body: bytes, shape: tuple[int, ...], order: str, depth: int, budget: _Budget) -> object:
    """Return the fields of a single struct; None for an array of them."""
    if depth >= _DEEPEST:
        raise UnsafeFile(f"at most {_DEEPEST} structs inside one another", "more", "save the recording alone")
    _, width, at = _element(body, 0, order)
    size = struct.unpack_from(order + "i", width)[0]
    _, names, at = _element(body, at, order)
    if math.prod(shape) != 1 or not 1 <= size <= 64 or len(names) % size:
        return None
    fields: dict[str, object] = {}
    for begin in range(0, len(names), size):
        budget.spend()
        kind, content, at = _element(body, at, order)
        if kind != _MATRIX:
            raise damaged()
        fields[names[begin : begin + size].split(b"\0")[0].decode("latin-1")] = _matrix(
            content, order, depth + 1, budget
        )[1]
    return fields
