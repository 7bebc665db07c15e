"""One ECG and all that was said of it as one JSON document."""

from __future__ import annotations

import json
from typing import Any

from ecgkt.exports.maps import map_document
from ecgkt.exports.reading import OLDEST, Reading
from ecgkt.exports.scores import score_records
from ecgkt.exports.stamp import Stamp, stamp_of
from ecgkt.figures.scores import basis
from ecgkt.signals.measurements import Measured

FORMAT = "ecgkt reading 1"


def reading_json(reading: Reading, stamp: Stamp | None = None) -> str:
    """Return a reading as JSON; null is "not known" or "not measured", and no figure is NaN.

    Before the scores are revealed it holds the ECG's own facts and measurements alone.
    """
    document = {"format": FORMAT, **(stamp or stamp_of(reading)).to_json(), "ecg": _ecg(reading)}
    if reading.predictions is not None:
        document["scores"] = _scores(reading)
        document["explanation"] = map_document(reading)
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1, default=_plain) + "\n"


def _ecg(reading: Reading) -> dict[str, Any]:
    record, found = reading.record, reading.measurements
    revealed = reading.revealed
    return {
        "title": reading.title,
        "age": None if record.age is None else min(round(record.age), OLDEST),
        "sex": record.sex,
        "source": record.source,
        "fs": record.fs,
        "seconds": round(record.seconds, 3),
        "recorded_with": record.filters,
        "notes": list(record.notes),
        "device_measurements": dict(reading.device),
        "device_statements": list(reading.statements),
        "measurements": None if found is None else {name: _measured(one) for name, one in found.values.items()},
        "rhythm_by_rules": str(found.rhythm.kind) if found is not None and revealed else None,
        "not_measured_because": reading.unmeasured or None,
        "rules": {name: {"met": said.met, "why": said.why} for name, said in reading.rules.items()} if revealed else {},
    }


def _measured(found: Measured) -> dict[str, Any]:
    value = None if found.value is None else round(found.value, 3)
    return {"value": value, "unit": found.unit, "refused_because": found.refusal}


def _scores(reading: Reading) -> dict[str, Any]:
    predictions = reading.predictions
    if predictions is None:
        return {}
    return {
        "calibrated": predictions.calibrated,
        "how_to_read": basis(predictions),
        "abstained": predictions.abstained[0],
        "reference": predictions.reference,
        "labels": [] if predictions.abstained[0] is not None else list(score_records(reading)),
    }


def _plain(value: object) -> object:
    """Return a number of numpy's as Python's own."""
    item = getattr(value, "item", None)
    if item is None:
        raise TypeError(type(value).__name__)
    return item()
