"""The Huffman codes of SCP-ECG: the default table of annex C, and tables that the file brings along in section 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import UnreadableRecord
from ecgkt.readers.scp.sections import Fields, damaged

DEFAULT = 19_999
_MOST_TABLES, _MOST_CODES, _LONGEST_PREFIX, _MOST_EXTRA_BITS = 32, 1024, 32, 24
_MOST_STATES, _MOST_WORK = 3_000_000, 100_000_000
_SWITCH = 0


@dataclass(frozen=True)
class Code:
    """A `prefix` of `bits` bits, first bit highest, then `extra` bits of a signed number that is added to `value`.

    `switches` says that it is no sample but names the next table, counted from 1, in `value`.
    """

    prefix: int
    bits: int
    extra: int
    value: int
    switches: bool = False


Table = tuple[Code, ...]


def _default_table() -> Table:
    """Return 0 as 0; +-1 to +-8 as that many ones, a zero and a sign; ten-bit prefixes before 8 and 16 bits."""
    codes = [Code(0, 1, 0, 0)]
    for size in range(1, 9):
        ones = ((1 << size) - 1) << 2
        codes += [Code(ones, size + 2, 0, size), Code(ones | 1, size + 2, 0, -size)]
    return (*codes, Code(0b1111111110, 10, 8, 0), Code(0b1111111111, 10, 16, 0))


DEFAULT_TABLE = _default_table()


def read_tables(section: bytes) -> tuple[Table, ...]:
    """Return the tables of section 2, whose prefixes have their first bit lowest; without any, samples are plain."""
    fields = Fields(section)
    count = fields.number("H")
    if count == DEFAULT:
        return (DEFAULT_TABLE,)
    if count > _MOST_TABLES:
        raise UnreadableRecord(f"at most {_MOST_TABLES} Huffman tables", f"{count:,}", "export the file again")
    return tuple(_read_table(fields) for _ in range(count))


def _read_table(fields: Fields) -> Table:
    count = fields.number("H")
    if not 1 <= count <= _MOST_CODES:
        raise UnreadableRecord(f"1 to {_MOST_CODES} codes in a Huffman table", f"{count:,}", "export the file again")
    codes = []
    for _ in range(count):
        one, other, mode, value, stored = fields.numbers("BBBhI")
        bits, whole = min(one, other), max(one, other)
        if not 1 <= bits <= _LONGEST_PREFIX or whole - bits > _MOST_EXTRA_BITS:
            raise damaged()
        prefix = int(f"{stored & ((1 << bits) - 1):0{bits}b}"[::-1], 2)
        codes.append(Code(prefix, bits, whole - bits, value, mode == _SWITCH))
    return tuple(codes)


def decode(content: bytes, count: int, tables: Sequence[Table]) -> NDArray[np.int64]:
    """Return the `count` numbers that a stream of bits, highest first, begins with; the first table is in force first.

    What each table would read at each bit is worked out for all bits at once. The walk from code to code then doubles
    in length at each step: what follows the first half of it by as many codes is its second half.
    """
    bits = 8 * len(content)
    lengths = sum(len({code.bits for code in table}) for table in tables)
    if count > bits or len(tables) * (bits + 1) > _MOST_STATES or lengths * bits > _MOST_WORK:
        raise damaged()
    windows = _windows(content)
    looked = [_look(windows, table, own, len(tables)) for own, table in enumerate(tables)]
    jump = np.concatenate([*(states for states, _, _ in looked), [-1]])
    end = len(jump) - 1
    jump[jump < 0] = end
    sampled = np.concatenate([*(is_sample for _, is_sample, _ in looked), [False]])
    walk = np.zeros(1, dtype=np.int64)
    while np.count_nonzero(sampled[walk]) < count:
        if walk[-1] == end:
            raise damaged()
        walk, jump = np.concatenate((walk, jump[walk])), jump[jump]
    visited = walk[sampled[walk]][:count]
    values: NDArray[np.int64] = np.concatenate([numbers for _, _, numbers in looked])[visited]
    return values


def _windows(content: bytes) -> NDArray[np.uint64]:
    """Return for each bit the 57 bits or more that begin there, highest first, as (bits,); zeros after the end."""
    octets = np.frombuffer(content + bytes(8), dtype=np.uint8).astype(np.uint64)
    words = np.zeros(len(content), dtype=np.uint64)
    for place in range(8):
        words = (words << np.uint64(8)) | octets[place : place + len(content)]
    return (words[:, None] << np.arange(8, dtype=np.uint64)).ravel()


def _look(
    windows: NDArray[np.uint64], table: Table, own: int, tables: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return for each bit, and for the end, what a table would read there.

    That is the state that follows (table times bits + 1, plus the bit; -1 where there is none), whether the code is a
    sample, and its value.
    """
    bits = len(windows)
    following = np.full(bits + 1, -1, dtype=np.int64)
    is_sample, values = np.zeros(bits + 1, dtype=bool), np.zeros(bits + 1, dtype=np.int64)
    left = np.arange(bits)
    for length in sorted({code.bits for code in table}):
        codes = sorted((code for code in table if code.bits == length), key=lambda code: code.prefix)
        prefixes = np.array([code.prefix for code in codes], dtype=np.uint64)
        begun = windows[left] >> np.uint64(64 - length)
        found = np.minimum(np.searchsorted(prefixes, begun), len(codes) - 1)
        is_there = prefixes[found] == begun
        at, which = left[is_there], found[is_there]
        left = left[~is_there]
        extra = np.array([code.extra for code in codes])[which]
        after = at + length + extra
        switches = np.array([code.switches for code in codes])[which]
        base = np.array([code.value for code in codes])[which]
        target = np.where(switches, base - 1, own)
        fits = (after <= bits) & (target >= 0) & (target < tables)
        following[at] = np.where(fits, target * (bits + 1) + after, -1)
        is_sample[at] = fits & ~switches
        values[at] = base + _signed(windows[at] << np.uint64(length), extra)
    return following, is_sample, values


def _signed(windows: NDArray[np.uint64], extra: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first `extra` bits of each window as a signed number, 0 where there are none."""
    signed = windows.astype(np.int64) >> np.minimum(64 - extra, 63)
    return np.where(extra > 0, signed, 0)


def undo_differences(numbers: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """Return samples of 16 bits, which wrap around, from themselves (0) or their first or second differences.

    The first sample, of second differences the first two, stand as they are.
    """
    if order == 0 or len(numbers) <= order:
        return numbers
    if order == 1:
        samples = np.cumsum(numbers)
    else:
        steps = numbers[1:].copy()
        steps[0] -= numbers[0]
        samples = np.concatenate((numbers[:1], numbers[0] + np.cumsum(np.cumsum(steps))))
    return samples.astype(np.int16).astype(np.int64)
