"""XLI, the compression of Philips Sierra XML: LZW with codes of 10 bits over second differences.

As the wiki of github.com/sixlettervariables/sierra-ecg-tools (C. A. Watford) describes it. A channel is a header of 8
bytes (length of what follows, a field that is not needed, the first second difference; little-endian) and LZW codes.
They unpack to the high bytes of all values and then their low bytes. The first two values are samples; each further
one is 64 minus a second difference, one place late.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import UnreadableRecord

_HEADER = struct.Struct("<ihh")
_BITS = 10
_END = (1 << _BITS) - 1
_MIDDLE = 64


def decode_xli(content: bytes, channels: int, samples: int) -> list[NDArray[np.int64]]:
    """Return the first `channels` of a compressed waveform, each at least `samples` long, as stored integers.

    Raises UnreadableRecord where a channel breaks off, unpacks to more than twice as many and 5,000 more, or cannot be.
    """
    decoded, place = [], 0
    for _ in range(channels):
        if place + _HEADER.size > len(content):
            raise _damaged()
        size, _, second = _HEADER.unpack_from(content, place)
        place += _HEADER.size
        if not 0 < size <= len(content) - place:
            raise _damaged()
        packed = unpack_lzw(content[place : place + size], most=4 * samples + 20_000)
        decoded.append(_samples(packed, second))
        if len(decoded[-1]) < samples:
            raise _damaged()
        place += size
    return decoded


def unpack_lzw(content: bytes, most: int) -> bytes:
    """Unpack LZW codes of 10 bits, the high bit first; 1023 ends them, the table is never cleared."""
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    codes = bits[: len(bits) // _BITS * _BITS].reshape(-1, _BITS) @ (1 << np.arange(_BITS)[::-1])
    table = [bytes([byte]) for byte in range(256)]
    unpacked, length, last = [], 0, b""
    for code in codes.tolist():
        if code == _END:
            break
        if code < len(table):
            entry = table[code]
        elif code == len(table) and last:
            entry = last + last[:1]
        else:
            raise _damaged()
        if last and len(table) < _END:
            table.append(last + entry[:1])
        unpacked.append(entry)
        length += len(entry)
        if length > most:
            raise _damaged()
        last = entry
    return b"".join(unpacked)


def _samples(packed: bytes, second: int) -> NDArray[np.int64]:
    """Return the samples from the bytes of their second differences."""
    count = (len(packed) + 1) // 2
    if count < 2:
        raise _damaged()
    whole = packed + b"\0" * (2 * count - len(packed))
    high, low = np.frombuffer(whole, np.uint8).reshape(2, count)
    values = ((high.astype(np.uint16) << 8) | low).view(np.int16).astype(np.int64)
    steps = np.empty(count, np.int64)
    steps[:2] = values[0], values[1] - values[0]
    if count > 2:
        bends = np.concatenate(([-second], _MIDDLE - values[2:-1]))
        steps[2:] = steps[1] + np.cumsum(bends)
    samples: NDArray[np.int64] = np.cumsum(steps)
    if np.abs(samples).max() > 1 << 17:
        raise _damaged()
    return samples


def _damaged() -> UnreadableRecord:
    return UnreadableRecord("whole XLI channels in the Philips Sierra XML", "a damaged one", "export it again")
