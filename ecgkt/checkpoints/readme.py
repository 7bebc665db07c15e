"""The README of a checkpoint, made from its card: nothing stands there that the card does not hold."""

from __future__ import annotations

from ecgkt import NOTICE
from ecgkt.checkpoints.cards import Card
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.labels import Kind

_FAMILIES = {
    Kind.TRACING: "On this tracing",
    Kind.VISIT: "Coded at this visit (ICD-10)",
    Kind.LAB: "Laboratory abnormalities",
}


def render(card: Card) -> str:
    """Return the model card as Markdown."""
    sections = [
        f"# {card.title}",
        f"**{NOTICE}.** {card.statement}",
        _facts(card),
        *(_estimates(card, where) for where in card.estimates),
        _gate(card),
        _bullets("Limits", list(card.limits)),
        _bullets("Commands that made the figures", [f"{what}: `{how}`" for what, how in card.commands.items()]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _facts(card: Card) -> str:
    counts = "; ".join(f"{title}: {len(card.labels.of_kind(kind))}" for kind, title in _FAMILIES.items())
    rows = {
        "Checkpoint": f"`{card.id}`",
        "Arm, stage": f"{card.arm}, {card.stage}",
        "Parents": ", ".join(f"{stage} `{parent}`" for stage, parent in card.parents.items()) or "none",
        "Reads": f"12 leads; {card.preprocessing.description}; fingerprint `{card.preprocessing.fingerprint}`",
        "Scores": counts,
        "Training data": "; ".join(f"{key} {value}" for key, value in card.training_facts.items()),
        "Calibrated in": f"{card.calibration.domain} ECGs ({card.calibration.rows} tuning rows)"
        if card.calibration
        else "no domain",
        "Mean calibration error": "; ".join(f"{where} {error:.3f}" for where, error in card.calibration.errors.items())
        if card.calibration and card.calibration.errors
        else "not measured",
        "Frequencies with intervals": f"of {len(card.calibration.observed)} targets, counted on "
        f"{card.calibration.observed_in}"
        if card.calibration and card.calibration.observed
        else "not counted",
        "Reference set for ranks": f"{card.reference.name}, {card.reference.records} records. {card.reference.source}"
        if card.reference
        else "none",
        "Abstains": f"from ECGs unlike {card.gate.name}, from flat, missing or gapped leads and from less than 5 s"
        if card.gate
        else "from flat, missing or gapped leads and from less than 5 s",
        "Code": f"ecgkt {card.code_version}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items())])


def _estimates(card: Card, where: str) -> str:
    rows = card.estimates[where]
    lines = [f"## AUROC, {where}", "", "95 % intervals by resampling subjects; undefined with too few positives."]
    for kind, title in _FAMILIES.items():
        known = [label for label in card.labels.of_kind(kind) if label.name in rows]
        if known:
            lines += ["", f"### {title}", "", "| target | AUROC | positives of n |", "|---|---|---|"]
            lines += [f"| {label.title} | {_cell(rows[label.name])}" for label in known]
    return "\n".join(lines)


def _cell(estimate: Estimate) -> str:
    return f"{estimate} | {estimate.positives} of {estimate.n} |"


def _gate(card: Card) -> str:
    gate = card.gate
    if gate is None:
        return ""
    rows = [f"| {rate.kind} | {rate.what} | {rate} |" for rate in gate.rates]
    about = f"Fitted on {gate.records} ECGs, {gate.name}. {gate.source} Limit: {gate.fit}."
    lines = ["## From what it abstains", "", about, "", "| ECGs | | abstained |", "|---|---|---|", *rows]
    return "\n".join(lines)


def _bullets(title: str, items: list[str]) -> str:
    return "\n".join([f"## {title}", "", *(f"- {item}" for item in items)]) if items else ""
