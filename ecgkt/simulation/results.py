"""What the laboratory prints: rounded, censored, haemolysed, in whose range, with which words, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgkt.catalogue import lab_panel
from ecgkt.simulation import comments
from ecgkt.simulation.companions import ARTERIAL, companions
from ecgkt.simulation.course import courses
from ecgkt.simulation.items import NEW_CHEMISTRY, column, items, places, printed_ranges
from ecgkt.simulation.orders import CLINIC, FIRST, draw_panels, draw_times
from ecgkt.simulation.patients import Patient
from ecgkt.simulation.settings import generator
from ecgkt.simulation.stays import ACUTE, History, Stay

Series = NDArray[np.float64]

_HAEMOLYSED = 0.021
_ELEVATED_BY_HAEMOLYSIS = {"potassium": 0.0, "ast": 0.9, "lactate_dehydrogenase": 1.0, "phosphate": 0.06}
_FOREIGN = {"glucose": ("mmol/L", 0.05551), "creatinine": ("umol/L", 88.42)}


@dataclass(frozen=True, eq=False)
class Results:
    """Every result of a patient, one row each, in columns of one length.

    `item` is a position in `items()`, `stay` one in the history's stays (-1: drawn at a clinic), hours are relative to
    the first ECG. `number` is NaN where none was printed, `bound` the limit that was printed instead (NaN: none),
    `sign` "<", ">" or "". `stored` is NaN where no result time is kept; `urgent` 1, 0, or -1 where nothing is said.
    """

    item: NDArray[np.int64]
    stay: NDArray[np.int64]
    specimen: NDArray[np.int64]
    drawn: Series
    stored: Series
    number: Series
    bound: Series
    low: Series
    high: Series
    urgent: NDArray[np.int64]
    haemolysed: NDArray[np.bool_]
    sign: NDArray[Any]
    text: NDArray[Any]
    unit: NDArray[Any]
    comment: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.item)

    @property
    def value(self) -> Series:
        """The number, or the bound where only a bound was printed; NaN for text."""
        return np.where(np.isnan(self.number), self.bound, self.number)

    @property
    def abnormal(self) -> NDArray[np.bool_]:
        """Whether the laboratory flags a row."""
        below = (self.value < self.low) & (self.sign != ">")
        flagged: NDArray[np.bool_] = below | ((self.value > self.high) & (self.sign != "<"))
        return flagged

    def nearest(self, hours: float, within: float) -> dict[str, int]:
        """Return by analyte of the panel the usable row drawn nearest `hours`, within as many hours of it.

        Earlier draws win ties, then the analyte's first item.
        """
        analyte, rank = analytes()
        distance = np.abs(self.drawn - hours)
        usable = (analyte[self.item] >= 0) & (distance <= within) & ~self.haemolysed & ~np.isnan(self.value)
        foreign = _among(tuple(_FOREIGN))[self.item] & (self.unit != _units()[self.item])
        rows = np.flatnonzero(usable & ~foreign)
        order = rows[np.lexsort((rows, rank[self.item[rows]], self.drawn[rows], distance[rows]))]
        names = [one.name for one in lab_panel()]
        found: dict[str, int] = {}
        for row in order.tolist():
            found.setdefault(names[analyte[self.item[row]]], row)
        return found


@cache
def _units() -> NDArray[Any]:
    return np.array([item.unit for item in items()], dtype=object)


@cache
def analytes() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each item the position of its analyte in the panel (-1: none) and its rank among that one's items."""
    known = {itemid: (place, rank) for place, one in enumerate(lab_panel()) for rank, itemid in enumerate(one.item_ids)}
    found = np.array([known.get(item.itemid, (-1, 0)) for item in items()], dtype=np.int64)
    return found[:, 0], found[:, 1]


def draw_results(seed: int, patient: Patient, history: History, clock: float) -> Results:
    """Return every result of a patient; `clock` is the hour of the day at hour 0."""
    rng = generator(seed, "results", patient.number)
    parts = []
    for number, stay in enumerate(history.stays):
        hours, kinds = draw_times(rng, stay, number == 0, clock)
        parts.append(_of_stay(rng, stay, number, hours, kinds, 0.0 if number == 0 else stay.begin))
    if history.clinics:
        usual = replace(patient, conditions={k: v for k, v in patient.conditions.items() if k not in ACUTE})
        clinic = replace(history.present, patient=usual)
        hours = np.round(np.sort(np.array(history.clinics)) * 60) / 60
        parts.append(_of_stay(rng, clinic, -1, hours, np.full(len(hours), CLINIC), 0.0))
    return _joined(parts)


def _joined(parts: list[Results]) -> Results:
    """Return the rows of all parts; no specimen is shared between them."""
    columns = {field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Results)}
    offsets = np.cumsum([0, *[part.specimen.max(initial=-1) + 1 for part in parts[:-1]]])
    columns["specimen"] += np.repeat(offsets, [len(part) for part in parts])
    return Results(**columns)


def _of_stay(
    rng: np.random.Generator, stay: Stay, number: int, hours: Series, kinds: NDArray[np.int64], origin: float
) -> Results:
    """Return the results of one stay, whose illness began at `origin`."""
    p = stay.patient
    blood = courses(p, p.latents, p.wander, hours - origin)
    blood.update(companions(rng, p, stay.ill, blood, hours - origin))
    if stay.year < NEW_CHEMISTRY:
        blood["anion_gap"] = blood["anion_gap"] + blood["potassium"]
    mask = draw_panels(rng, stay, kinds, blood)
    place = places()
    spoilt = (rng.random(len(hours)) < _HAEMOLYSED) & mask[:, place["potassium"]]
    slight = rng.random(len(hours)) < 0.15
    _haemolyse(rng, blood, spoilt, slight)
    draw, item = np.nonzero(mask)
    nothing = np.full(len(hours), np.nan)
    true = np.stack([blood.get(one.name, nothing) for one in items()], axis=1)[draw, item]
    value = true * (1 + column("assay")[item] * rng.standard_normal(len(item)))
    tube = draw * len(_TUBES) + _tubes()[item]
    late = rng.standard_normal(len(hours) * len(_TUBES))[tube]
    minutes = np.maximum(np.round(column("minutes")[item] * np.exp(column("spread")[item] * late)), 1)
    ranges = printed_ranges(p, stay.year)[item]
    gas = _tubes()[item] == _TUBES.index("Blood Gas")
    stat = rng.random(len(item)) < np.where(kinds == FIRST, 0.9, 0.4)[draw]
    printed = _printed(value, item)
    found = Results(
        item=item,
        stay=np.full(len(item), number),
        specimen=np.unique(tube, return_inverse=True)[1],
        drawn=hours[draw],
        stored=np.where(column("minutes")[item] > 0, hours[draw] + minutes / 60, np.nan),
        **printed,
        low=ranges[:, 0],
        high=ranges[:, 1],
        urgent=np.where(gas, -1, stat.astype(np.int64)),
        haemolysed=np.zeros(len(item), dtype=np.bool_),
        comment=comments.usual(stay.year)[item],
    )
    _put_words(rng, found, stay, blood, spoilt[draw], slight[draw], draw)
    return found


_TUBES = ("Chemistry", "Hematology", "Blood Gas", "Urine", "Clotting", "Held")


@cache
def _tubes() -> NDArray[np.int64]:
    """Return for each item the specimen that it is measured in."""
    special = {"inr": "Clotting", "pt": "Clotting", "ptt": "Clotting", "fibrinogen": "Clotting"}
    special |= {"held_plasma": "Held", "held_coagulation": "Held"}
    kinds = [special.get(one.name, "Urine" if one.fluid == "Urine" else one.category) for one in items()]
    return np.array([_TUBES.index(kind) for kind in kinds])


@cache
def _among(names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return for each item whether it is one of these."""
    return np.array([item.name in names for item in items()])


def _haemolyse(
    rng: np.random.Generator, blood: dict[str, Series], spoilt: NDArray[np.bool_], slight: NDArray[np.bool_]
) -> None:
    """Let burst cells raise what they hold, a little in a slightly haemolysed specimen."""
    amount = spoilt * np.where(slight, 0.35, 1.0)
    blood["potassium"] = blood["potassium"] + amount * rng.uniform(0.3, 1.8, len(spoilt))
    for name, factor in _ELEVATED_BY_HAEMOLYSIS.items():
        blood[name] = blood[name] * np.exp(amount * factor * rng.random(len(spoilt)))
    blood["haemolysis_index"] = np.where(spoilt, 60 + 250 * amount, np.minimum(blood["haemolysis_index"], 55))


def _printed(value: Series, item: NDArray[np.int64]) -> dict[str, Any]:
    """Return number, bound, sign, text and unit as printed; what lies beyond the assay's limits becomes a bound."""
    scale = 10.0 ** column("decimals")[item]
    number = np.round(value * scale) / scale
    below, above = number < column("least")[item], number > column("most")[item]
    bound = np.where(below, column("least")[item], np.where(above, column("most")[item], np.nan))
    number = np.where(below | above, np.nan, number) + 0.0
    text = np.array(["" if np.isnan(one) else f"{one:g}" for one in number.tolist()], dtype=object)
    sign = np.where(below, "<", np.where(above, ">", "")).astype(object)
    return {"number": number, "bound": bound, "sign": sign, "text": text, "unit": _units()[item]}


def _put_words(
    rng: np.random.Generator,
    found: Results,
    stay: Stay,
    blood: Mapping[str, Series],
    spoilt: NDArray[np.bool_],
    slight: NDArray[np.bool_],
    draw: NDArray[np.int64],
) -> None:
    """Write the comments, the text-only results, the failures and the foreign units into the rows."""
    place, names = places(), [one.name for one in items()]
    old = stay.year < NEW_CHEMISTRY
    luck = rng.random(len(found))
    for row in np.flatnonzero(found.sign != "").tolist():
        found.comment[row] = comments.censored(names[found.item[row]], str(found.sign[row]), float(found.bound[row]))
    for row in np.flatnonzero(spoilt & _among(comments.HAEMOLYSIS)[found.item]).tolist():
        words = comments.haemolysis(names[found.item[row]], old, bool(slight[row]), float(luck[row]))
        found.comment[row], found.haemolysed[row] = words or found.comment[row], bool(words)
    for row in np.flatnonzero(np.isnan(found.number) & (found.sign == "")).tolist():
        name = names[found.item[row]]
        level = 0.0 if name != "specimen_type" else float(blood["specimen_type"][draw[row]] != ARTERIAL)
        creatinine = float(blood["creatinine"][draw[row]])
        found.text[row], found.comment[row] = comments.text_result(name, float(luck[row]), level, creatinine, stay)
    whole = place["potassium_whole_blood"]
    checked = ((found.item == place["potassium"]) & (found.number > 5.4) & (luck < 0.04) & ~spoilt) | (
        (found.item == whole) & (luck < 0.03)
    )
    for row in np.flatnonzero(checked).tolist():
        plain = found.item[row] != whole
        found.comment[row] = "Specimen not Hemolyzed." if plain else "VERIFIED.  NOT HEMOLYZED."
    found.comment[(luck > 0.955) & (luck < 0.975) & (found.comment == "")] = "___"
    _fail(found, luck)
    foreign = _among(tuple(_FOREIGN))[found.item] & (luck < 0.0006) & ~np.isnan(found.number)
    for row in np.flatnonzero(foreign).tolist():
        unit, factor = _FOREIGN[names[found.item[row]]]
        for values in (found.number, found.low, found.high):
            values[row] = round(values[row] * factor, 1)
        found.unit[row], found.text[row] = unit, f"{found.number[row]:g}"
    found.unit[(found.item == place["d_dimer"]) & (luck < 0.33)] = "ng/mL FEU"


def _fail(found: Results, luck: Series) -> None:
    """Let a clotted tube give no result, and a word stand where a number is due."""
    failed = _among(("inr", "pt", "ptt"))[found.item] & (luck < 0.009)
    found.number[failed], found.text[failed], found.comment[failed] = np.nan, "", "UNABLE TO REPORT."
    lost = (luck > 0.9993) & ~np.isnan(found.number) & (column("minutes")[found.item] > 10)
    found.number[lost], found.text[lost], found.comment[lost] = np.nan, "ERROR", "___"
