"""Several checkpoints on the open ECG: every score side by side, the largest difference first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgkt.checkpoints import real_evidence
from ecgkt.dashboard import compare_maps, compare_table, loading, reading, saving, state, windows
from ecgkt.dashboard.state import Case
from ecgkt.domain import Predictions
from ecgkt.domain.labels import Kind
from ecgkt.figures.scores import HEADINGS, basis
from ecgkt.figures.side_by_side import ComparedRow, compared_rows, not_comparable, table_html, unit
from ecgkt.opinion.families import holds_back

ALL, UNSHOWN, SHOWN, TABLES = "compare_all_rows", "compare_unshown", 10, "compared_rows"


def show(case: Case, models: Mapping[str, Path]) -> None:
    """Draw what two or more models say of a case, in frequencies where all are calibrated for it, ranks elsewhere."""
    reading.show_heading(case)
    turn = st.empty()
    found = [_predict(case, folder, turn) for folder in models.values()]
    names = list(models)
    spoken = [(name, one) for name, one in zip(names, found, strict=True) if one.abstained[0] is None]
    for name, one in zip(names, found, strict=True):
        if one.abstained[0] is not None:
            st.warning(f"{name} abstains. {one.abstained[0]}")
    if not spoken:
        return
    _show_basis(names, found, spoken)
    kinds = [kind for kind in Kind if any(one.labels.of_kind(kind).names for one in found)]
    rows = {kind: compared_rows(found, kind) for kind in kinds}
    unshown = _not_shown(rows, models) if holds_back(spoken[0][1]) else frozenset()
    if unshown and not st.session_state.get(UNSHOWN):
        rows = {kind: tuple(row for row in some if row.name not in unshown) for kind, some in rows.items()}
        kinds = [kind for kind in kinds if rows[kind]]
    counted = "" if not_comparable(found[0], found[1]) else unit(found[0])
    first = None if st.session_state.get(ALL) else SHOWN
    target = compare_maps.chosen(case)
    if target is not None:
        compare_maps.show(case, {name: models[name] for name, _ in spoken}, target)
    tables = [table_html(rows[kind], HEADINGS[kind], names, counted, first, pressed=target or "") for kind in kinds]
    compare_table.show(tables, TABLES, partial(compare_maps.choose, case))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle(f"All {sum(map(len, rows.values()))} scores", key=ALL, persist_state="session")
        if unshown:
            told = f"{len(unshown)} targets not shown to work on real ECGs"
            st.toggle(told, key=UNSHOWN, persist_state="session")
        saving.offer(
            "Scores as CSV",
            lambda: scores_csv(case, models, [row for some in rows.values() for row in some]),
            "scores-side-by-side.csv",
            "text/csv",
        )
    _show_provenance(models)


def _not_shown(rows: Mapping[Kind, Sequence[ComparedRow]], models: Mapping[str, Path]) -> frozenset[str]:
    """Return the targets that none of the models was shown to order on real ECGs."""
    cards = [loading.card(folder) for folder in models.values()]
    return frozenset(
        row.name
        for some in rows.values()
        for row in some
        if not any(real_evidence(card, row.name).works for card in cards)
    )


def _predict(case: Case, folder: Path, turn: DeltaGenerator) -> Predictions:
    identity = loading.card(folder).id
    return state.predictions_of(case, identity, lambda: loading.scores(folder, case.record, turn))


def _show_basis(names: Sequence[str], found: Sequence[Predictions], spoken: Sequence[tuple[str, Predictions]]) -> None:
    told = dict.fromkeys(basis(one) for _, one in spoken)
    said = [f"{sentence}." for sentence in told]
    if len(told) > 1:
        said = [f"{name}: {basis(one)}." for name, one in spoken]
    reason = not_comparable(found[0], found[1])
    said.append(reason or f"Difference: {names[0]} minus {names[1]}, the largest first.")
    said.append("Press a row to see where on the ECG each score comes from.")
    if reason is None and found[0].calibrated:
        said.append("A difference on one ECG has no interval; those of the figures stand on the Case page.")
    st.html(f'<p class="ecgkt-basis">{escape(" ".join(said))}</p>')


def _show_provenance(models: Mapping[str, Path]) -> None:
    cards = {name: loading.card(folder) for name, folder in models.items()}
    titles = {
        name: card.title if card.title.startswith(name) else f"{name}: {card.title}" for name, card in cards.items()
    }
    told = "; ".join(f"{titles[name]}, checkpoint `{card.id}`" for name, card in cards.items())
    statements = " ".join(dict.fromkeys(card.statement for card in cards.values()))
    st.caption(f"{told}. {statements}")


def scores_csv(case: Case, models: Mapping[str, Path], rows: Sequence[ComparedRow]) -> str:
    """Return the side-by-side table with the checkpoints' ids in its columns; no id of the patient is in it."""
    from ecgkt.reports.tables import Table, to_csv

    ids = [f"{name} {loading.card(folder).id}" for name, folder in models.items()]
    columns = ("label", "family", *(f"{one} {what}" for one in ids for what in ("told", "share")), "difference", "saw")
    saw = "; ".join(dict.fromkeys(windows.saw(case, loading.card(folder)) for folder in models.values()))
    cells = []
    for row in rows:
        each = [cell for pair in zip(row.figures, row.shares, strict=True) for cell in pair]
        cells.append((row.name, str(row.kind), *each, row.difference, saw))
    return to_csv(Table("scores", "Scores side by side", columns, tuple(cells), case.record.domain))
