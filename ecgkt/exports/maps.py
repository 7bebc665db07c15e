"""A target's map as rows: its shares by lead and wave beside chance, its checks, and every sample of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ecgkt.domain import LEADS
from ecgkt.errors import InvalidValue
from ecgkt.explain.guards import Guard
from ecgkt.explain.placed import placed_words
from ecgkt.explain.told import subject
from ecgkt.exports.reading import Mapped, Reading
from ecgkt.exports.scores import STAMP_COLUMNS, stamp_fields
from ecgkt.exports.stamp import Stamp, stamp_of
from ecgkt.spreadsheets import Field, write_csv

SHARE_COLUMNS = ("target", "of", "name", "lead", "share", "chance", "times_chance", "share_of_millivolts", "sum")
MAP_COLUMNS = ("method", "baseline", "residual_share", "calibrated", "checks", "reliable")
ALL = "all leads"


def the_map(reading: Reading) -> Mapped:
    """Return the map of a reading; raise InvalidValue where there is none."""
    if reading.mapped is None:
        raise InvalidValue("a map of a chosen target", "none", "choose a target first")
    return reading.mapped


def share_records(mapped: Mapped) -> Iterator[dict[str, Field]]:
    """Yield the shares of a map: by wave, by lead, and by wave in each lead; none where they cannot be told.

    `sum` is what the part adds to the raw score (logits).
    """
    found = mapped.shares
    if found is None:
        return
    for of, parts in (("wave", found.by_region), ("lead", found.by_lead)):
        for part in parts:
            figures = (part.share, part.chance, part.size, part.signed)
            yield {"of": of, "name": part.name, "lead": part.name if of == "lead" else ALL, **_shares(*figures)}
    for row, lead in enumerate(LEADS):
        for column, name in enumerate(found.regions.names):
            share, chance, size, summed = (
                float(one[row, column]) for one in (found.mass, found.area, found.size, found.signed)
            )
            yield {"of": "wave in a lead", "name": name, "lead": lead, **_shares(share, chance, size, summed)}


def explanation_csv(reading: Reading, stamp: Stamp | None = None) -> str:
    """Return where the map lies as CSV: `SHARE_COLUMNS`, `MAP_COLUMNS`, then the stamp's, in every row.

    Raises InvalidValue without a map, or where its shares cannot be told.
    """
    mapped = the_map(reading)
    if mapped.shares is None:
        raise InvalidValue("a map whose waves are known", mapped.said, "save every sample of the map instead")
    columns = (*SHARE_COLUMNS, *MAP_COLUMNS, *STAMP_COLUMNS)
    common = {**map_fields(reading, mapped), **stamp_fields(stamp or stamp_of(reading))}
    rows = ({**common, **record} for record in share_records(mapped))
    return write_csv(columns, ([row.get(column) for column in columns] for row in rows))


def attribution_csv(reading: Reading, stamp: Stamp | None = None) -> str:
    """Return every sample of the map as CSV: `time_s` and a column per lead, in logits, then what it is of.

    The first row holds the stamp; it is left out of the others, whose figures are many.
    """
    mapped = the_map(reading)
    one = mapped.explanation
    common = {"target": one.target, **map_fields(reading, mapped), **stamp_fields(stamp or stamp_of(reading))}
    columns = ("time_s", *LEADS, *common)
    rows = []
    for place, sample in enumerate(one.attribution.T):
        fields: list[Field] = [round(place / one.fs, 6), *(float(f"{value:.6g}") for value in sample)]
        rows.append([*fields, *(common.values() if place == 0 else [None] * len(common))])
    return write_csv(columns, rows)


def map_fields(reading: Reading, mapped: Mapped) -> dict[str, Field]:
    """Return what is said of a whole map, for each of its rows."""
    one, rails = mapped.explanation, mapped.rails
    missed = one.relative_residual
    return {
        "target": one.target if one.minus is None else f"{one.target} minus {one.minus}",
        "method": one.method,
        "baseline": one.baseline,
        "residual_share": None if missed is None else round(missed, 6),
        "calibrated": reading.predictions is not None and reading.predictions.calibrated,
        "checks": "not made" if rails is None else f"{rails.count}. {rails.verdict}",
        "reliable": None if rails is None else rails.reliable,
    }


def map_document(reading: Reading) -> dict[str, object] | None:
    """Return the map as plain data, every sample included; None without a map."""
    mapped = reading.mapped
    if mapped is None:
        return None
    one, rails = mapped.explanation, mapped.rails
    return {
        **map_fields(reading, mapped),
        "title": subject(reading.card.labels, one),
        "sentence": mapped.said,
        "score": _known(one.score),
        "baseline_score": _known(one.baseline_score),
        "residual": None if one.residual is None else _known(one.residual),
        "seed": one.seed,
        "where_such_maps_lie": " ".join(filter(None, placed_words(one.checkpoint_id, one))),
        "guards": [] if rails is None else [_guard(guard) for guard in rails.guards],
        "all_guards_made": rails is not None and rails.whole,
        "shares": list(share_records(mapped)),
        "attribution": {
            "unit": "logit",
            "fs": one.fs,
            "leads": list(LEADS),
            "values": [[float(f"{value:.5g}") for value in row] for row in one.attribution],
        },
    }


def _guard(guard: Guard) -> dict[str, Field]:
    return {
        "name": guard.name,
        "title": guard.title,
        "state": str(guard.state),
        "figure": guard.figure,
        "limit": guard.limit,
        "passes": "at least the limit" if guard.above else "at most the limit",
        "said": guard.said or guard.reason,
        "source": guard.source,
    }


def _shares(share: float, chance: float, size: float, signed: float) -> dict[str, Field]:
    return {
        "share": round(share, 6),
        "chance": round(chance, 6),
        "times_chance": round(share / chance, 4) if chance > 0 else None,
        "share_of_millivolts": _known(size),
        "sum": _known(signed),
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.6g}")
