"""The card: all that must be known about a checkpoint to use it, as plain data that checks itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from ecgkt.checkpoints.gates import Gate
from ecgkt.domain import arms
from ecgkt.domain.estimates import Estimate
from ecgkt.domain.features import Role
from ecgkt.domain.frequencies import Observed
from ecgkt.domain.labels import LabelSet
from ecgkt.domain.records import Domain
from ecgkt.errors import EcgktError, InvalidCheckpoint, InvalidValue
from ecgkt.signals.preprocessing import Preprocessing

FORMAT = 1
LATER = frozenset({"gate"})
"""Entries that older cards of this format do not have."""
STAGES = ("align", "labs", "diagnoses")
UNREVIEWED = "No clinician has reviewed this model."
SIMULATED_STATEMENT = "Trained on SIMULATED patients only. " + UNREVIEWED


@dataclass(frozen=True)
class Calibration:
    """Platt slope and intercept per label, (k,) each in label order, fitted in `domain` on `rows` tuning rows.

    `errors` maps a set of records and a family of labels ("simulated, held out: tracing") to the mean expected
    calibration error over its labels, measured there. `observed` maps a label to how often it was there by range of
    its calibrated probability, counted in `observed_in` ("simulated, held out"); empty in cards written before 0.6.0.
    """

    domain: Domain
    slope: tuple[float, ...]
    intercept: tuple[float, ...]
    rows: int
    errors: Mapping[str, float] = field(default_factory=dict)
    observed: Mapping[str, Observed] = field(default_factory=dict)
    observed_in: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", Domain(self.domain))
        told = {name: row if isinstance(row, Observed) else Observed(**row) for name, row in self.observed.items()}
        object.__setattr__(self, "observed", told)
        if told and not self.observed_in.startswith(str(self.domain)):
            raise InvalidValue(
                f"frequencies counted among {self.domain} ECGs", repr(self.observed_in), "count them where calibrated"
            )
        object.__setattr__(self, "slope", tuple(self.slope))
        object.__setattr__(self, "intercept", tuple(self.intercept))
        if len(self.slope) != len(self.intercept):
            raise InvalidValue("one slope and intercept per label", "different counts", "fit the calibration anew")


@dataclass(frozen=True)
class Reference:
    """A named set of real records and the quantiles of their logits, (q,) per label in label order.

    Only the quantiles are kept, never the records. `source` says where the set comes from and its licence.
    """

    name: str
    source: str
    records: int
    quantiles: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantiles", tuple(tuple(row) for row in self.quantiles))
        if any(np.any(np.diff(row) < 0) for row in self.quantiles):
            raise InvalidValue("quantiles that do not fall", "falling ones", "compute the reference anew")


@dataclass(frozen=True)
class Card:
    """What must be known about a checkpoint to use it.

    `estimates` maps a set of records ("simulated, held out") to label -> Estimate of AUROC; `commands` maps a figure
    to the command that measured it. `parents` names the checkpoints of the earlier stages. `id` is twelve hex
    digits over weights, labels, architecture, preprocessing and calibration.
    """

    name: str
    title: str
    arm: str
    stage: str
    labels: LabelSet
    preprocessing: Preprocessing
    architecture: Mapping[str, Any]
    training: Mapping[str, Any]
    training_domain: Domain
    calibration: Calibration | None = None
    reference: Reference | None = None
    gate: Gate | None = None
    parents: Mapping[str, str] = field(default_factory=dict)
    estimates: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    code_version: str = ""
    weights_sha256: str = ""
    format: int = FORMAT

    def __post_init__(self) -> None:
        trained_as = arms.arm(self.arm)
        if self.stage not in STAGES:
            raise InvalidValue(f"one of the stages {', '.join(STAGES)}", repr(self.stage), "name the stage")
        beside = {"diagnoses"} if self.architecture.get("side") and not trained_as.from_scratch else set()
        if self.stage == "diagnoses" and set(self.parents) != trained_as.parents | beside:
            raise InvalidValue(
                f"a stage-3 checkpoint of {self.arm} that names its parents {sorted(trained_as.parents) or '(none)'}",
                f"{sorted(self.parents) or 'none'}",
                "give the checkpoint of each earlier stage",
            )
        rows = {
            "calibration": len(self.calibration.slope) if self.calibration else None,
            "reference": len(self.reference.quantiles) if self.reference else None,
        }
        for what, count in rows.items():
            if count not in (None, len(self.labels)):
                raise InvalidValue(f"a {what} of {len(self.labels)} labels", f"{count}", f"compute the {what} anew")

    @property
    def id(self) -> str:
        """Twelve hex digits that change with anything that changes a score."""
        core = [
            self.weights_sha256,
            self.labels.fingerprint,
            self.preprocessing.fingerprint,
            dict(self.architecture),
            self.calibration and [self.calibration.slope, self.calibration.intercept],
        ]
        return hashlib.sha256(json.dumps(core, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def table_names(self) -> tuple[str, ...]:
        """The clinical values that are read beside the ECG, in order; none for a model that needs the ECG alone."""
        return tuple(self.architecture.get("tables", {}).get("features", ()))

    @property
    def table_role(self) -> Role | None:
        """The role of those values."""
        role = self.architecture.get("tables", {}).get("role")
        return None if role is None else Role(role)

    @property
    def statement(self) -> str:
        """The sentence about the training data that stands wherever the model speaks."""
        return SIMULATED_STATEMENT if self.training_domain is Domain.SIMULATED else UNREVIEWED

    @property
    def training_facts(self) -> dict[str, str]:
        """What is known of the training, for people to read."""

        def told(value: Any) -> str:
            if isinstance(value, Mapping):
                return ", ".join(f"{key.replace('_', ' ')} {entry}" for key, entry in value.items())
            return str(value)

        facts = {key.replace("_", " "): told(value) for key, value in self.training.items()}
        settings = self.training.get("settings", {})
        if self.stage == "diagnoses" and "last_loss" not in self.training and settings.get("transfer") == "beside":
            facts["settings"] = (
                "transfer beside: the encoders are kept as their parents left them and every head is fitted by ridge "
                "regression, so that nothing was trained in steps here"
            )
        return facts

    def to_json(self) -> dict[str, Any]:
        """Return plain data; `from_json` reads it back equal."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            "id": self.id,
            "statement": self.statement,
            **plain,
            "labels": self.labels.to_json(),
            "labels_fingerprint": self.labels.fingerprint,
            "preprocessing": asdict(self.preprocessing),
            "preprocessing_fingerprint": self.preprocessing.fingerprint,
            "training_domain": str(self.training_domain),
            "calibration": self.calibration and asdict(self.calibration),
            "reference": self.reference and asdict(self.reference),
            "gate": self.gate and self.gate.to_json(),
            "estimates": {
                where: {label: estimate.to_json() for label, estimate in rows.items()}
                for where, rows in self.estimates.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Card:
        """Build a card from plain data; raise InvalidCheckpoint where it contradicts itself."""
        if data.get("format") != FORMAT:
            raise InvalidCheckpoint(f"a card of format {FORMAT}", f"{data.get('format')}", "train or export it anew")
        derived = {"id", "statement", "labels_fingerprint", "preprocessing_fingerprint"}
        names = {item.name for item in fields(cls)}
        if (unknown := set(data) - names - derived) or (missing := names - set(data) - LATER):
            what = f"unknown entries {sorted(unknown)}" if unknown else f"no {sorted(missing)}"
            raise InvalidCheckpoint("a complete card", what, "export the checkpoint with this version")
        try:
            card = cls(
                **{key: value for key, value in data.items() if key in names}
                | {
                    "labels": LabelSet.from_json(data["labels"]),
                    "preprocessing": Preprocessing(**data["preprocessing"]),
                    "training_domain": Domain(data["training_domain"]),
                    "calibration": data["calibration"] and Calibration(**data["calibration"]),
                    "reference": data["reference"] and Reference(**data["reference"]),
                    "gate": Gate.from_json(data["gate"]) if data.get("gate") else None,
                    "limits": tuple(data["limits"]),
                    "estimates": {
                        where: {label: Estimate(**row) for label, row in rows.items()}
                        for where, rows in data["estimates"].items()
                    },
                }
            )
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            if isinstance(error, EcgktError):
                raise
            raise InvalidCheckpoint("a well-formed card", f"{error}", "export the checkpoint again") from error
        for entry, value in (
            ("labels_fingerprint", card.labels.fingerprint),
            ("preprocessing_fingerprint", card.preprocessing.fingerprint),
            ("id", card.id),
        ):
            if data.get(entry) != value:
                raise InvalidCheckpoint(
                    f"a card whose {entry} is {value}",
                    f"{data.get(entry)}",
                    "use the card as it was written, with the version that wrote it",
                )
        return card
