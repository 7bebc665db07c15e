"""CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the same signs in full width."""
_BLANK = ("\t", "\r", "\n")
_BREAK = re.compile(r" *[^\S ]\s*")
Field = str | int | float | bool | None


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Field]]) -> str:
    """Return rows under columns as CSV (RFC 4180, lines end with a line feed); None is empty, True is "yes".

    Texts stand in one line each and are `harmless`; figures are written as they are.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_field(column) for column in columns])
    for row in rows:
        writer.writerow([_field(field) for field in row])
    return out.getvalue()


def harmless(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet would calculate with it (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_BLANK) or text.lstrip().startswith(_FORMULA) else text


def _field(field: Field) -> str | int | float:
    if field is None:
        return ""
    if isinstance(field, bool):
        return "yes" if field else "no"
    return harmless(_BREAK.sub(" ", field)) if isinstance(field, str) else field
