"""Samples as XML files hold them: 16-bit numbers in base64, or numbers as text."""

from __future__ import annotations

import base64
import binascii
import re

import numpy as np
from numpy.typing import NDArray

from ecgkt.errors import UnreadableRecord

LARGEST = 1e12
_NUMBERS = re.compile(r"[\d\s.eE+-]*")


def base64_bytes(text: str) -> bytes:
    """Return the bytes of a base64 text with any white space in it; raise where it breaks off or holds other signs."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableRecord("samples as whole base64", "a text that breaks off", "export the file again") from error


def numbers(text: str) -> NDArray[np.float64]:
    """Return the numbers (n,) of a text with white space between them; raise for anything else and from 1e12 on."""
    try:
        if not _NUMBERS.fullmatch(text):
            raise ValueError
        found = np.array(text.split(), dtype=np.float64)
        if not (np.abs(found) < LARGEST).all():
            raise ValueError
    except ValueError as error:
        raise UnreadableRecord("samples that are all numbers", "other text", "export the file again") from error
    return found
