"""Values of DICOM elements from their raw bytes.

pydicom's own conversion warns with the value itself, which may name a patient, and refuses numbers that real
exporters write a digit too long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecgkt.errors import UnreadableRecord

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def text(dataset: Dataset, keyword: str) -> str | None:
    """Return a text element without its padding; None where it is absent or empty."""
    content = raw_bytes(dataset, keyword)
    return content.decode("latin-1").strip(" \x00") or None if content else None


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return a decimal string (DS) as a number; None where it is absent or empty."""
    spelled = text(dataset, keyword)
    try:
        return None if spelled is None else float(spelled)
    except ValueError:
        raise UnreadableRecord("numbers in the DICOM file", "text in place of one", "export it again") from None


def whole_number(dataset: Dataset, keyword: str) -> int | None:
    """Return an unsigned binary integer (US, UL) in little-endian order; None where it is absent or empty."""
    content = raw_bytes(dataset, keyword)
    return int.from_bytes(content, "little") if content else None


def raw_bytes(dataset: Dataset, keyword: str) -> bytes | None:
    """Return an element as it is stored; None where it is absent or empty."""
    value = dataset.get_item(keyword).value if keyword in dataset else None
    return value if isinstance(value, bytes) else None  # pydicom itself fills in an empty element
