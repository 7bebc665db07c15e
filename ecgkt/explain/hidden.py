"""The features that a checkpoint's heads read from the ECG: of one record, or of many rows of a cohort."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.records import Record
from ecgkt.errors import InvalidValue
from ecgkt.inference import Predictor

if TYPE_CHECKING:
    from ecgkt.data.studies import Study

BATCH = 64
Progress = Callable[[Iterable[int]], Iterable[int]]


def read_heads(predictor: Predictor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how the heads of all k labels read the ECG's d features: weights (k, d) and biases (k,), in card order.

    A model that reads tables too has further weights, which are left out.
    """
    import torch

    heads = list(predictor.network.heads.values())
    with torch.inference_mode():
        rows = torch.cat([head.get_parameter("weight") for head in heads])[:, : predictor.network.encoder.width]
        biases = torch.cat([head.get_parameter("bias") for head in heads])
    return rows.double().numpy(), biases.double().numpy()


@dataclass(frozen=True, eq=False)
class Features:
    """What the heads read (d,) of one ECG, and of a zero signal of its length."""

    ecg: NDArray[np.float32]
    zero: NDArray[np.float32]


def features_of(predictor: Predictor, record: Record) -> Features:
    """Return the features of a record and of its zero signal in one pass of a model that needs the ECG alone.

    Raises InvalidValue where the model abstains from the record or reads clinical tables as well.
    """
    if predictor.needs_tables:
        raise InvalidValue("a model that needs the ECG alone", predictor.card.name, "choose another model")
    signal = _readable(predictor, record)
    ecg, zero = _features(predictor, np.stack([signal, np.zeros_like(signal)]))
    return Features(ecg, zero)


def hidden_of(predictor: Predictor, record: Record) -> NDArray[np.float32]:
    """Return the ECG's features (d,) of one record; raise InvalidValue where the model abstains from it."""
    features: NDArray[np.float32] = _features(predictor, _readable(predictor, record)[None])[0]
    return features


def _readable(predictor: Predictor, record: Record) -> NDArray[np.float32]:
    look = predictor.look(record)
    if look.signal is None:
        raise InvalidValue("an ECG that the model can read", f"{look.refusal}", "explain another recording")
    return look.signal


def hidden_of_rows(
    predictor: Predictor,
    study: Study,
    rows: NDArray[np.intp],
    *,
    keep: Path | None = None,
    progress: Progress = iter,
) -> NDArray[np.float32]:
    """Return the ECG's features (len(rows), d) of rows of a study, from the folder `keep` where they lie there.

    Raises InvalidValue where the study was prepared in another way than the checkpoint reads.
    """
    card = predictor.card
    if study.preprocessing.fingerprint != card.preprocessing.fingerprint:
        raise InvalidValue(
            f"a study of preprocessing {card.preprocessing.fingerprint}",
            study.preprocessing.fingerprint,
            "open the cohort with the checkpoint's preprocessing",
        )
    key = hashlib.sha256(np.ascontiguousarray(rows, dtype=np.int64).tobytes()).hexdigest()[:8]
    path = None if keep is None else keep / f"hidden-{card.id}-{study.cohort.fingerprint}-{key}.npy"
    if path is not None and path.is_file():
        found: NDArray[np.float32] = np.load(path)
        return found
    starts = range(0, len(rows), BATCH)
    parts = [_features(predictor, study.signals[rows[start : start + BATCH]]) for start in progress(starts)]
    hidden = np.concatenate(parts)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, hidden)
    return hidden


def _features(predictor: Predictor, signals: NDArray[np.float32]) -> NDArray[np.float32]:
    import torch

    network = predictor.network
    with torch.inference_mode():
        read = network.relu(network.encoder(torch.from_numpy(np.array(signals, dtype=np.float32))))
    features: NDArray[np.float32] = read.numpy()
    return features
