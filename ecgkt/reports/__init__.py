"""What checkpoints are worth: predictions stored once, and every figure and table computed from them."""

from ecgkt.reports.cards import (
    add_estimates,
    calibration_errors,
    evaluate_collection,
    evaluate_collections,
    evaluate_study,
    macro,
    macro_by_kind,
    refuse_other_split,
)
from ecgkt.reports.gates import fit_gate, measure_gate, read_records, see, simulate_seen, spoil_all
from ecgkt.reports.judged import Judged, read_judged
from ecgkt.reports.observed import add_observed, count_stored, count_study
from ecgkt.reports.report import Report, card_figures, compute, store_all, write_report
from ecgkt.reports.scoring import QUANTILES, reference_of, score_files, study_logits
from ecgkt.reports.stored import (
    PREDICTIONS,
    TRUTH,
    Stored,
    Truth,
    predictions_folder,
    read_origin,
    read_predictions,
    read_truth,
    store_logits,
    store_predictions,
    store_truth,
)
from ecgkt.reports.tables import Table, to_csv, to_markdown

__all__ = [
    "PREDICTIONS",
    "QUANTILES",
    "TRUTH",
    "Judged",
    "Report",
    "Stored",
    "Table",
    "Truth",
    "add_estimates",
    "add_observed",
    "calibration_errors",
    "card_figures",
    "compute",
    "count_stored",
    "count_study",
    "evaluate_collection",
    "evaluate_collections",
    "evaluate_study",
    "fit_gate",
    "macro",
    "macro_by_kind",
    "measure_gate",
    "predictions_folder",
    "read_judged",
    "read_origin",
    "read_predictions",
    "read_records",
    "read_truth",
    "reference_of",
    "refuse_other_split",
    "score_files",
    "see",
    "simulate_seen",
    "spoil_all",
    "store_all",
    "store_logits",
    "store_predictions",
    "store_truth",
    "study_logits",
    "to_csv",
    "to_markdown",
    "write_report",
]
