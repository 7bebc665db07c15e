"""The Cohort page a section at a time; every figure is a count of the cohort's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ecgkt.catalogue import all_labels, cohort_recipe
from ecgkt.dashboard import loading, plain_tables, saving
from ecgkt.dashboard.compare_sections import FAMILIES, choose_family
from ecgkt.domain.features import Role, Window
from ecgkt.domain.labels import Kind
from ecgkt.domain.records import Domain
from ecgkt.figures.charts import Chart, Series, draw_chart, whose
from ecgkt.figures.printed_charts import svg

if TYPE_CHECKING:
    from ecgkt.reports.summary import CohortSummary, Count

PART_TITLES = {"train": "Training", "tuning": "Tuning", "held_out": "Held out"}
FAMILY = "cohort_family"
ROLES = {
    Role.INPUT: "Read by the multimodal arm",
    Role.ALIGNMENT_PARTNER: "Aligned with the ECG (stage 1)",
    Role.TARGET: "Predicted (stage 2)",
    Role.REVEAL: "Shown beside the prediction",
}
KINDS = {"lab": "Laboratory", "vital": "Vital signs", "biometric": "Biometrics"}


def show_who(summary: CohortSummary) -> None:
    """Draw age, sex and setting by part of the split."""
    from ecgkt.reports.summary import share, told

    rows = []
    for by, groups in summary.groups.items():
        for group, counts in groups.items():
            cells = []
            for part, (ecgs, _) in summary.parts.items():
                count = counts.get(part, 0)
                of = share(count, ecgs)
                cells.append(told(count) + ("" if of is None else f" ({of:.0%})"))
            rows.append((f"{by.capitalize()}: {group}", *cells))
    columns = ("ECGs of patients", *(PART_TITLES[part] for part in summary.parts))
    st.html(plain_tables.table_html(f"Who, {whose(summary.domain)}", columns, rows))
    st.caption(
        "Groups are of ECGs: a patient with several ECGs counts several times. Not known where nothing is written."
    )


def show_prevalence(summary: CohortSummary) -> None:
    """Draw how common each target of a family is, by part, and beside real collections that the cards know."""
    from ecgkt.reports.summary import share, told

    kind = Kind(choose_family(FAMILY))
    chart, real = prevalence_chart(summary, kind), _real_prevalence(kind)
    left, right = st.columns([6, 6], gap="medium")
    with left:
        _draw(chart)
    rows = []
    for label in _by_prevalence(summary, kind):
        known, positive = summary.of_all(label)
        of = share(positive, known)
        shares = [_percent(share(count[1], count[0])) for count in summary.labels[label].values()]
        others = [_percent(found.get(label)) for found in real.values()]
        rows.append((all_labels()[label].title, told(positive), told(known), _percent(of), *shares, *others))
    parts = [PART_TITLES[part] for part in summary.parts]
    columns = ("Target", "With it", "Known", "All", *parts, *real)
    with right:
        st.html(plain_tables.table_html("Share of ECGs with each target", columns, rows))
        beside = f"Real ECGs: {', '.join(real)}, as their own labels say, from the models' cards. " if real else ""
        more = "" if real else "No figure of real patients for this family stands in a card. "
        rare = "The simulation makes rare conditions commoner than they are. " if _simulated(summary) else ""
        st.caption(f"{beside}{more}{rare}A laboratory target is known where the test was done.")


def show_measured(summary: CohortSummary) -> None:
    """Draw the share of ECGs with a value of each measurement within the window of each role."""
    chart = measured_chart(summary)
    left, right = st.columns([7, 5], gap="medium")
    with left:
        _draw(chart)
    with right:
        titles = _titles(summary)
        roles = [role for role in Role if str(role) in summary.values]
        rows = [
            (titles.get(name, name), *(_of(summary.values[str(role)].get(name, 0), summary.kept) for role in roles))
            for name in _by_measured(summary)
        ]
        st.html(plain_tables.table_html("Share of ECGs with a value", ("Measurement", *map(_role_name, roles)), rows))
        machine = [(_machine_name(name), _of(count, summary.kept)) for name, count in summary.machine.items()]
        st.html(plain_tables.table_html("The machine's measurements", ("Measurement", "Share of ECGs"), machine))
    st.caption("The rest is missing: not measured is not normal, and stays missing. Training masks what is not known.")


def show_windows(summary: CohortSummary) -> None:
    """Draw which values count for which role: from when to when, on which clock, and which of several."""
    recipe = cohort_recipe(summary.recipe)
    rows = []
    for (role, kind), take in recipe.takes.items():
        window = f"{window_words(take.window)}, by the time {take.window.clock}"
        rows.append((f"{ROLES[role]}: {KINDS[kind].lower()}", window, take.choice))
    st.html(
        plain_tables.table_html(
            f"When a value counts, recipe {summary.recipe}",
            ("Values", "Count when", "Which of several"),
            rows,
            words=True,
        )
    )
    age = f"Patients from {recipe.minimum_age} years on. "
    st.caption(
        f"{age}What the multimodal arm reads must have resulted by the ECG; what is predicted may lie after it. "
        f"Source of the recipe: {recipe.source}."
    )


def show_audit(summary: CohortSummary) -> None:
    """Draw what was looked for in the files, what of it was found, and what a single one would forbid."""
    from ecgkt.reports.summary import told

    general = [row for row in summary.audit if not row[0].startswith("label ")]
    rows = [(f"{what[:1].upper()}{what[1:]}", told(count), f"{of:,}", "yes" if bad else "no")
            for what, count, of, bad in general]  # fmt: skip
    columns = ("Looked for", "Found", "Of", "Forbidden")
    st.html(plain_tables.table_html("Leakage looked for in the prepared files", columns, rows))
    labels = [
        (*row[0].removeprefix("label ").partition(" whose evidence ")[::2], *row[1:3])
        for row in summary.audit
        if row not in general
    ]
    titles = {label.name: label.title for label in all_labels()}
    told_by = [
        (titles.get(name, name), evidence.partition(")")[0].strip("("), told(count), f"{of:,}")
        for name, evidence, count, of in labels
    ]
    with st.expander(f"{len(told_by)} targets whose own evidence the multimodal arm may read"):
        st.html(
            plain_tables.table_html(
                "ECGs on which a target's evidence is an input", ("Target", "Evidence", "ECGs", "Known"), told_by
            )
        )


def prevalence_chart(summary: CohortSummary, kind: Kind) -> Chart:
    """Return the share of ECGs with each target of a family by part, the commonest at the top."""
    from ecgkt.reports.summary import share

    names = _by_prevalence(summary, kind)
    series = []
    for part in summary.parts:
        found = [
            (place, share(summary.labels[name][part][1], summary.labels[name][part][0]))
            for place, name in enumerate(names)
        ]
        kept = [(place, 100 * value) for place, value in found if value]
        series.append(Series(PART_TITLES[part], tuple(value for _, value in kept), tuple(float(at) for at, _ in kept)))
    return Chart(
        name=f"prevalence-{kind}",
        title=f"How common, {FAMILIES[str(kind)].lower()}",
        x_title="% of ECGs on which it is known",
        y_title="",
        series=tuple(series),
        domain=summary.domain,
        rows=tuple(all_labels()[name].title for name in names),
        note=f"Cohort {summary.fingerprint}. The scale is logarithmic; none at all is left out.",
        ticks=tuple((at, f"{at:g}") for at in (0.1, 0.3, 1, 3, 10, 30, 100)),
    )


def measured_chart(summary: CohortSummary) -> Chart:
    """Return the share of ECGs with a value of each measurement, by role, the most measured at the top."""
    from ecgkt.reports.summary import share

    names, titles = _by_measured(summary), _titles(summary)
    series = []
    for role in Role:
        counts = summary.values.get(str(role), {})
        found = [(place, share(counts.get(name, 0), summary.kept)) for place, name in enumerate(names)]
        kept = [(place, 100 * value) for place, value in found if value is not None]
        series.append(Series(_role_name(role), tuple(value for _, value in kept), tuple(float(at) for at, _ in kept)))
    return Chart(
        name="measured",
        title="How often each measurement has a value in its window",
        x_title="% of ECGs",
        y_title="",
        series=tuple(series),
        domain=summary.domain,
        rows=tuple(titles.get(name, name) for name in names),
        note=f"Cohort {summary.fingerprint}, recipe {summary.recipe}.",
    )


def window_words(window: Window) -> str:
    """Return a window in the units that people use: "24 h before to 90 min after the ECG"."""
    anchor = "the ECG" if window.anchor == "ecg" else "the arrival"
    return f"{_minutes(window.from_minutes)} to {_minutes(window.to_minutes)} {anchor}"


def _minutes(minutes: float) -> str:
    if minutes == 0:
        return "the time of"
    size = abs(minutes)
    figure = f"{size / 1440:g} days" if size > 1440 else f"{size / 60:g} h" if size > 120 else f"{size:g} min"
    return f"{figure} {'before' if minutes < 0 else 'after'}"


def _real_prevalence(kind: Kind) -> dict[str, dict[str, float]]:
    """Return the share of positives by label on each real collection that a card was measured on, pooled ones apart."""
    found: dict[str, dict[str, float]] = {}
    for folder in loading.models().values():
        card = loading.card(folder)
        for where, rows in card.estimates.items():
            if not where.startswith("real") or " + " in where:
                continue
            shares = {
                name: one.positives / one.n for name, one in rows.items()
                if one.n and name in card.labels.names and card.labels[name].kind is kind
            }  # fmt: skip
            if shares:
                found.setdefault(where.removeprefix("real, "), {}).update(shares)
    return found


def _by_prevalence(summary: CohortSummary, kind: Kind) -> list[str]:
    from ecgkt.reports.summary import share

    names = [label.name for label in all_labels().of_kind(kind)]
    return sorted(names, key=lambda name: -(share(*reversed(summary.of_all(name))) or 0.0))


def _by_measured(summary: CohortSummary) -> list[str]:
    names = dict.fromkeys(name for counts in summary.values.values() for name in counts)
    target = summary.values.get(str(Role.TARGET), {})
    return sorted(names, key=lambda name: -(target.get(name) or 0))


def _titles(summary: CohortSummary) -> dict[str, str]:
    recipe = cohort_recipe(summary.recipe)
    return {spec.name: spec.title for role in Role for spec in recipe.features(role)}


def _machine_name(name: str) -> str:
    """Return "pr_ms" as "PR", "qrs_axis" as "QRS axis"."""
    wave, _, what = name.partition("_")
    return wave.upper() + (" axis" if what == "axis" else "")


def _role_name(role: Role) -> str:
    return str(role).capitalize()


def _of(count: Count, whole: int) -> str:
    from ecgkt.reports.summary import HIDDEN, share

    found = share(count, whole)
    return HIDDEN if found is None else _percent(found)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}\u00a0%"


def _simulated(summary: CohortSummary) -> bool:
    return summary.domain is Domain.SIMULATED


def _draw(chart: Chart) -> None:
    config = {"displayModeBar": False}
    st.plotly_chart(
        draw_chart(chart), theme=None, config=config, key=f"chart-{chart.name}", alt=f"{chart.title}. {chart.mark}"
    )
    saving.offer("Figure as SVG", lambda: svg(chart), f"{chart.name}.svg", "image/svg+xml", key=f"svg-{chart.name}")
