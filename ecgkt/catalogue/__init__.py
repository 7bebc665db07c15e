"""What is predicted and what is measured, written down once as data (the .toml files beside this module)."""

from ecgkt.catalogue.coding import cinc2021_silent, statements_row, tracing_row, visit_row
from ecgkt.catalogue.cohort_recipes import RECIPES, CohortRecipe, Take, ValueRules, cohort_recipe, feature_specs
from ecgkt.catalogue.dials import (
    Dial,
    DialPatient,
    Sensitivity,
    dial,
    dial_patients,
    dial_seed,
    dials,
    ischaemia_kinds,
    sensitivities,
)
from ecgkt.catalogue.do_not_miss import Condition, do_not_miss, not_covered
from ecgkt.catalogue.icd import expand, gem, icd10_of
from ecgkt.catalogue.other_labs import MdsEdLab, OtherLab, mds_ed_labs, other_labs
from ecgkt.catalogue.panel import (
    Lab,
    Measurement,
    lab,
    lab_panel,
    measurements,
    other_measurements,
)
from ecgkt.catalogue.repeated import Repeatability, repeatability
from ecgkt.catalogue.targets import (
    Relations,
    all_labels,
    lab_labels,
    tracing_labels,
    tracing_relations,
    visit_labels,
)
from ecgkt.catalogue.units import limit_words, value_words

__all__ = [
    "RECIPES",
    "CohortRecipe",
    "Condition",
    "Dial",
    "DialPatient",
    "Lab",
    "MdsEdLab",
    "Measurement",
    "OtherLab",
    "Relations",
    "Repeatability",
    "Sensitivity",
    "Take",
    "ValueRules",
    "all_labels",
    "cinc2021_silent",
    "cohort_recipe",
    "dial",
    "dial_patients",
    "dial_seed",
    "dials",
    "do_not_miss",
    "expand",
    "feature_specs",
    "gem",
    "icd10_of",
    "ischaemia_kinds",
    "lab",
    "lab_labels",
    "lab_panel",
    "limit_words",
    "mds_ed_labs",
    "measurements",
    "not_covered",
    "other_labs",
    "other_measurements",
    "repeatability",
    "sensitivities",
    "statements_row",
    "tracing_labels",
    "tracing_relations",
    "tracing_row",
    "value_words",
    "visit_labels",
    "visit_row",
]
