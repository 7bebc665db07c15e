"""Weights + card + preprocessing + labels + ancestors, inseparable."""

from ecgkt.checkpoints.cards import Calibration, Card, Reference
from ecgkt.checkpoints.evidence import RealEvidence, real_evidence, reference_share
from ecgkt.checkpoints.folders import (
    CARD,
    Checkpoint,
    build_network,
    bundled_folder,
    choose_checkpoint,
    copy_as,
    encoder_settings,
    list_checkpoints,
    load,
    models_folder,
    read_card,
    save,
    update_card,
)
from ecgkt.checkpoints.gates import Gate, Rate

__all__ = [
    "CARD",
    "Calibration",
    "Card",
    "Checkpoint",
    "Gate",
    "Rate",
    "RealEvidence",
    "Reference",
    "build_network",
    "bundled_folder",
    "choose_checkpoint",
    "copy_as",
    "encoder_settings",
    "list_checkpoints",
    "load",
    "models_folder",
    "read_card",
    "real_evidence",
    "reference_share",
    "save",
    "update_card",
]
