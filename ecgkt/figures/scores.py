"""Rows of scores as a reader sees them: frequencies where calibration was measured, ranks elsewhere, never both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from ecgkt.domain import Domain, Label, Predictions
from ecgkt.domain.frequencies import Frequency
from ecgkt.domain.labels import Kind
from ecgkt.domain.units import printed_unit

HEADINGS = {
    Kind.TRACING: "On this tracing",
    Kind.VISIT: "Coded at this visit (ICD-10)",
    Kind.LAB: "Laboratory abnormalities",
}


@dataclass(frozen=True)
class ScoreRow:
    """One target: `detail` is its code or cut-off, `figure` the short form, `sentence` the whole of it.

    `share` in [0, 1] is the length of its bar; None where there is nothing to scale it by. `frequency` is what was
    counted among ECGs with such a score, None where the figure is a rank or the card has no count.
    """

    name: str
    title: str
    kind: Kind
    detail: str
    figure: str
    sentence: str
    share: float | None
    frequency: Frequency | None = None

    @property
    def interval(self) -> str:
        """The interval of the frequency, as "25 to 50 in 100"; empty without one."""
        return "" if self.frequency is None else out_of(self.frequency.low, self.frequency.high)


def score_rows(
    predictions: Predictions, kind: Kind, row: int = 0, first_labs: Iterable[str] = ()
) -> tuple[ScoreRow, ...]:
    """Return the rows of one kind, the highest first; the analytes of `first_labs` before the other labs.

    Empty where the model abstained; in the order of the labels where scores have neither calibration nor reference.
    Rows of one and the same frequency are in the order of their scores.
    """
    if predictions.abstained[row] is not None:
        return ()
    panel = frozenset(first_labs)
    labels = predictions.labels.of_kind(kind)
    rows = [(label.lab not in panel, _row(predictions, label, row)) for label in labels]
    score = {label.name: predictions.probability(label.name, row) for label in labels}
    rows.sort(key=lambda pair: (pair[0], -(pair[1].share or 0.0), -score[pair[1].name]))
    return tuple(score for _, score in rows)


def basis(predictions: Predictions) -> str:
    """Return the sentence that says how to read the figures."""
    if predictions.calibrated:
        labs = "; a lab's, among patients who had the test" if predictions.labels.of_kind(Kind.LAB).names else ""
        counted = ", with 95% intervals" if predictions.observed else "; this checkpoint's card counts no intervals"
        return f"Frequencies among {predictions.domain} ECGs, where the model was calibrated{counted}{labs}"
    if predictions.reference is not None:
        return f"Rank of the score among {predictions.reference}, where the 100th is the highest; uncalibrated here"
    return "Uncalibrated here, and the checkpoint has no reference set: scores are not shown"


def natural_frequency(probability: float) -> str:
    """Return a probability as people count: "1 in 3", "8 in 10", "fewer than 1 in 1,000"."""
    if probability < 0.001:
        return "under 1 in 1,000"
    if probability < 0.37:
        return f"1 in {_round_count(1 / probability):,}"
    if probability < 0.95:
        return f"{round(10 * probability)} in 10"
    return f"{round(100 * probability)} in 100" if probability < 0.995 else "over 99 in 100"


def out_of(*shares: float) -> str:
    """Return shares as whole numbers out of one count, so that they can be compared: "25 to 50 in 100".

    The count is 100 where the largest share is 5 % or more, else 1,000 or 10,000; bounds are rounded outwards.
    """
    largest = max(shares)
    count = 100 if largest >= 0.05 else 1000 if largest >= 0.005 else 10_000
    if len(shares) == 1:
        return f"{round(count * shares[0]):,} in {count:,}"
    low, high = floor(count * min(shares) + 1e-9), ceil(count * largest - 1e-9)
    return f"{low:,} in {count:,}" if low == high else f"{low:,} to {high:,} in {count:,}"


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def detail(label: Label) -> str:
    """Return the ICD-10 code of a visit label, the cut-off of a lab, nothing for a tracing label."""
    if label.kind is Kind.VISIT:
        return codes_told(label.codes["icd10"])
    if label.kind is Kind.LAB:
        unit = printed_unit(str(label.unit))
        if label.threshold is None:
            return "outside the laboratory's range" + (f" ({unit})" if unit else "")
        return f"{'<' if label.direction == 'low' else '>'} {label.threshold:g} {unit}".rstrip()
    return ""


def codes_told(codes: Sequence[str]) -> str:
    """Return ICD-10 codes without dots as they are printed, three or more in a row as a range: "D50-D53, E87.5"."""
    told: list[list[str]] = []
    for code in codes:
        if told and _follows(told[-1][-1], code):
            told[-1].append(code)
        else:
            told.append([code])
    parts = [[f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(_dotted, run) for run in told]
    return ", ".join(one for part in parts for one in part)


def _row(predictions: Predictions, label: Label, row: int) -> ScoreRow:
    frequency = predictions.frequency(label.name, row)
    share: float | None
    if frequency is not None:
        share, figure = frequency.value, natural_frequency(frequency.value)
        sentence = counted_sentence(frequency, predictions.domain, label.kind)
    elif predictions.calibrated:
        share = predictions.probability(label.name, row)
        figure = natural_frequency(share)
        sentence = f"{figure} such ECGs ({predictions.domain} cohort); no interval: too few to count, or not counted"
    elif (rank := predictions.rank(label.name, row)) is not None:
        share = rank
        figure = f"{ordinal(max(1, round(100 * rank)))} of 100"
        sentence = f"rank {figure} in {predictions.reference}, uncalibrated here"
    else:
        share, figure, sentence = None, "—", "no reference set, uncalibrated here"
    return ScoreRow(label.name, label.title, label.kind, detail(label), figure, sentence, share, frequency)


def counted_sentence(frequency: Frequency, domain: Domain, kind: Kind) -> str:
    """Return what was counted, with its interval and the prevalence it assumes, without a full stop."""
    who = f"{domain} ECGs" + (" of patients who had the test" if kind is Kind.LAB else "")
    told = out_of(frequency.low, frequency.high)
    return (
        f"{natural_frequency(frequency.value)} such ECGs (95% interval {told}): {frequency.positives:,} of "
        f"{frequency.n:,} held-out {who} with such a score; {out_of(frequency.prevalence)} of all of them have it"
    )


def _follows(code: str, other: str) -> bool:
    """Whether two ICD-10 categories stand one after the other."""
    categories = (code, other)
    if any(len(one) != 3 or not one[1:].isdigit() for one in categories) or code[0] != other[0]:
        return False
    return int(other[1:]) == int(code[1:]) + 1


def _dotted(code: str) -> str:
    return f"{code[:3]}.{code[3:]}".rstrip(".")


def _round_count(count: float) -> int:
    """Round to whole numbers up to 20, to tens up to 100, to two digits beyond."""
    if count <= 20:
        return round(count)
    step = 10 if count < 195 else 100
    return round(count / step) * step
