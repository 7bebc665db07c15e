"""The formats that are read, in the order in which they are tried. A new one is one module and one entry here."""

from __future__ import annotations

from ecgkt.errors import UnreadableRecord
from ecgkt.readers import aecg, csv_format, dicom, edf, matlab, muse, scp, sierra, wfdb_format
from ecgkt.readers.contract import Reader
from ecgkt.readers.xml_tree import looks_like_xml, root_name

READERS: tuple[Reader, ...] = (
    dicom.READER,
    scp.READER,
    edf.READER,
    muse.READER,
    aecg.READER,
    sierra.READER,
    matlab.READER,
    csv_format.READER,
    wfdb_format.READER,
)


def recognise(head: bytes) -> Reader | None:
    """Return the format of a file that begins with these bytes, or None."""
    return next((reader for reader in READERS if reader.recognises(head)), None)


_OTHER_XML = {
    "CardiologyXML": "the XML of a GE MAC or CardioSoft system",
    "MAC2000": "the XML of a GE MAC 2000",
    "sapphire": "the XML of a GE MAC system",
    "Observation": "a FHIR observation",
    "Bundle": "a FHIR bundle",
}


_OTHER_KINDS = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"II*\0", "a picture"),
    (b"MM\0*", "a picture"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"ISHNE1.0", "an ISHNE Holter recording"),
)


def unknown_format(*heads: bytes) -> UnreadableRecord:
    """Return the refusal of files that begin so and are of no format in the registry, named as what they are."""
    got = next(
        (kind for start, kind in _OTHER_KINDS if any(head.startswith(start) for head in heads)),
        "a file of no such format",
    )
    xml = next((head for head in heads if looks_like_xml(head)), None)
    if xml is not None:
        got = _OTHER_XML.get(root_name(xml) or "", "an XML file of another kind")
    return UnreadableRecord(
        f"an ECG as {', '.join(reader.name for reader in READERS)} or a zip of one",
        got,
        "export it in one of them; a WFDB signal file (.dat, .mat) needs its header (.hea) with it",
    )
