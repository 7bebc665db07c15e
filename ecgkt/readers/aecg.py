"""HL7 Annotated ECG (root `AnnotatedECG`, urn:hl7-org:v3): the rhythm series, not the representative beat beside it.

After the aECG Implementation Guide of 21 March 2005 (HL7 RCRIM): a series holds sequence sets; a set holds one sequence
of times with an increment, and a sequence per lead with origin, scale and digits: value = origin + scale * digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import Record
from ecgkt.domain.records import canonical_lead
from ecgkt.errors import UnreadableRecord
from ecgkt.readers.aecg_annotations import device_report
from ecgkt.readers.channels import MAX_CHANNELS, check_size, millivolts_per, name_channels, place_in_time
from ecgkt.readers.contract import Companion, Reader
from ecgkt.readers.patient import age_between, day_of, sex_of, years
from ecgkt.readers.samples import numbers
from ecgkt.readers.xml_tree import number, parse_tree, root_name, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_SETS = 200

_KIND = "HL7 aECG"
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0}
_REPORTED_AGE = ("21612-7", "30525-0", "MDC_ATTR_PT_AGE")
_TIMES = ("TIME_ABSOLUTE", "TIME_RELATIVE")
_MOMENT = re.compile(r"(\d{14})(\.\d{1,9})?")
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class _Sequences:
    """Leads that were sampled together: `begin` as the file spells it, `fs` in Hz, a sequence's value by lead name."""

    begin: str
    fs: float
    leads: dict[str, Element]

    @property
    def seconds(self) -> float | None:
        """When they begin, on the file's own clock; None where it does not say so."""
        value, _, unit = self.begin.partition(" ")
        if unit:
            stated = number(value)
            return None if stated is None or unit not in _SECONDS else stated * _SECONDS[unit]
        moment = _MOMENT.match(value)
        try:
            begin = datetime.strptime(moment[1], "%Y%m%d%H%M%S") if moment else None
        except ValueError:
            return None
        return None if begin is None or moment is None else (begin - _EPOCH).total_seconds() + float(moment[2] or 0)


def recognises(head: bytes) -> bool:
    """Tell whether a file is XML with the root of an annotated ECG."""
    return root_name(head) == "AnnotatedECG"


def read(content: bytes, companion: Companion) -> Record:
    """Read the recording with the most standard leads, the longest of those; all names, ids and dates stay behind."""
    root = parse_tree(content, _KIND)
    series, chosen, others = _chosen(root)
    notes: tuple[str, ...] = ()
    if len(chosen) > 1:
        rows, notes = _one_after_the_other(chosen)
    else:
        leads = chosen[0].leads
        rows = {name: _millivolts(leads[name], len(leads)) for name in leads}
        if others:
            told = f"1 of {others + 1} recordings in the file is read, the first of the longest and most complete ones"
            notes = (told,)
    return Record.from_leads(
        name_channels(list(rows), list(rows.values())),
        chosen[0].fs,
        _KIND,
        age=_age(root),
        sex=_sex(root),
        notes=notes,
        device=device_report(root, series) or None,
    )


def _chosen(root: Element) -> tuple[Element, list[_Sequences], int]:
    """Return the series, its leads that were sampled together, and how many such recordings there are besides.

    Where no group has every lead that the series has, all groups are returned.
    """
    all_series = [node for node in root.findall("component/series") if not _is_beat(node)]
    rhythm = [node for node in all_series if _code(node) == "RHYTHM"] or all_series
    if not rhythm:
        raise UnreadableRecord(
            f"an {_KIND} with a rhythm series", "one without", "export the recording, not the representative beat alone"
        )
    found = [(node, together) for node in rhythm for together in _together(node)]
    if not found:
        raise UnreadableRecord(f"leads in the {_KIND}", "none", "export the recording with its waveforms")
    counts = [len(_standard(together)) for _, together in found]
    best = [pair for pair, count in zip(found, counts, strict=True) if count == max(counts)]
    series, chosen = max(best, key=lambda pair: _digits(pair[1]) / pair[1].fs)
    groups = [together for node, together in found if node is series]
    if {lead for group in groups for lead in _standard(group)} - chosen.leads.keys():
        return series, groups, 0
    return series, [chosen], len(best) - 1


def _one_after_the_other(groups: list[_Sequences]) -> tuple[dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """Return each standard lead (n,) at its place on one axis of time, NaN where it was not recorded, and the note."""
    begins = [group.seconds for group in groups]
    known = [begin for begin in begins if begin is not None]
    if len(known) < len(groups) or len({group.fs for group in groups}) > 1:
        raise UnreadableRecord(
            "leads of one rate that say when they begin", "others", "export leads that were recorded at once"
        )
    read = [{name: _millivolts(group.leads[name], len(group.leads)) for name in _standard(group)} for group in groups]
    return place_in_time(list(zip(known, read, strict=True)), groups[0].fs)


def _is_beat(series: Element) -> bool:
    return any(word in _code(series).upper() for word in ("BEAT", "MEDIAN", "AVERAGE"))


def _together(series: Element) -> Iterator[_Sequences]:
    """Yield the leads of each start and rate, over all sequence sets of a series that complete each other."""
    merged: dict[tuple[str, float], list[dict[str, Element]]] = {}
    sets = series.findall("component/sequenceSet")
    if len(sets) > MAX_SETS:
        raise UnreadableRecord(f"at most {MAX_SETS} sequence sets", f"{len(sets):,}", "export one recording")
    for node in sets:
        sequences = [*node.findall("component/sequence"), *node.findall("sequence")]
        leads = [sequence for sequence in sequences if _code(sequence) not in _TIMES]
        if not leads:
            continue
        begin, fs = _timing([sequence for sequence in sequences if _code(sequence) in _TIMES])
        named = _named(leads)
        groups = merged.setdefault((begin, fs), [])
        room = next((group for group in groups if not group.keys() & named.keys()), None)
        if room is None:
            groups.append(named)
        else:
            room.update(named)
    for (begin, fs), groups in merged.items():
        yield from (_Sequences(begin, fs, group) for group in groups)


def _named(sequences: list[Element]) -> dict[str, Element]:
    """Return the values by standard lead name; those that are no standard lead by their place."""
    if len(sequences) > MAX_CHANNELS:
        raise UnreadableRecord(f"at most {MAX_CHANNELS} leads", f"{len(sequences)}", "export the 12-lead recording")
    named: dict[str, Element] = {}
    for place, sequence in enumerate(sequences):
        value, code = sequence.find("value"), sequence.find("code")
        if value is None:
            raise UnreadableRecord(f"a value for every lead of the {_KIND}", "a lead without one", "export it again")
        shown = "" if code is None else code.get("displayName", "")
        lead = canonical_lead(_code(sequence)) or canonical_lead(shown)
        if lead in named:
            raise UnreadableRecord("each lead once", f"{lead} twice", "keep one sequence per lead")
        named[lead or f"channel {place}"] = value
    return named


def _timing(times: list[Element]) -> tuple[str, float]:
    """Return where the times begin, as spelled, and their rate in Hz."""
    for time in times:
        increment, head = time.find("value/increment"), time.find("value/head")
        step = None if increment is None else number(increment.get("value"))
        unit = "" if increment is None else increment.get("unit", "")
        if step is not None and step > 0 and unit in _SECONDS:
            begin = "" if head is None else f"{head.get('value', '')} {head.get('unit', '')}".strip()
            return begin, round(1 / (step * _SECONDS[unit]), 6)
    raise UnreadableRecord(
        f"an increment above 0 with its unit (s, ms or us) for the times of the {_KIND}", "none", "export it with it"
    )


def _millivolts(value: Element, channels: int) -> NDArray[np.float64]:
    """Return origin + scale * digits (n,) in mV."""
    origin, scale = value.find("origin"), value.find("scale")
    step = None if scale is None else number(scale.get("value"))
    if scale is None or not step:
        raise UnreadableRecord(f"a scale for every lead of the {_KIND}", "a lead without one", "export it with units")
    shift = 0.0
    if origin is not None and (first := number(origin.get("value"))):
        shift = first * millivolts_per(origin.get("unit"))
    digits = numbers(text_of(value, "digits"))
    check_size(channels, len(digits))
    samples: NDArray[np.float64] = shift + digits * step * millivolts_per(scale.get("unit"))
    return samples


def _standard(together: _Sequences) -> list[str]:
    return [name for name in together.leads if canonical_lead(name)]


def _digits(together: _Sequences) -> int:
    return max((len(text_of(value, "digits")) for value in together.leads.values()), default=0)


def _code(element: Element) -> str:
    code = element.find("code")
    return "" if code is None else code.get("code", "")


def _age(root: Element) -> float | None:
    """Return the reported age, else the whole years from birth to recording."""
    for observed in root.iterfind("controlVariable/relatedObservation"):
        value = observed.find("value")
        if _code(observed) in _REPORTED_AGE and value is not None:
            return years(number(value.get("value")), value.get("unit", ""))
    born, seen = root.find(".//subjectDemographicPerson/birthTime"), root.find("effectiveTime")
    if born is None or seen is None:
        return None
    moments = [seen.get("value", ""), *(child.get("value", "") for child in seen)]
    days = [day for moment in moments if (day := day_of(moment))]
    return age_between(day_of(born.get("value", "")), days[0]) if days else None


def _sex(root: Element) -> str | None:
    code = root.find(".//subjectDemographicPerson/administrativeGenderCode")
    return None if code is None else sex_of(code.get("code", ""))


READER = Reader(_KIND, recognises, read)
