"""The nouns. A value that exists is valid: each checks itself at construction. numpy only; no torch, no files."""

from ecgkt.domain.blood import LabValue, MeasuredLabs
from ecgkt.domain.cohorts import Cohort, Split
from ecgkt.domain.device import DeviceReport
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.explanations import Explanation
from ecgkt.domain.features import FeatureSpec, FeatureTable
from ecgkt.domain.labels import Label, LabelSet, LabelTable
from ecgkt.domain.predictions import Predictions
from ecgkt.domain.records import LEADS, Domain, Record

__all__ = [
    "LEADS",
    "Cohort",
    "DeviceReport",
    "Domain",
    "Estimate",
    "Explanation",
    "FeatureSpec",
    "FeatureTable",
    "LabValue",
    "Label",
    "LabelSet",
    "LabelTable",
    "MeasuredLabs",
    "Predictions",
    "Record",
    "Split",
]
