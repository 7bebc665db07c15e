"""A reader's own findings on an ECG, committed before the model spoke, beside what it then said. No Streamlit here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecgkt import NOTICE
from ecgkt.catalogue import tracing_labels
from ecgkt.checkpoints import Card, real_evidence
from ecgkt.checkpoints.evidence import reference_share
from ecgkt.domain import Domain, Predictions
from ecgkt.domain.labels import Kind
from ecgkt.figures.charts import whose
from ecgkt.figures.scores import score_rows
from ecgkt.spreadsheets import Field, write_csv

NORMAL = "normal"
PLAIN = "sinus_rhythm"
LEAST_FREQUENCY = 0.5


@dataclass(frozen=True)
class Finding:
    """One finding: whether the reader named it, and the model; `model` is None where it does not count.

    `figure` is the model's frequency or rank in words.
    """

    name: str
    title: str
    reader: bool
    model: bool | None
    figure: str


@dataclass(frozen=True)
class Read:
    """What a reader committed on one ECG, by the first digits of its samples; `named` are names of tracing targets.

    `seen_before` says that scores of this ECG were on screen earlier in the session. `findings`, `rule` and
    `checkpoint` are what the model that was chosen at the time said.
    """

    digest: str
    ecg: str
    domain: Domain
    named: tuple[str, ...]
    seen_before: bool = False
    checkpoint: str = ""
    rule: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def both(self) -> tuple[Finding, ...]:
        """What both name."""
        return tuple(one for one in self.findings if one.reader and one.model)

    @property
    def reader_only(self) -> tuple[Finding, ...]:
        """What the reader names and the model does not."""
        return tuple(one for one in self.findings if one.reader and one.model is False)

    @property
    def model_only(self) -> tuple[Finding, ...]:
        """What the model names and the reader does not."""
        return tuple(one for one in self.findings if one.model and not one.reader)

    @property
    def agrees(self) -> bool:
        """Whether both name the same findings, which is none on an ECG that both call normal."""
        return bool(self.rule) and not self.reader_only and not self.model_only


def contradiction(named: Sequence[str]) -> str | None:
    """Return the sentence why these findings cannot be committed together, or None."""
    if NORMAL in named and set(named) - {NORMAL, PLAIN}:
        return "A normal ECG stands alone or with sinus rhythm."
    return None


def rule(predictions: Predictions) -> str:
    """Return the sentence that says when the model counts as naming a finding; empty where it has no scale here."""
    if predictions.abstained[0] is not None or not (predictions.calibrated or predictions.reference):
        return ""
    if predictions.calibrated:
        said = "The model counts as naming a finding from 1 in 2 such ECGs on"
    else:
        said = (
            "The model has no yes or no here: it counts as naming a finding where this ECG ranks within the share of "
            "the reference set that has it"
        )
    shown = "" if predictions.domain is Domain.SIMULATED else ", nor do scores that were not shown to work on real ECGs"
    return f"{said}. Sinus rhythm does not count{shown}"


def lines(predictions: Predictions, card: Card) -> dict[str, float]:
    """Return the share from which on the model counts as naming a tracing target; what is not in it does not count.

    Half in calibrated frequencies; in ranks, what leaves as many of the reference set above as the card says have it.
    """
    found = {}
    for name in predictions.labels.of_kind(Kind.TRACING).names:
        if name == PLAIN or (predictions.domain is not Domain.SIMULATED and not real_evidence(card, name).works):
            continue
        share = LEAST_FREQUENCY if predictions.calibrated else reference_share(card, name)
        if share:
            found[name] = share if predictions.calibrated else 1 - share
    return found


def compare(named: Sequence[str], predictions: Predictions, card: Card) -> tuple[Finding, ...]:
    """Return what the reader named, then what only the model names, each the highest first."""
    rows = {row.name: row for row in score_rows(predictions, Kind.TRACING)} if rule(predictions) else {}
    titles = {label.name: label.title for label in tracing_labels()}
    without = "no target of this model" if rows else "no figure"
    from_where = lines(predictions, card)
    findings = []
    for name in [*rows, *(name for name in named if name not in rows and name != NORMAL)]:
        row = rows.get(name)
        share = None if row is None else row.share
        by_model = None if share is None or name not in from_where else share >= from_where[name]
        if name in named or by_model:
            title, figure = (titles.get(name, name), without) if row is None else (row.title, row.figure)
            findings.append(Finding(name, title, name in named, by_model, figure))
    return tuple(sorted(findings, key=lambda one: not one.reader))


def tally(reads: Sequence[Read]) -> str:
    """Return a session's count in one sentence; ECGs whose scores had been on screen before are not counted."""
    first = [read for read in reads if not read.seen_before]
    if not first:
        return "No case read first in this session."
    both, mine, its = (
        sum(len(getattr(read, part)) for read in first) for part in ("both", "reader_only", "model_only")
    )
    agreed = sum(read.agrees for read in first)
    cases = "1 case" if len(first) == 1 else f"{len(first)} cases"
    return f"{cases} read first, {agreed} agreed. Findings: {both} both, {mine} you only, {its} the model only."


def to_csv(reads: Sequence[Read]) -> str:
    """Return a session's reads, one line per finding; no id of a patient or of a study is in it."""
    columns = ("case", "ecg", "seen before", "finding", "reader", "model", "figure", "rule", "checkpoint")
    lines: list[list[Field]] = []
    for number, read in enumerate(reads, 1):
        normal = Finding(NORMAL, "Normal ECG", True, not read.model_only if read.rule else None, "")
        findings = (*([normal] if NORMAL in read.named else []), *read.findings)
        for one in findings or (Finding("", "", False, None, ""),):
            told = {True: "yes", False: "no", None: "not counted"}
            who: list[Field] = [number, read.ecg, told[read.seen_before]]
            what = [one.name, told[one.reader], told[one.model], one.figure]
            lines.append([*who, *what, read.rule, read.checkpoint, whose(read.domain), NOTICE])
    return write_csv((*columns, "patients", "notice"), lines)
