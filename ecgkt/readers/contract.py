"""What a file format offers in order to be read: one `Reader` per format, each in a module of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ecgkt.domain import Record

HEAD_BYTES = 4096
"""How much of a file a format may look at in order to recognise itself."""

Companion = Callable[[str], "bytes | None"]
"""The bytes of the file of that bare name beside the main one; None where there is none."""


@dataclass(frozen=True)
class Reader:
    """One clinical file format.

    `recognises(head)` tells from the first `HEAD_BYTES` of a file, never from its name, whether it is the main file
    of such a record (the header of a WFDB record, not its signal file). `read(content, companion)` turns the whole
    main file into a Record; formats of one file ignore `companion`. It raises a child of EcgktError for anything
    it will not read, and keeps no name, id or date.
    """

    name: str
    recognises: Callable[[bytes], bool]
    read: Callable[[bytes, Companion], Record]
