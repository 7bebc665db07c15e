"""What a recording machine itself measured and stated, free of what could name a person."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ecgkt.errors import InvalidValue

PLAUSIBLE: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "heart_rate": (10, 400),
        "pr": (30, 800),
        "qrs": (20, 400),
        "qt": (100, 1000),
        "qtc": (100, 1000),
        "qtc_bazett": (100, 1000),
        "qtc_fridericia": (100, 1000),
        "p_axis": (-180, 180),
        "qrs_axis": (-180, 180),
        "t_axis": (-180, 180),
    }
)
"""The values that a machine may state, with their bounds: /min, ms, degrees; `qtc` is by a formula it does not name."""

LONGEST_STATEMENT = 160
MOST_STATEMENTS = 40
LONGEST_FILTERS = 80

_NUMBER_OR_DATE = re.compile(r"\d{5,}|\d\s*[-./]\s*(\d|[A-Za-z]{3})[\w\s]*[-./]\s*\d|\d{1,2}:\d{2}|\b(19|20)\d{2}\b")
_CAPTION = re.compile(r"^[^:]*((?<!\d):|:(?!\d))")
_CAPTIONS = re.compile(r"^\W*(summary|warning|interpretation|conclusion|rhythm|ecg|measurements?)\s*:", re.IGNORECASE)
_PERSON = re.compile(
    r"\b(confirm|review|referr|overread|over-read|edited|signed|interpreted by|read by|performed by|technician|"
    r"attending|physician|operator|ordered|patient|hospital|clinic\b|comment|d\.?o\.?b\b|born|name\b|mrn\b|m\.?d\b|"
    r"dr\b|prof\b|mrs?\b|street)|@|\^",
    re.IGNORECASE,
)
_OF_ECGS = re.compile(
    r"rhyth|r[iy]t?tm|analysis|unsatisfactory|tach?[yiy]|takyk|brad[iy]|arr?h?[yi]th?m|fibril|flutter|flimm|flatter|blo(c|ck)\b|blocc|"
    r"\b(ecg|ekg|sinus|atri[ao]|auricul|ventri|ventrik|node|nodal|junction|supraven|ectop|extras|premature|pvcs?\b|"
    r"pacs?\b|beats?\b|bigemin|trigemin|couplet|wpw\b|wolff|pre-?excit|conduct|interval|pr\b|qrs|qtc?\b|st\b|"
    r"[pqrtu][ -]?waves?\b|axis\b|achse|eje\b|axe\b|deviation|voltage|amplitud|hypertro|hipertro|enlarge|"
    r"abnormal|anormal|normal|borderline|infar|isch[aeäé]m|isqu[eé]m|injury|myocard|mi\b|stemi\b|anterior|"
    r"inferior|lateral|septal|posterior|depression|elevat|repolari|progress|nonspecific|brugada|pericard|digitalis|"
    r"potassium|hyperkal|hypokal|paced\b|pacing|pacemaker|schrittmacher|capture|leads?\b|artifact|artefact|quality|"
    r"baseline|reversal|rbbb|lbbb|lafb|lpfb|[lr]ad\b|[lr]ae\b|ivcd|lvh|rvh|criteria|electrode|rate\b|unconfirmed|undetermined|"
    r"cannot rule out|pulmonary|dextrocard|escape|pauses?\b|wenckebach|mobitz)",
    re.IGNORECASE,
)
_COMMON = """
    and are but can cannot consider for from has its less low high left more new not now old only or out possible
    probable probably right rule since than that the this was were with without age acute unknown other
"""


@dataclass(frozen=True)
class DeviceReport:
    """The report of a recording machine on one recording.

    `values` has what was measured of the names in `PLAUSIBLE`: heart_rate in /min, pr, qrs, qt, qtc, qtc_bazett,
    qtc_fridericia in ms, p_axis, qrs_axis, t_axis in degrees from -180 to 180; what was not measured is absent.
    `filters` is what the machine said of its filters, None where it said nothing. `statements` is the automatic
    interpretation in the machine's own words, line by line; `partial` says that the machine stated more than they tell,
    so that nothing follows from what they do not name. Raises InvalidValue for another name, a value out of its bounds,
    or a statement that `is_statement` refuses; `from_machine` leaves those out instead.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    filters: str | None = None
    statements: tuple[str, ...] = ()
    partial: bool = False

    def __post_init__(self) -> None:
        for name, value in self.values.items():
            if name not in PLAUSIBLE:
                raise InvalidValue(f"one of {', '.join(PLAUSIBLE)}", "another name", "use the names of ecgkt")
            if not _is_plausible(name, value):
                low, high = PLAUSIBLE[name]
                raise InvalidValue(f"{name} from {low:g} to {high:g}", f"{value}", "leave out what was not measured")
        if not all(is_statement(line) for line in self.statements) or len(self.statements) > MOST_STATEMENTS:
            raise InvalidValue(
                f"at most {MOST_STATEMENTS} statements on the ECG alone", "others", "build it with from_machine"
            )
        object.__setattr__(self, "values", MappingProxyType({name: float(self.values[name]) for name in self.values}))
        object.__setattr__(self, "statements", tuple(self.statements))

    @classmethod
    def from_machine(
        cls,
        values: Mapping[str, float | None],
        filters: str | None = None,
        statements: Iterable[str] = (),
        *,
        identifying: Iterable[str] = (),
        partial: bool = False,
    ) -> DeviceReport:
        """Build a report from what a file says, leaving out what is unknown, implausible or may name a person.

        `statements` are those lines alone that the format marks as automatic interpretation: comments and overreads
        by a physician must not be given. Of those lines the ones that `is_statement` refuses are left out, and those
        with a word of `identifying`: the names, numbers and places that stand elsewhere in the same file. The report is
        partial where one of those lines speaks of the ECG.
        """
        kept = {name: value for name, value in values.items() if value is not None and _is_plausible(name, value)}
        known = _words_of(identifying)
        lines = list(dict.fromkeys(" ".join(line.split()) for line in statements))
        told = [line for line in lines if is_statement(line) and not (known & _words_of([line]))][:MOST_STATEMENTS]
        partial = partial or any(_OF_ECGS.search(line) for line in lines if line not in told)
        filters = " ".join((filters or "").split())
        return cls(kept, filters if 0 < len(filters) <= LONGEST_FILTERS else None, tuple(told), partial)

    def __bool__(self) -> bool:
        return bool(self.values or self.filters or self.statements)

    def __reduce__(self) -> tuple[type[DeviceReport], tuple[object, ...]]:
        return type(self), (dict(self.values), self.filters, self.statements, self.partial)


def is_statement(line: str) -> bool:
    """Tell whether a line can only be a machine's statement on an ECG.

    It has 1 to 160 characters and a word of electrocardiography; it has no five digits in a row, no date, time or
    year, no word of people and their work (confirmed, referred, Dr), and no caption with a colon ("Name: ...") other
    than Summary, Warning, Interpretation, Conclusion, Rhythm, ECG, Measurements.
    """
    if not 1 <= len(line) <= LONGEST_STATEMENT or not line.isprintable():
        return False
    if _CAPTION.match(line) and not _CAPTIONS.match(line):
        return False
    return bool(_OF_ECGS.search(line)) and not _NUMBER_OR_DATE.search(line) and not _PERSON.search(line)


def axis_in_degrees(stated: float | None) -> float | None:
    """Return an axis within -180 to 180 of one stated within -180 to 360 degrees; None for any other number."""
    if stated is None or not -180 <= stated <= 360:
        return None
    return stated - 360 if stated > 180 else stated


def _is_plausible(name: str, value: float) -> bool:
    low, high = PLAUSIBLE.get(name, (math.inf, -math.inf))
    return math.isfinite(value) and low <= value <= high


def _words_of(texts: Iterable[str]) -> set[str]:
    """Return the words of three letters and more that are neither common ones nor those of electrocardiography."""
    words = {word for text in texts for word in re.findall(r"\w{3,}", text.lower())} - set(_COMMON.split())
    return {word for word in words if not _OF_ECGS.search(word)}
