"""The formats that are read, in the order in which they are tried. A new one is one module and one entry here."""

from __future__ import annotations

from ecgkt.errors import UnreadableRecord
from ecgkt.readers import dicom, edf, matlab, scp, wfdb_format
from ecgkt.readers.contract import Reader

READERS: tuple[Reader, ...] = (dicom.READER, scp.READER, edf.READER, matlab.READER, wfdb_format.READER)


def recognise(head: bytes) -> Reader | None:
    """Return the format of a file that begins with these bytes, or None."""
    return next((reader for reader in READERS if reader.recognises(head)), None)


def unknown_format() -> UnreadableRecord:
    """Return the refusal of a file that is of no format in the registry."""
    return UnreadableRecord(
        f"an ECG as {', '.join(reader.name for reader in READERS)} or a zip of one",
        "a file of no such format",
        "export it in one of them; a WFDB signal file (.dat, .mat) needs its header (.hea) with it",
    )
