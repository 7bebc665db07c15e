"""A checkpoint that reads records: from `Record` to `Predictions`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ecgkt import checkpoints
from ecgkt.checkpoints import Card, Checkpoint
from ecgkt.domain.features import Role
from ecgkt.domain.predictions import Predictions
from ecgkt.domain.records import Domain, Record
from ecgkt.errors import InvalidCheckpoint, InvalidValue
from ecgkt.evaluation.calibration import sigmoid
from ecgkt.signals.adults import under_age
from ecgkt.signals.appearance import appearance
from ecgkt.signals.quality import assess
from ecgkt.signals.windows import windows

if TYPE_CHECKING:
    from ecgkt.nets.ecg import EcgNetwork
    from ecgkt.nets.multimodal import MultimodalNetwork

BATCH = 64


@dataclass(frozen=True, eq=False)
class Look:
    """A record before it is scored: the network's input `signal` (12, m), or `refusal`, one of them None.

    `distance` is how far it is from the set on which the model was checked, as a share of the limit; NaN where that
    was not judged.
    """

    signal: NDArray[np.float32] | None
    refusal: str | None
    distance: float = float("nan")


@dataclass(frozen=True, eq=False)
class Windowed:
    """The scores of one recording: `each` of its windows (`signals.windows`) in a row, and their `median` in one."""

    each: Predictions
    median: Predictions


class Predictor:
    """A stage-3 checkpoint ready to read ECGs; safe to share between threads, its weights never change."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.card: Card = checkpoint.card
        if self.card.stage != "diagnoses" or self.card.calibration is None:
            raise InvalidCheckpoint(
                "a calibrated checkpoint of stage diagnoses", f"stage {self.card.stage}", "train stage 3 first"
            )
        network = checkpoints.build_network(self.card)
        try:
            network.load_state_dict(dict(checkpoint.weights))
        except RuntimeError as error:
            raise InvalidCheckpoint("weights of the card's architecture", f"{error}", "export it again") from error
        self.network: EcgNetwork | MultimodalNetwork = network.eval().requires_grad_(False)
        self._looks: WeakKeyDictionary[Record, Look] = WeakKeyDictionary()

    @classmethod
    def open(cls, folder: Path) -> Predictor:
        """Load and verify a checkpoint folder."""
        return cls(checkpoints.load(folder))

    @property
    def needs_tables(self) -> bool:
        """Whether the model reads clinical values (`card.table_names`) beside the ECG."""
        return bool(self.card.table_names)

    @property
    def table_role(self) -> Role | None:
        """The role of those values: when they must have been drawn or known."""
        return self.card.table_role

    def predict(self, records: Sequence[Record], tables: NDArray[np.float32] | None = None) -> Predictions:
        """Score records of one domain; abstain from one that cannot be read or is unlike the known, and say why.

        A record that is longer than the model reads is scored in windows (`signals.windows`): its logits are the
        medians over those from which the model does not abstain, and it abstains where that is none of them.
        `tables` (n, k) are the values of `card.table_names`, NaN where not measured, for a model that needs them.
        """
        domains = {record.domain for record in records}
        if len(domains) != 1:
            raise InvalidValue("records of one domain", f"{sorted(domains) or 'none'}", "predict each domain apart")
        parts = [windows(record, self.card.preprocessing.seconds) for record in records]
        owners = np.repeat(np.arange(len(records)), [len(part) for part in parts])
        looks = [self.look(window.record) for part in parts for window in part]
        logits = self._looked(looks, None if tables is None else tables[owners])
        whole = [
            _median(logits[owners == row], [looks[at] for at in np.flatnonzero(owners == row)])
            for row in range(len(records))
        ]
        distances = None if self.card.gate is None else np.array([distance for _, _, distance in whole])
        medians = np.reshape([median for median, _, _ in whole], (len(records), len(self.card.labels)))
        return self.read_logits(medians, domains.pop(), tuple(refusal for _, refusal, _ in whole), distances)

    def predict_windows(self, record: Record) -> Windowed:
        """Score each window of a record on its own, and all of them as `predict` does; for a model of the ECG alone."""
        looks = [self.look(window.record) for window in windows(record, self.card.preprocessing.seconds)]
        distances = None if self.card.gate is None else np.array([look.distance for look in looks])
        logits = self._looked(looks, None)
        each = self.read_logits(logits, record.domain, tuple(look.refusal for look in looks), distances)
        median, refusal, distance = _median(logits, looks)
        distances = None if self.card.gate is None else np.array([distance])
        return Windowed(each, self.read_logits(median[None], record.domain, (refusal,), distances))

    def _looked(self, looks: Sequence[Look], tables: NDArray[np.float32] | None) -> NDArray[np.float64]:
        """Return logits (n, k), NaN where the model abstains."""
        inputs = {row: look.signal for row, look in enumerate(looks) if look.signal is not None}
        logits = np.full((len(looks), len(self.card.labels)), np.nan)
        spoken = list(inputs)
        if spoken:
            logits[spoken] = self.logits([inputs[row] for row in spoken], None if tables is None else tables[spoken])
        return logits

    def look(self, record: Record) -> Look:
        """Return what the network would be given of a record, or the sentence why the model abstains from it.

        Looked once: what was seen is kept for as long as the record itself is.
        """
        seen = self._looks.get(record)
        if seen is None:
            seen = self._looks[record] = self._look(record)
        return seen

    def _look(self, record: Record) -> Look:
        preprocessing, gate = self.card.preprocessing, self.card.gate
        refusal = under_age(record.age) or assess(record, preprocessing.seconds).refusal
        if refusal is not None:
            return Look(None, refusal)
        signal = preprocessing.apply(record)
        if gate is None:
            return Look(signal, None)
        distance, unlike = gate.judge(appearance(signal, preprocessing.fs))
        return Look(signal if unlike is None else None, unlike, distance)

    def logits(
        self, inputs: Sequence[NDArray[np.float32]], tables: NDArray[np.float32] | None = None
    ) -> NDArray[np.float64]:
        """Return raw logits (n, k) of preprocessed inputs (12, m_i); inputs of one length share a batch.

        Raises InvalidValue where the model needs tables (n, values) and gets none, or the other way round.
        """
        import torch

        if self.needs_tables != (tables is not None) or (
            tables is not None and tables.shape != (len(inputs), len(self.card.table_names))
        ):
            raise InvalidValue(
                f"values ({len(inputs)}, {len(self.card.table_names)}) of the tables that {self.card.name} reads",
                "none" if tables is None else f"{tables.shape}",
                "choose a model that needs the ECG alone" if self.needs_tables else "leave the tables out",
            )
        values = None if tables is None else torch.from_numpy(np.array(tables, dtype=np.float32))
        by_length = defaultdict(list)
        for row, signal in enumerate(inputs):
            by_length[signal.shape[1]].append(row)
        out = np.empty((len(inputs), len(self.card.labels)))
        with torch.inference_mode():
            for rows in by_length.values():
                for start in range(0, len(rows), BATCH):
                    some = rows[start : start + BATCH]
                    batch = torch.from_numpy(np.stack([inputs[row] for row in some]))
                    read = (batch,) if values is None else (batch, values[some])
                    out[some] = self.network(*read).numpy()
        return out

    def read_logits(
        self,
        logits: NDArray[np.float64],
        domain: Domain,
        abstained: tuple[str | None, ...] = (),
        distances: NDArray[np.float64] | None = None,
    ) -> Predictions:
        """Turn raw logits (n, k) into Predictions: calibrated probabilities, and ranks in the reference set."""
        calibration = self.card.calibration
        if calibration is None:
            raise InvalidCheckpoint("a calibrated checkpoint", "none", "train stage 3 first")
        calibrated = logits * np.array(calibration.slope) + np.array(calibration.intercept)
        reference = self.card.reference
        return Predictions(
            labels=self.card.labels,
            probabilities=sigmoid(calibrated),
            checkpoint_id=self.card.id,
            domain=domain,
            calibrated_in=calibration.domain,
            ranks=None if reference is None else _ranks(logits, reference.quantiles),
            reference=None if reference is None else f"{reference.name} ({reference.records} real ECGs)",
            abstained=abstained,
            observed=calibration.observed,
            distances=distances,
        )


def _median(logits: NDArray[np.float64], looks: Sequence[Look]) -> tuple[NDArray[np.float64], str | None, float]:
    """Return the medians of a record's windows (n, k), why there are none, and the median distance."""
    spoken = [row for row, look in enumerate(looks) if look.refusal is None]
    if not spoken:
        return logits[0], looks[0].refusal, looks[0].distance
    distance = float(np.median([looks[row].distance for row in spoken]))
    return np.median(logits[spoken], axis=0), None, distance


def _ranks(logits: NDArray[np.float64], quantiles: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Return the share of the reference set below each logit, linear between stored quantiles; NaN stays NaN."""
    share = np.linspace(0, 1, len(quantiles[0]))
    ranks = [np.interp(column, row, share) for column, row in zip(logits.T, quantiles, strict=True)]
    return np.stack(ranks, axis=1)
