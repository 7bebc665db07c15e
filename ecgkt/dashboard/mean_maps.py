"""What two arms look at for a target over many simulated patients, side by side, and where they differ."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ecgkt.catalogue import all_labels
from ecgkt.dashboard import address, plain_tables, saving
from ecgkt.domain import Estimate, Explanation
from ecgkt.domain.explanations import NO_BASELINE
from ecgkt.errors import EcgktError
from ecgkt.explain.words import signed
from ecgkt.figures.beats import FROM_MS, draw_beats
from ecgkt.figures.charts import whose
from ecgkt.figures.paper import Scale
from ecgkt.figures.scores import HEADINGS

if TYPE_CHECKING:
    from ecgkt.dashboard.compare_stored import Pair
    from ecgkt.explain.cohort_maps import CohortMaps, TargetMaps

BUNDLED = Path(__file__).resolve().parents[2] / "assets" / "mean_maps.npz"
MEAN_MAP, USUAL = "mean_map", "e87_hyperkalaemia"
MOST_MISSED = 0.1
NONE = "There are no mean maps to show: write them with `python -m ecgkt mean-maps --cohort PREPARED`."
_SCALE = Scale(25.0, 10.0)
_BEAT_FS = 200.0
STYLE = """
<style>
.ecgkt-means {display: grid; grid-template-columns: repeat(auto-fit, minmax(min(27rem, 100%), 1fr)); gap: .5rem .8rem;
  align-items: start;}
.ecgkt-means figure {margin: 0; min-width: 0;}
.ecgkt-means figcaption {font-size: .82rem; line-height: 1.35; margin: 0 0 .15rem;}
.ecgkt-means img {display: block; width: 100%; height: auto; border: 1px solid rgba(128,128,128,.35);
  color-scheme: light;}
.ecgkt-means .ecgkt-table {font-size: .8rem; line-height: 1.25;}
.ecgkt-means .ecgkt-table th:first-child {white-space: nowrap;}
.ecgkt-means .ecgkt-table td, .ecgkt-means .ecgkt-table thead th {padding-left: .4rem; padding-right: .1rem;}
</style>
"""


def show(pair: Pair) -> None:
    """Draw the mean maps of a chosen target, of the two arms that they were made of; say so where those are others."""
    if not BUNDLED.is_file():
        st.info(NONE)
        return
    try:
        maps = _read(str(BUNDLED), BUNDLED.stat().st_mtime)
    except EcgktError as error:
        st.warning(str(error))
        return
    if set(pair.keys) != set(maps.arms):
        st.info(f"Mean maps were made of {' and '.join(maps.arms)} only. {NONE.partition(': ')[2].capitalize()}")
    names = [label.name for label in all_labels() if label.name in maps.targets]
    usual = USUAL if USUAL in names else names[0]
    address.recall(MEAN_MAP, names, usual, "target")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.selectbox("Target", names, key=MEAN_MAP, format_func=_title, label_visibility="collapsed", width=330)
        one = maps.targets[st.session_state[MEAN_MAP]]
        st.html(f'<p class="ecgkt-basis"><b>{escape(sentence(maps, one))}</b></p>')
    first, second = maps.arms
    title = _title_of(one.target)
    drawn = {f"{arm.capitalize()}.": _draw(maps, one, one.maps[at], title) for at, arm in enumerate(maps.arms)}
    apart = f"{first.capitalize()} minus {second}"
    said = f"{apart}, only where it is told from zero: {one.clear.mean():.0%} of the points."
    drawn[said] = _draw(maps, one, one.difference, apart)
    figures = "".join(_figure(maps, title, words, svg) for words, svg in drawn.items())
    table = f"<div>{table_html(maps, one)}</div>"
    st.html(f'{STYLE}{plain_tables.STYLE}<div class="ecgkt-means">{figures}{table}</div>')
    _export(maps, one, list(drawn.values()))
    with st.expander("How these maps were made"):
        st.html(f'<p class="ecgkt-basis">{escape(made(maps, one, pair.truth.cohort.fingerprint))}</p>')


def sentence(maps: CohortMaps, one: TargetMaps) -> str:
    """Return on which wave the arms' maps differ most, or that no share is told apart."""
    first, second = maps.arms
    of = one.regions["difference"]
    whom = f"{one.patients} held-out {whose(maps.domain)} with {_title_of(one.target)}"
    told = {name: figure for name, figure in of.items() if _is_told(figure)}
    much = {arm: value for arm, value in one.residuals.items() if value > MOST_MISSED}
    missed = " and ".join(f"{arm} {value:.0%}" for arm, value in much.items())
    doubt = f" These maps miss much of the score difference that they explain (median: {missed})." if much else ""
    if not told:
        return f"On {whom} no wave's share of the map is told apart between {first} and {second}.{doubt}"
    name = max(told, key=lambda name: abs(of[name].value or 0))
    shares = [f"{arm} {_percent(one.regions[arm][name])}" for arm in maps.arms]
    return (
        f"On {whom} the arms differ most on the {name}: {' and '.join(shares)} of the map, where it has "
        f"{one.chance[name]:.0%} of the signal; difference {_points(of[name])} points.{doubt}"
    )


def table_html(maps: CohortMaps, one: TargetMaps) -> str:
    """Return the shares by wave with their intervals, arm beside arm, and their differences."""
    rows = []
    for name, chance in one.chance.items():
        arms = [_percent(one.regions[arm][name]) for arm in maps.arms]
        difference = one.regions["difference"][name]
        apart = _points(difference) if _is_told(difference) else f"{_points(difference)} ?"
        rows.append((name, f"{chance:.0%}", f"{one.size[name]:.0%}", *arms, apart))
    columns = ("Wave", "of the signal", "of all mV", *(f"of the map, {arm}" for arm in maps.arms), "difference, points")
    return plain_tables.table_html(f"Shares by wave, {one.patients} {whose(maps.domain)}", columns, rows)


def made(maps: CohortMaps, one: TargetMaps, cohort: str) -> str:
    """Return whose maps these are, how they were made, and what they do not say."""
    missed = ", ".join(f"{arm} {value:.1%}" for arm, value in one.residuals.items())
    other = "" if maps.cohort == cohort else f" Another cohort ({maps.cohort}) than the one above."
    models = ", ".join(f"{arm} {identity}" for arm, identity in maps.arms.items())
    return (
        f"{whose(maps.domain)}. Taken: {maps.rule}. {maps.method.capitalize()}; missed of the score difference "
        f"(median): {missed}. Each patient's map is divided by its own absolute sum, averaged over the beats aligned "
        "at QRS onset, then over patients; behind it the mean of their median beats. Orange raises the score, striped "
        "blue lowers it, in the third figure more than in the other arm; each has its own colour range: compare "
        "places, not strengths. Intervals: 95%, patients resampled, the same in both arms; ? is a difference whose "
        f"interval holds zero; points of the third figure are told from zero at a false discovery rate of 5%. These "
        f"are the highest-scoring of those with it, no average patient, and a map is no "
        f"cause. Models: {models}. Written by {maps.command}.{other}"
    )


def _draw(maps: CohortMaps, one: TargetMaps, values: NDArray[np.float32], legend: str) -> str:
    """Return a mean map (12, m) behind the mean beats as SVG."""
    explanation = Explanation(
        attribution=values,
        fs=maps.fs,
        method=f"{maps.method}, mean over patients",
        target=one.target,
        baseline=NO_BASELINE,
        score=0.0,
        baseline_score=float("nan"),
        residual=None,
        checkpoint_id=", ".join(maps.arms.values()),
    )
    time = FROM_MS + 1000 / _BEAT_FS * np.arange(one.beat.shape[1])
    foot = f"{_SCALE} relative to the grid · mean of the median beats of {one.patients} patients, zero at QRS onset"
    return draw_beats(
        one.beat,
        time,
        (),
        one.patients,
        maps.domain,
        _SCALE,
        explanation=explanation,
        target_title=legend,
        said=foot,
    )


def _figure(maps: CohortMaps, title: str, said: str, svg: str) -> str:
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    told = f"{whose(maps.domain)}. Mean map of {title} on the mean beat of 12 leads. {said}"
    return f'<figure><figcaption>{escape(said)}</figcaption><img alt="{escape(told)}" src="{source}"></figure>'


def _export(maps: CohortMaps, one: TargetMaps, figures: Sequence[str]) -> None:
    """Offer the table and the three figures."""
    with st.container(horizontal=True):
        file = f"mean-map-{one.target}.csv"
        saving.offer("Table as CSV", lambda: shares_csv(maps, one), file, "text/csv")
        for name, svg in zip((*maps.arms, "difference"), figures, strict=True):
            file = f"mean-map-{one.target}-{name}.svg"
            saving.offer(f"Figure as SVG: {name}", svg, file, "image/svg+xml")


def shares_csv(maps: CohortMaps, one: TargetMaps) -> str:
    """Return the shares by wave and by lead with their intervals."""
    from ecgkt.reports.tables import Table, to_csv

    columns = ("part", "arm", "share", "low", "high", "patients")
    rows = [
        (name, arm, figure.value, figure.low, figure.high, figure.n)
        for shares in (one.regions, one.leads)
        for arm, some in shares.items()
        for name, figure in some.items()
    ]
    return to_csv(Table(f"mean-map-{one.target}", f"Mean map of {one.target}", columns, tuple(rows), maps.domain))


def _is_told(figure: Estimate) -> bool:
    """Whether an interval leaves zero out."""
    return figure.low is not None and figure.high is not None and (figure.low > 0 or figure.high < 0)


def _percent(figure: Estimate) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "–"
    return f"{figure.value:.0%} ({100 * figure.low:.0f} to {100 * figure.high:.0f})"


def _points(figure: Estimate) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "–"
    value, low, high = (signed(100 * one) for one in (figure.value, figure.low, figure.high))
    return f"{value} ({low} to {high})"


def _title(name: str) -> str:
    label = all_labels()[name]
    return f"{label.title} · {HEADINGS[label.kind]}"


def _title_of(name: str) -> str:
    return all_labels()[name].title


@st.cache_resource(show_spinner=False, max_entries=1)
def _read(path: str, changed: float) -> CohortMaps:
    from ecgkt.explain.cohort_maps import read_maps

    return read_maps(Path(path))
