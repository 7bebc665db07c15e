"""The work list as a table to take along: running numbers in place of file names unless these are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from ecgkt import NOTICE
from ecgkt.checkpoints import Card
from ecgkt.dashboard import saving
from ecgkt.worklist import table
from ecgkt.worklist.rows import Row

if TYPE_CHECKING:
    import pyarrow

NAMES = "work_list_names"


def offer(rows: Sequence[Row], card: Card) -> None:
    """Draw the buttons that hand over the rows shown, as CSV and parquet."""
    if not rows or not saving.allowed():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        named = st.toggle(
            "File names in the table",
            key=NAMES,
            persist_state="session",
            help="File names may hold patients' names. Without them a record has its number in this list.",
        )
        saving.offer("Table as CSV", lambda: as_csv(rows, card, named=named), "work-list.csv", "text/csv")
        saving.offer(
            "Table as parquet",
            lambda: as_parquet(rows, card, named=named),
            "work-list.parquet",
            "application/vnd.apache.parquet",
        )


def as_csv(rows: Sequence[Row], card: Card, *, named: bool) -> bytes:
    """Return rows as CSV; each line ends with the checkpoint, the version, and the notice."""
    import pyarrow as pa

    found = _tabulated(rows, card, named)
    told = table.header(card)
    for column, text in (("checkpoint", card.id), ("software", told["software"]), ("notice", NOTICE)):
        found = found.append_column(column, pa.array([text] * len(found), pa.string()))
    return table.to_csv(found)


def as_parquet(rows: Sequence[Row], card: Card, *, named: bool) -> bytes:
    """Return rows as parquet, with the header of every such table in its metadata."""
    counted = table.counts(row.line for row in rows)
    told = table.spelled({**table.header(card), **counted})
    return table.to_parquet(_tabulated(rows, card, named).replace_schema_metadata(told))


def _tabulated(rows: Sequence[Row], card: Card, named: bool) -> pyarrow.Table:
    lines = [replace(row.line, record=row.name if named else str(row.number)) for row in rows]
    kinds = table.counts(lines)["kinds"]
    return table.without_empty_kinds(table.tabulate(lines, card.labels.names), kinds)
