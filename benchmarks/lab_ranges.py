"""Count how often each analyte of the panel lies outside its printed range, and outside the catalogue's own limits.

    python benchmarks/lab_ranges.py <folder with hosp/labevents.csv.gz>

Prints the table of docs/catalogue.md. A row without a printed limit counts as known where a cut-off replaces it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ecgkt.catalogue import Lab, lab_labels, lab_panel
from ecgkt.mimic import table

COLUMNS = ["itemid", "valuenum", "ref_range_lower", "ref_range_upper"]


def main(folder: Path) -> None:
    """Print one Markdown row per label."""
    path = folder / f"{table('labevents').path}.gz"
    events = pd.read_csv(path, usecols=COLUMNS)
    print("| label | rows | with a number | commonest printed range | outside it | by the catalogue |")
    print("|---|---:|---:|---|---:|---:|")
    for analyte in lab_panel():
        for line in _lines(analyte, events[events["itemid"].isin(analyte.item_ids)]):
            print(line)


def _lines(analyte: Lab, rows: pd.DataFrame) -> Iterator[str]:
    first = rows[rows["itemid"] == analyte.item_ids[0]]
    printed = first.groupby(["ref_range_lower", "ref_range_upper"]).size()
    usual = "none" if printed.empty else "{:g} to {:g}".format(*printed.idxmax())
    value = rows["valuenum"].dropna()
    for direction in analyte.directions:
        low = direction == "low"
        limit = rows.loc[value.index, "ref_range_lower" if low else "ref_range_upper"]
        outside = _share(value, limit, low)
        threshold = lab_labels()[f"{analyte.name}_{direction}"].threshold
        told = "as printed"
        if threshold is not None:
            ours = _share(value, pd.Series(threshold, index=value.index), low)
            told = f"{ours} ({'<' if low else '>'} {threshold:g})"
        name = f"`{analyte.name}_{direction}`"
        yield f"| {name} | {len(rows)} | {len(value)} | {usual} {analyte.unit} | {outside} | {told} |"


def _share(value: pd.Series, limit: pd.Series, low: bool) -> str:
    known = limit.notna()
    if not known.any():
        return "none printed"
    beyond = value[known] < limit[known] if low else value[known] > limit[known]
    return f"{100 * beyond.mean():.1f} %"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
