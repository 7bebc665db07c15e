"""SHAP over what a model that reads the blood was really given: each clinical value, and the ECG as one input."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.catalogue import measurements
from ecgkt.errors import InvalidValue
from ecgkt.explain.surrogate import Shares, shap_of_tables
from ecgkt.inference import Predictor

if TYPE_CHECKING:
    from ecgkt.nets.multimodal import MultimodalNetwork

ECG = "ecg"
AGAINST = "an average ECG of a patient of average age, sex and build of whom nothing was measured"


def reference_values(predictor: Predictor) -> NDArray[np.float32]:
    """Return (k,) what stands for a patient of whom nothing was measured: NaN, and the biometrics' training means."""
    network = _network(predictor)
    names = predictor.card.table_names
    scaling = network.tables if hasattr(network.tables, "mean") else network.tables.get_submodule("kept")
    mean, logarithmic = scaling.get_buffer("mean").numpy(), scaling.get_buffer("logarithmic").numpy()
    always = {"age", "sex_male", *(one.name for one in measurements() if one.kind == "biometric")}
    found = np.where(logarithmic, np.exp(np.where(logarithmic, mean, 0.0)), mean)
    return np.where(np.isin(names, list(always)), found, np.float32("nan")).astype(np.float32)


def shap_of_blood(
    predictor: Predictor,
    hidden: NDArray[np.floating],
    average: NDArray[np.floating],
    values: NDArray[np.floating],
    target: str,
) -> Shares:
    """Return what the ECG and each measured value add to one raw score of a model that reads tables too.

    `hidden` (d,) are the ECG's features and `average` (d,) those of the average ECG; `values` (k,) are those of the
    card's `table_names` in the panel's units, NaN where not measured (a missing biometric counts as the training mean).
    The head is linear over both, so that the ECG's part is exact; the values' parts are of shap's KernelExplainer with
    the ECG held fixed. Raises InvalidValue for a model without tables, UnknownName for a target that it does not have.
    """
    import torch

    network = _network(predictor)
    column = predictor.card.labels.index(target)
    width = network.encoder.width
    heads = list(network.heads.values())
    with torch.inference_mode():
        row = torch.cat([head.get_parameter("weight") for head in heads])[column].double().numpy()
        bias = float(torch.cat([head.get_parameter("bias") for head in heads])[column])

    def score(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        with torch.inference_mode():
            read = network.relu(network.tables(torch.from_numpy(np.ascontiguousarray(rows)))).double().numpy()
        told: NDArray[np.float64] = read @ row[width:]
        return told

    reference = reference_values(predictor)
    told = np.asarray(values, dtype=np.float32)
    told = np.where(np.isnan(told), reference, told)
    of_tables = shap_of_tables(score, told, reference, predictor.card.table_names, AGAINST)
    of_ecg = float((np.asarray(hidden, dtype=np.float64) - average) @ row[:width])
    beside = float(np.asarray(average, dtype=np.float64) @ row[:width]) + bias
    return replace(
        of_tables,
        parts=((ECG, of_ecg), *of_tables.parts),
        base=of_tables.base + beside,
        score=of_tables.score + beside + of_ecg,
    )


def _network(predictor: Predictor) -> MultimodalNetwork:
    from ecgkt.nets.multimodal import MultimodalNetwork

    if not isinstance(predictor.network, MultimodalNetwork):
        raise InvalidValue("a model that reads the clinical tables", predictor.card.name, "choose the multimodal one")
    return predictor.network
