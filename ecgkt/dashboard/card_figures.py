"""The figures of a model card: AUROC by family and set, per target to search in, calibration, abstention, cost."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from ecgkt.checkpoints import Card
from ecgkt.dashboard.plain_tables import table_html
from ecgkt.domain import Estimate
from ecgkt.domain.labels import Kind, Label
from ecgkt.figures.scores import HEADINGS, detail

SEARCH, SHOWN_KINDS = "about_search", "about_family"
EVERY = "All"


def families_html(card: Card) -> str:
    """Return the mean AUROC of each family on each set of records, simulated and real beside each other."""
    if not card.estimates:
        return table_html("How good it is: AUROC", ("Targets", "Held out"), [("any", "not measured")])
    rows = []
    for kind in card.labels.kinds:
        cells = [_mean([rows[label.name] for label in card.labels.of_kind(kind) if label.name in rows])
                 for rows in card.estimates.values()]  # fmt: skip
        rows.append((HEADINGS[kind], *cells))
    columns = ("Mean AUROC over targets", *(_set_name(where) for where in card.estimates))
    return table_html("How good it is: mean AUROC by family, and over how many targets", columns, rows)


def errors_html(card: Card) -> str:
    """Return the mean expected calibration error by set and family."""
    if card.calibration is None or not card.calibration.errors:
        return table_html("Calibration error", ("Targets", "Error"), [("any", "not measured")])
    rows = []
    for where, error in card.calibration.errors.items():
        place, _, family = where.rpartition(": ")
        heading = next((HEADINGS[kind] for kind in Kind if str(kind) == family), family)
        rows.append((heading, _set_name(place), f"{error:.3f}"))
    return table_html("Calibration error, mean over targets (0 is right)", ("Targets", "Set", "Error"), rows)


def show_targets(card: Card) -> None:
    """Draw every target's AUROC on every set, to be searched by its name, code or rule."""
    if not card.estimates:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sought = st.text_input("Search the targets", key=SEARCH, placeholder="potassium, I48, bundle", width=300)
        kinds = [EVERY, *map(str, card.labels.kinds)]
        family = st.segmented_control(
            "Family", kinds, key=SHOWN_KINDS, default=EVERY, required=True, label_visibility="collapsed",
            format_func=lambda kind: EVERY if kind == EVERY else HEADINGS[Kind(kind)],
        )  # fmt: skip
    found = [label for label in matching(card, sought) if family in (None, EVERY, str(label.kind))]
    if not found:
        st.info(f"No target has {sought!r} in its name, code or rule.")
        return
    rows = [(label.title, _detail(label), *_cells(card, label)) for label in found]
    columns = ("Target", "Code or cut-off", *(_set_name(where) for where in card.estimates))
    caption = f"AUROC (95% interval), positives of known: {len(found)} of {len(card.labels)} targets"
    with st.container(height=420, border=True):
        st.html(table_html(caption, columns, rows))
    st.caption("Undefined with fewer than 10 positives; a dash where the set does not know the target.")


def matching(card: Card, sought: str) -> tuple[Label, ...]:
    """Return the targets that have each of the sought words in title, name, code, cut-off or rule."""
    words = sought.lower().split()
    return tuple(
        label
        for label in card.labels
        if all(word in f"{label.title} {label.name} {detail(label)} {label.rule}".lower() for word in words)
    )


def gate_html(card: Card) -> str:
    """Return from how many recordings of which kind the model abstained, where its card says so."""
    gate = getattr(card, "gate", None)
    if gate is None:
        text = "Not reported: the card holds no rate of abstention on good, bad and simulated ECGs."
        return table_html("When it abstains", ("Item", "Answer"), [("Rates of abstention", text)], words=True)
    how = f"Where an ECG is unlike {gate.name} ({gate.records:,} records): {gate.fit}. {gate.source}"
    rows = [
        (f"{rate.kind.capitalize()}: {rate.what}", f"{rate.abstained:,} of {rate.records:,}",
         f"{100 * rate.abstained / rate.records:.1f}%")
        for rate in gate.rates
    ]  # fmt: skip
    table = table_html("When it abstains", ("Recordings", "Abstained", "Share"), rows)
    return f'{table}<p class="ecgkt-basis">{escape(how)}</p>'


def cost_html(card: Card, folder: Path) -> str:
    """Return what it takes to run: the size of the weights as they lie on disk, and what is not in the card."""
    weights = folder / "weights.safetensors"
    size = f"{weights.stat().st_size / 1e6:.1f} MB of weights; runs on a processor without a GPU"
    rows = [
        ("Size", size if weights.is_file() else "Not reported: the weights are not here."),
        ("Time per ECG", "Not reported: it depends on the machine (docs/benchmarks.md)."),
    ]
    return table_html("What it costs to run", ("Item", "Answer"), rows, words=True)


def _detail(label: Label) -> str:
    return detail(label) or "–"


def _cells(card: Card, label: Label) -> list[str]:
    return [_cell(rows.get(label.name)) for rows in card.estimates.values()]


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"undefined\n{estimate.positives:,} of {estimate.n:,}"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})\n{estimate.positives:,} of {estimate.n:,}"


def _mean(estimates: list[Estimate]) -> str:
    values = [one.value for one in estimates if one.value is not None]
    return f"{sum(values) / len(values):.3f} ({len(values)})" if values else "not\nmeasured"


def _set_name(where: str) -> str:
    return where.replace("simulated", "SIMULATED")
