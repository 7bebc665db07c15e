"""Damage to files, the same on every run: for any format, one call yields many broken copies of a good file."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

_DIGITS = re.compile(rb"\d+")
_WORDS = re.compile(rb">[^<>\"]{1,40}<|\"[^<>\"]{1,40}\"")
_NUMBERS = (b"0", b"-1", b"1", b"65536", b"4294967295", b"999999999", b"1e308", b"nan", b"", b"0.0000001", b"A")


def mutated(content: bytes, count: int, seed: int = 0, *, early: float = 0.5) -> Iterator[bytes]:
    """Yield `count` broken copies of a file: flipped, cut, doubled, removed, swapped and overwritten pieces, other
    numbers and words, and several of these at once. A share of `early` falls into the first 4,096 bytes, the header's.
    """
    generator = np.random.default_rng([seed, len(content)])
    kinds = (_flip, _flip_many, _cut, _double, _remove, _overwrite, _swap, _renumber, _renumber, _reword, _reword)
    for number in range(count):
        broken = content
        for _ in range(1 + (number % 3 == 2) * int(generator.integers(1, 4))):
            kind = kinds[int(generator.integers(len(kinds)))]
            reach = len(broken) if generator.random() > early else min(len(broken), 4096)
            broken = kind(broken, reach, generator) if broken else b"\0"
        yield broken


def _place(reach: int, generator: np.random.Generator) -> int:
    return int(generator.integers(max(reach, 1)))


def _piece(content: bytes, reach: int, generator: np.random.Generator) -> tuple[int, int]:
    first = _place(reach, generator)
    return first, min(len(content), first + 1 + int(2 ** generator.uniform(0, 11)))


def _flip(content: bytes, reach: int, generator: np.random.Generator) -> bytes:
    place = _place(reach, generator)
    return content[:place] + bytes([content[place] ^ (1 << int(generator.integers(8)))]) + content[place + 1 :]


def _flip_many(content: bytes, reach: int, generator: np.random.Generator) -> bytes:
    broken = bytearray(content)
    for place in generator.integers(max(reach, 1), size=20):
        broken[int(place)] = int(generator.integers(256))
    return bytes(broken)


def _cut(content: bytes, reach: int, generator: np.random.Generator) -> bytes:
    return content[: _place(reach, generator)]


def _double(content: bytes, reach: int, generator: np.random.Generator) -> bytes:
    first, last = _piece(content, reach, generator)
    return content[:last] + content[first:last] * int(generator.integers(1, 6)) + content[last:]


def _remove(content: bytes, reach: int, generator: np.random.Generator) -> bytes:
    first, last = _piece(content, reach, generator)
    return content[:first] + content[last:]


def _overwrite(content: bytes, reach: int, generator: np.random.Generator) -> bytes:
    first, last = _piece(content, reach, generator)
    filler = (b"\0", b"\xff", generator.bytes(1))[int(generator.integers(3))]
    return content[:first] + filler * (last - first) + content[last:]


def _swap(content: bytes, reach: int, generator: np.random.Generator) -> bytes:
    first, last = _piece(content, reach, generator)
    other, end = _piece(content, len(content), generator)
    return content[:first] + content[other:end] + content[last:]


def _renumber(content: bytes, reach: int, generator: np.random.Generator) -> bytes:
    """Put another number in the place of one that stands as text, another byte where none does."""
    start = _place(reach, generator)
    found = _DIGITS.search(content, start) or _DIGITS.search(content)
    if found is None:
        return _flip(content, reach, generator)
    return content[: found.start()] + _NUMBERS[int(generator.integers(len(_NUMBERS)))] + content[found.end() :]


def _reword(content: bytes, reach: int, generator: np.random.Generator) -> bytes:
    """Put what stands between two signs of XML or in quotes elsewhere in the file in the place of what stands here."""
    found = list(_WORDS.finditer(content))
    if not found:
        return _renumber(content, reach, generator)
    early = [one for one in found if one.start() < reach] or found
    here, there = early[int(generator.integers(len(early)))], found[int(generator.integers(len(found)))]
    words = there[0][1:-1] if generator.random() < 0.5 else _NUMBERS[int(generator.integers(len(_NUMBERS)))]
    return content[: here.start() + 1] + words + content[here.end() - 1 :]
