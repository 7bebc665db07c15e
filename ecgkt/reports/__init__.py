"""What checkpoints are worth: predictions stored once, and every figure and table computed from them."""

from ecgkt.reports.cards import (
    add_estimates,
    calibration_errors,
    evaluate_collection,
    evaluate_study,
    macro,
    macro_by_kind,
    refuse_other_split,
)
from ecgkt.reports.scoring import QUANTILES, reference_of, score_files

__all__ = [
    "QUANTILES",
    "add_estimates",
    "calibration_errors",
    "evaluate_collection",
    "evaluate_study",
    "macro",
    "macro_by_kind",
    "reference_of",
    "refuse_other_split",
    "score_files",
]
