"""CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@")
Field = str | int | float | bool | None


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Field]]) -> str:
    """Return rows under columns as CSV (RFC 4180, lines end with a line feed); None is empty, True is "yes".

    A text that a spreadsheet would take for a formula has an apostrophe before it (OWASP, CSV injection); figures are
    written as they are.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([harmless(column) for column in columns])
    for row in rows:
        writer.writerow([_field(field) for field in row])
    return out.getvalue()


def harmless(text: str) -> str:
    """Return a text in one line, with an apostrophe before it where a spreadsheet would calculate with it."""
    told = " ".join(text.split())
    return f"'{told}" if told.startswith(_FORMULA) else told


def _field(field: Field) -> str | int | float:
    if field is None:
        return ""
    if isinstance(field, bool):
        return "yes" if field else "no"
    return harmless(field) if isinstance(field, str) else field
