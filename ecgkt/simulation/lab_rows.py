"""The laboratory's rows as text of labevents.csv: hundreds to a patient, so they are never dicts or frames."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.simulation.items import column, items
from ecgkt.simulation.layout import Numbers
from ecgkt.simulation.visits import Visit

_PRIORITIES = {1: "STAT", 0: "ROUTINE", -1: ""}


def lab_lines(visit: Visit, ids: Numbers, start: datetime) -> str:
    """Return the rows of one patient as lines of labevents.csv, without a header; times in whole minutes."""
    found = visit.results
    whole = np.datetime64(start.replace(second=0), "s")
    hadm = [str(one) if stay.is_admission else "" for one, stay in zip(ids.hadm_ids, visit.history.stays, strict=False)]
    itemid = column("itemid").astype(np.int64)[found.item]
    flags = np.where(found.abnormal, "abnormal", "").tolist()
    subject, first, specimens = ids.subject_id, ids.subject_id * 10_000, ids.subject_id * 1_000
    columns: Iterable[tuple[Any, ...]] = zip(
        range(first, first + len(found)),
        found.stay.tolist(),
        (specimens + found.specimen).tolist(),
        itemid.tolist(),
        _times(whole, found.drawn),
        _times(whole, found.stored),
        found.text.tolist(),
        np.where(np.isnan(found.number), "", found.text).tolist(),
        found.unit.tolist(),
        _numbers(found.low),
        _numbers(found.high),
        flags,
        found.urgent.tolist(),
        found.comment.tolist(),
        strict=True,
    )
    clinic = [*hadm, ""]
    return "".join(
        f"{event},{subject},{clinic[stay]},{specimen},{item},,{drawn},{stored},{text},{number},{unit},{low},{high},"
        f"{flag},{_PRIORITIES[urgent]},{_quoted(comment)}\n"
        for event, stay, specimen, item, drawn, stored, text, number, unit, low, high, flag, urgent, comment in columns
    )


def _times(start: np.datetime64, hours: NDArray[np.float64]) -> list[str]:
    """Return "YYYY-MM-DD HH:MM:SS", "" where there is no time."""
    known = ~np.isnan(hours)
    minutes = np.round(np.where(known, hours, 0) * 60).astype(np.int64)
    texts = np.datetime_as_string(start + (minutes * 60).astype("timedelta64[s]"), unit="s")
    return [text.replace("T", " ") if one else "" for text, one in zip(texts.tolist(), known.tolist(), strict=True)]


def _numbers(values: NDArray[np.float64]) -> list[str]:
    return ["" if one != one else _shown(one) for one in values.tolist()]


@cache
def _shown(limit: float) -> str:
    """Return a printed limit; there are few."""
    return f"{limit:g}"


@cache
def _quoted(text: str) -> str:
    """Return a field as CSV wants it; the wordings are few."""
    if not any(sign in text for sign in ',"\n'):
        return text
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([text])
    return line.getvalue()


def item_rows() -> list[dict[str, Any]]:
    """Return d_labitems."""
    return [
        {"itemid": one.itemid, "label": one.label, "fluid": one.fluid, "category": one.category}
        for one in sorted(items(), key=lambda one: one.itemid)
    ]
