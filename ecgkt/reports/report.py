"""From checkpoints to a report: predictions stored once, then every table and figure from the stored files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecgkt import NOTICE, checkpoints
from ecgkt.data.layout import Prepared
from ecgkt.data.studies import Study, read_study
from ecgkt.data.waveforms.shards import Progress as Counted
from ecgkt.data.waveforms.shards import full_disk_told
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.labels import Kind
from ecgkt.errors import InvalidCohort
from ecgkt.evaluation.calibration import expected_calibration_error
from ecgkt.evaluation.comparison import per_label
from ecgkt.evaluation.discrimination import METRICS
from ecgkt.evaluation.resampling import RESAMPLES
from ecgkt.figures.charts import Chart, draw_chart, whose
from ecgkt.figures.printed_charts import write_svg
from ecgkt.inference import Predictor
from ecgkt.reports import charts
from ecgkt.reports.comparators import COMPARATORS, comparator_origin, fit_comparator
from ecgkt.reports.efficiency import budgets_of, efficiency_differences, efficiency_table, measure_budgets
from ecgkt.reports.judged import Judged, read_judged
from ecgkt.reports.label_tables import (
    compare_labels,
    harm_table,
    label_difference_table,
    label_table,
    subgroup_table,
)
from ecgkt.reports.main_tables import arms_table, difference_table, gap_table, main_table
from ecgkt.reports.measured import group_by_arm, measure
from ecgkt.reports.scoring import Progress
from ecgkt.reports.stored import (
    PREDICTIONS,
    TRUTH,
    Stored,
    Truth,
    read_predictions,
    read_truth,
    store_logits,
    store_predictions,
    store_truth,
)
from ecgkt.reports.tables import Table, to_csv, to_markdown

TABLES, FIGURES, REPORT, PAGE = "tables", "figures", "report.md", "figures.html"
FIRST = ("arms", "macro-auroc", "differences-auroc", "gap", "harmed")
"""The tables that stand first in the report."""


@dataclass(frozen=True)
class Report:
    """All that was computed from the stored predictions of one cohort."""

    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]

    def table(self, name: str) -> Table:
        """Return one table by name."""
        return next(table for table in self.tables if table.name == name)


def store_all(
    cohort: Path,
    models: Sequence[Path],
    out: Path,
    *,
    comparators: bool = True,
    workers: int = 1,
    read: Counted | None = None,
    progress: Progress = iter,
) -> dict[str, Path]:
    """Store the truth and the predictions of every stage-3 checkpoint of some folders; what is there is kept.

    Return the files by checkpoint id. With `comparators`, those are fitted and stored too; without the cart's
    measurements in the prepared cohort, the one that needs them is left out.
    """
    judged = read_judged(cohort)
    folder = Path(out) / PREDICTIONS
    truth = read_truth(store_truth(judged, folder))
    studies: dict[str, Study] = {}
    found: dict[str, Path] = {}
    for checkpoint in _stage_three(models):
        card = checkpoints.read_card(checkpoint)
        path = folder / f"{card.name}-{card.id}.parquet"
        if not path.is_file():
            key = card.preprocessing.fingerprint
            if key not in studies:
                studies[key] = read_study(cohort, card.preprocessing, workers=workers, progress=read)
            path = store_predictions(Predictor.open(checkpoint), studies[key], judged, folder, progress)
        found[card.id] = path
    if comparators:
        found |= _comparators(judged, folder, progress)
    if not found:
        raise InvalidCohort("a checkpoint of stage diagnoses", f"none for {truth.cohort.fingerprint}", "train stage 3")
    return found


def _stage_three(models: Sequence[Path]) -> list[Path]:
    folders = [path for folder in models for path in checkpoints.list_checkpoints(Path(folder)).values()]
    return [path for path in folders if checkpoints.read_card(path).stage == "diagnoses"]


def _comparators(judged: Judged, folder: Path, progress: Progress) -> dict[str, Path]:
    measured = Prepared(judged.folder).measurements.is_file()
    found = {}
    for name in COMPARATORS:
        if name == "intervals" and not measured:
            continue
        origin = comparator_origin(name, judged)
        path = folder / origin.file_name
        found[origin.checkpoint] = (
            path if path.is_file() else store_logits(fit_comparator(name, judged, progress), folder)
        )
    return found


def compute(truth: Truth, stored: Sequence[Stored], *, part: str = "held_out", resamples: int = RESAMPLES) -> Report:
    """Return every table and chart of some stored predictions of one cohort; tables without a row are left out."""
    domain = truth.cohort.domain
    arms = measure(truth, group_by_arm(stored), part=part, resamples=resamples)
    tables = [arms_table(arms, domain)]
    tables += [main_table(arms, domain, metric) for metric in METRICS]
    tables += [difference_table(arms, domain, metric) for metric in METRICS]
    gap = gap_table(arms, domain)
    compared = compare_labels(arms)
    tables += [harm_table(compared, domain)]
    tables += [label_difference_table(pair, one, domain) for pair, one in compared.items()]
    tables += [label_table(arm, truth, domain, part=part, resamples=resamples) for arm in arms.values()]
    tables += [subgroup_table(arms, truth, domain, part=part, resamples=resamples)]
    drawn = [*charts.difference_charts(compared, domain), *charts.calibration_charts(arms, truth, part)]
    if gap is not None:
        tables.append(gap)
        drawn.insert(0, charts.gap_chart(gap))
    if len(budgets_of(stored)) > 1:
        budgets = measure_budgets(truth, stored, part=part, resamples=resamples, known=arms)
        tables += [efficiency_table(budgets, domain), efficiency_differences(budgets, domain)]
        drawn += charts.efficiency_charts(budgets, domain)
    tables = [table for table in tables if table.rows]
    tables.sort(key=lambda table: FIRST.index(table.name) if table.name in FIRST else len(FIRST))
    return Report(tuple(tables), tuple(drawn))


def write_report(
    out: Path, predictions: Sequence[Path], *, part: str = "held_out", resamples: int = RESAMPLES
) -> Report:
    """Compute and write the report of some stored predictions; the truth lies in the folder `out`.

    Writes report.md, tables/*.csv, figures/*.svg and figures.html (no network is needed to look at it). Raises
    InvalidCohort for predictions of another cohort, other rows, labels or split.
    """
    truth = read_truth(Path(out) / PREDICTIONS / TRUTH)
    stored = {(one.origin.checkpoint, one.origin.name): one for one in map(read_predictions, predictions)}
    report = compute(truth, list(stored.values()), part=part, resamples=resamples)
    with full_disk_told(Path(out)):
        _write(report, Path(out), truth)
    return report


def _write(report: Report, out: Path, truth: Truth) -> None:
    for folder, ending in ((TABLES, "csv"), (FIGURES, "svg")):
        (out / folder).mkdir(parents=True, exist_ok=True)
        for old in (out / folder).glob(f"*.{ending}"):
            old.unlink()
    for table in report.tables:
        (out / TABLES / f"{table.name}.csv").write_text(to_csv(table), encoding="utf-8")
    for chart in report.charts:
        write_svg(chart, out / FIGURES / f"{chart.name}.svg")
    head = f"# Results on cohort {truth.cohort.fingerprint}, split by {truth.cohort.split_rule}\n\n"
    body = "\n".join(to_markdown(table) for table in report.tables)
    (out / REPORT).write_text(f"{head}**{whose(truth.cohort.domain)}. {NOTICE}.**\n\n{body}", encoding="utf-8")
    (out / PAGE).write_text(page(report, truth), encoding="utf-8")


def page(report: Report, truth: Truth) -> str:
    """Return all charts as one HTML page that needs no network."""
    drawn = [
        draw_chart(chart).to_html(full_html=False, include_plotlyjs=place == 0, div_id=chart.name)
        for place, chart in enumerate(report.charts)
    ]
    mark = f"{whose(truth.cohort.domain)}. {NOTICE}."
    style = "body{font-family:system-ui,sans-serif;max-width:1000px;margin:2rem auto;color:#111418}"
    head = f'<meta charset="utf-8"><title>Results</title><style>{style}</style>'
    body = f"<h1>Results</h1><p><strong>{mark}</strong></p>{''.join(drawn)}"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def card_figures(
    truth: Truth, stored: Stored, *, part: str = "held_out", resamples: int = RESAMPLES
) -> tuple[dict[str, Estimate], dict[Kind, float]]:
    """Return what comes into a card: AUROC by label, and the mean calibration error by family."""
    arm = measure(truth, {stored.origin.arm: [stored]}, part=part, metrics=["auroc"], resamples=resamples)
    estimates = per_label(list(next(iter(arm.values())).runs), "auroc")
    rows = stored.rows.of(part)
    errors: dict[Kind, float] = {}
    for kind in Kind:
        names = [name for name in truth.labels.labels.of_kind(kind).names if name in stored.names]
        pairs = [(truth.labels.column(name)[rows], stored.probability(name)[rows]) for name in names]
        known = [expected_calibration_error(y, p) for y, p in pairs if {0.0, 1.0} <= set(y.tolist())]
        if names:
            errors[kind] = float(np.mean(known)) if known else float("nan")
    return estimates, errors
