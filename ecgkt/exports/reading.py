"""All that is known of one ECG at the moment it is saved, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ecgkt.checkpoints import Card
from ecgkt.domain import Domain, Explanation, MeasuredLabs, Predictions, Record
from ecgkt.errors import EcgktError, InvalidValue
from ecgkt.explain.guards import GuardRails
from ecgkt.explain.regions import Shares, find_regions, shares
from ecgkt.explain.told import DO_NOT_RELY, subject
from ecgkt.explain.words import sentence
from ecgkt.figures.paper import LAYOUTS, Layout, Paper, Scale, lay_out
from ecgkt.inference import Predictor
from ecgkt.opinion.beside import Beside, device_says
from ecgkt.signals.display import FILTERS, DisplayFilter
from ecgkt.signals.measurements import Measurements, measure
from ecgkt.signals.rules import RuleSaid, state_rules
from ecgkt.signals.windows import Window, windows

ORIGIN = {
    Domain.SIMULATED: "SIMULATED, no patient",
    Domain.REAL: "real ECG",
    Domain.UNKNOWN: "origin not stated in the file, treated as real",
}
_SHORT_SECONDS = 0.05
OLDEST = 90
"""Ages from here on leave as "90 or over": an age above 89 counts as an identifier (45 CFR 164.514(b)(2)(i)(C))."""


@dataclass(frozen=True)
class Drawing:
    """How an ECG is drawn: layout, scale and the filter for the eye, as chosen on the page."""

    layout: Layout = LAYOUTS["3x4 + II"]
    scale: Scale = field(default_factory=Scale)
    display: DisplayFilter = FILTERS["No filter"]

    def copy_of(self, record: Record) -> Record:
        """Return the copy of a record that is drawn."""
        return self.display.apply(record)

    def paper(self, drawn: Record) -> Paper:
        """Return the whole sheet that holds a drawn record."""
        return lay_out(self.layout, self.scale, drawn)

    @property
    def settings(self) -> str:
        """Layout, scale and filter in words."""
        shown = f"display: {self.display.description}" if self.display.description else "raw signal, no display filter"
        return f"{self.layout.name} · {self.scale} · {shown}"


@dataclass(frozen=True, eq=False)
class Mapped:
    """A target's map on an ECG: where it lies in one sentence, its shares, and what its checks found.

    `shares` is None where the signal cannot be measured, `rails` where no check was made yet.
    """

    explanation: Explanation
    said: str
    shares: Shares | None
    rails: GuardRails | None


@dataclass(frozen=True, eq=False)
class Reading:
    """One ECG with what was said of it; `predictions` is None as long as no score may be told.

    `title` names no patient, `saw` is what the model was given of the recording. `measured` are laboratory values by
    analyte. `measurements` is None where the signal cannot be measured, and `unmeasured` then says why. `mapped` is the
    map of the chosen target, if any.
    """

    title: str
    record: Record
    card: Card
    predictions: Predictions | None = None
    measurements: Measurements | None = None
    unmeasured: str = ""
    saw: str = ""
    measured: MeasuredLabs = field(default_factory=MeasuredLabs)
    mapped: Mapped | None = None

    def __post_init__(self) -> None:
        said = self.predictions
        if said is not None and (said.checkpoint_id != self.card.id or said.domain is not self.record.domain):
            raise InvalidValue("scores of this ECG by this checkpoint", "others", "score the ECG with the named model")
        if self.mapped is not None and (said is None or self.mapped.explanation.checkpoint_id != self.card.id):
            raise InvalidValue("a map beside its scores, by one checkpoint", "another", "explain the named model")
        object.__setattr__(self, "saw", self.saw or self.card.preprocessing.description)

    @property
    def revealed(self) -> bool:
        """Whether scores may be told."""
        return self.predictions is not None

    @property
    def device(self) -> Mapping[str, float]:
        """What the recording machine itself measured, by name."""
        return self.record.device.values if self.record.device else {}

    @property
    def statements(self) -> tuple[str, ...]:
        """What the recording machine said in words; nothing before the scores are revealed."""
        return self.record.device.statements if self.record.device and self.revealed else ()

    @cached_property
    def rules(self) -> dict[str, RuleSaid]:
        """What rules alone say; empty where the signal cannot be measured or the patient is a child."""
        if self.measurements is None:
            return {}
        return state_rules(self.measurements, self.record.age, self.record.sex)

    @property
    def beside(self) -> Beside:
        """What stands beside the scores."""
        return Beside(self.rules, device_says(self.record.device if self.revealed else None), {})

    @property
    def facts(self) -> tuple[str, ...]:
        """Age, sex, source, rate, length, origin, and what was done on reading, as far as known."""
        one = self.record
        told = (age_words(one.age), one.sex, f"{one.source}, {one.fs:g} Hz, {one.seconds:.1f} s", ORIGIN[one.domain])
        return (*(fact for fact in told if fact), *one.notes)

    @property
    def subject(self) -> str:
        """What the map explains, with a warning where one of its checks failed; empty without a map."""
        if self.mapped is None:
            return ""
        name, rails = subject(self.card.labels, self.mapped.explanation), self.mapped.rails
        return name if rails is None or rails.reliable else f"{DO_NOT_RELY} {name}"


def saw(card: Card, part: Window) -> str:
    """Return what a model saw of a recording, for a footer: which part of a longer one, all of a shorter one."""
    if part.record.seconds < part.of:
        return card.preprocessing.describe(f"{part.title} of {part.of:.1f} s")
    if part.of < card.preprocessing.seconds - _SHORT_SECONDS:
        return card.preprocessing.describe(f"all {part.of:.1f} s")
    return card.preprocessing.description


def age_words(age: float | None) -> str:
    """Return an age in whole years as it may leave; empty where it is not known."""
    if age is None:
        return ""
    return f"{OLDEST} years or over" if round(age) >= OLDEST else f"{age:.0f} years"


def map_of(
    card: Card,
    record: Record,
    explanation: Explanation,
    measurements: Measurements | None,
    rails: GuardRails | None = None,
) -> Mapped:
    """Return a map with its sentence and shares; without them, and with the reason, where there are none."""
    asked = "score" if explanation.minus is None else "difference"
    delineation = None if measurements is None else measurements.delineation
    try:
        regions = find_regions(delineation, explanation.fs, explanation.attribution.shape[1])
        found = shares(explanation, regions, card.preprocessing.apply(record))
        return Mapped(explanation, sentence(found, asked, explanation.method), found, rails)
    except EcgktError as error:
        return Mapped(explanation, f"No shares by wave. {error}", None, rails)


def read_ecg(
    predictor: Predictor, record: Record, title: str, target: str | None = None, *, checks: bool = True
) -> Reading:
    """Score, measure and, where a target is named, explain a record.

    Of a longer recording the first window is read, and `saw` says so. With `checks` the short checks of the map are
    made. Where the model abstains there is no map. Raises UnknownName for a target that the model does not have.
    """
    card = predictor.card
    part = windows(record, card.preprocessing.seconds)[0]
    record = part.record
    if target is not None:
        card.labels.index(target)
    predictions = predictor.predict([record])
    reading = measured_reading(Reading(title, record, card, predictions, saw=saw(card, part)))
    if target is None or predictions.abstained[0] is not None:
        return reading
    from ecgkt.explain.guards import check_quickly
    from ecgkt.explain.methods import explain

    found = explain(predictor, record, target)
    rails = check_quickly(predictor, record, found) if checks else None
    return replace(reading, mapped=map_of(card, record, found, reading.measurements, rails))


def measured_reading(reading: Reading) -> Reading:
    """Return a reading with the measurements of its own signal, or with the reason why there are none."""
    try:
        return replace(reading, measurements=measure(reading.record.signal, reading.record.fs))
    except EcgktError as error:
        return replace(reading, unmeasured=str(error))
