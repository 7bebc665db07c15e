"""The lab bridge of a checkpoint: how far a diagnosis' score goes with what the embedding knows of each lab.

A lab and a diagnosis are read from one embedding. What goes with a lab's reading is evidence that both share; it is no
cause, neither in the patient nor in the network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain.estimates import Estimate
from ecgkt.domain.labels import LabelSet
from ecgkt.errors import InvalidCheckpoint
from ecgkt.explain.erasure import Erasers
from ecgkt.explain.surrogate import Surrogates

FILE, FORMAT = "bridge.npz", 1


@dataclass(frozen=True, eq=False)
class LabBridge:
    """What was fitted for one checkpoint on a cohort's training and tuning rows.

    `labs` erase the laboratory abnormalities, `noise` concepts that are random numbers. `names` are the checkpoint's
    diagnoses (m,); `moved` (labs, m) and `noise_moved` (m,) the mean size of the change of their logits over held-out
    rows, `lowered` (labs, m) the mean change over those that have the diagnosis, NaN where there are none. `probes`
    maps a lab to the AUROC of a probe fitted anew on held-out rows, before and after it was erased. `surrogates` is
    None for a checkpoint without lab scores. `facts` says on what, and by which command.
    """

    checkpoint_id: str
    labs: Erasers
    noise: Erasers
    names: tuple[str, ...]
    moved: NDArray[np.float64]
    noise_moved: NDArray[np.float64]
    lowered: NDArray[np.float64]
    probes: Mapping[str, tuple[Estimate, Estimate]]
    surrogates: Surrogates | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Erased:
    """One raw score on one ECG, and how it changes when each lab's reading is erased alone.

    `changes` by lab and `noise` (r,) in logits. `readings` by lab: how far its reading lies from the average ECG's,
    in deviations of the cohort.
    """

    target: str
    score: float
    changes: Mapping[str, float]
    readings: Mapping[str, float]
    noise: NDArray[np.float64]

    @property
    def strongest(self) -> str:
        """The lab that moves the score most, up or down."""
        return max(self.changes, key=lambda name: abs(self.changes[name]))

    @property
    def limit(self) -> float:
        """The largest change by an eraser of noise: a lab that moves the score less does not stand out."""
        return float(np.abs(self.noise).max())

    def others(self, name: str, labels: LabelSet) -> float:
        """Return the mean size of the change by the labs of other analytes than that of `name`."""
        own = labels[name].lab
        return float(np.mean([abs(change) for lab, change in self.changes.items() if labels[lab].lab != own]))


def erase_labs(
    bridge: LabBridge, hidden: NDArray[np.floating], weights: NDArray[np.floating], score: float, target: str
) -> Erased:
    """Return what erasing each lab does to one raw score: features (d,) of the ECG, (d,) how the score reads them."""
    changes, noise = (one.changes(hidden[None], weights[None])[0, :, 0] for one in (bridge.labs, bridge.noise))
    readings = bridge.labs.read(hidden[None])[0]
    return Erased(
        target,
        score,
        dict(zip(bridge.labs.names, map(float, changes), strict=True)),
        dict(zip(bridge.labs.names, map(float, readings), strict=True)),
        noise,
    )


def save_bridge(folder: Path, bridge: LabBridge) -> Path:
    """Write a bridge beside the weights that it was fitted for."""
    arrays: dict[str, NDArray[Any]] = {"moved": bridge.moved, "noise_moved": bridge.noise_moved}
    arrays["lowered"] = bridge.lowered
    for which, erasers in (("labs", bridge.labs), ("noise", bridge.noise)):
        arrays |= {f"{which}_{part}": getattr(erasers, part) for part in ("mean", "readings", "removed")}
    if bridge.surrogates is not None:
        for part in ("centre", "spread", "weights", "intercepts", "fidelity"):
            arrays[f"surrogates_{part}"] = getattr(bridge.surrogates, part)
    told = {
        "format": FORMAT,
        "checkpoint_id": bridge.checkpoint_id,
        "names": bridge.names,
        "labs": bridge.labs.names,
        "noise": bridge.noise.names,
        "inputs": bridge.surrogates.inputs if bridge.surrogates else None,
        "probes": {lab: [asdict(one) for one in pair] for lab, pair in bridge.probes.items()},
        "facts": dict(bridge.facts),
    }
    path = folder / FILE
    fresh = path.with_name(f".{path.name}.part")
    with fresh.open("wb") as file:
        np.savez_compressed(
            file,
            told=np.array(json.dumps(told)),
            allow_pickle=False,
            **{name: array.astype(np.float32) for name, array in arrays.items()},
        )
    fresh.replace(path)
    return path


def read_bridge(folder: Path, checkpoint_id: str) -> LabBridge | None:
    """Read the bridge of a checkpoint's folder; None where it has none.

    Raises InvalidCheckpoint where the file is damaged, or was fitted for other weights.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    again = "fit it anew with `python -m ecgkt bridge`"
    try:
        with BytesIO(path.read_bytes()) as data, np.load(data, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        told = json.loads(str(arrays["told"]))
        if told["checkpoint_id"] != checkpoint_id or told["format"] != FORMAT:
            raise InvalidCheckpoint(
                f"a lab bridge of checkpoint {checkpoint_id}", f"one of {told['checkpoint_id']}", again
            )
        return _read(arrays, told)
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise InvalidCheckpoint(f"a lab bridge in {path.name}", f"{error}", again) from error


def _read(arrays: Mapping[str, NDArray[Any]], told: Mapping[str, Any]) -> LabBridge:
    labs, noise = (
        Erasers(tuple(told[which]), *(arrays[f"{which}_{part}"] for part in ("mean", "readings", "removed")))
        for which in ("labs", "noise")
    )
    surrogates = None
    if told["inputs"] is not None:
        parts = [
            arrays[f"surrogates_{part}"].astype(np.float64)
            for part in ("centre", "spread", "weights", "intercepts", "fidelity")
        ]
        surrogates = Surrogates(tuple(told["names"]), tuple(told["inputs"]), *parts)
    return LabBridge(
        told["checkpoint_id"],
        labs,
        noise,
        tuple(told["names"]),
        arrays["moved"].astype(np.float64),
        arrays["noise_moved"].astype(np.float64),
        arrays["lowered"].astype(np.float64),
        {lab: (Estimate(**first), Estimate(**second)) for lab, (first, second) in told["probes"].items()},
        surrogates,
        told["facts"],
    )
