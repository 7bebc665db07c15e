"""What all sessions share: the checkpoints, read once; never a record."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from ecgkt import checkpoints
from ecgkt.checkpoints import Card
from ecgkt.dashboard.state import MODEL

if TYPE_CHECKING:
    from ecgkt.inference import Predictor


def models() -> dict[str, Path]:
    """Return the checkpoints that need the ECG alone, the method first."""
    every = checkpoints.list_checkpoints(checkpoints.models_folder())
    found = {name: folder for name, folder in every.items() if not card(folder).table_names}
    return dict(sorted(found.items(), key=lambda item: item[0] != "transferred"))


def chosen_model() -> Path:
    """Return the folder of the session's chosen checkpoint, the first where none is chosen."""
    found = models()
    return found.get(st.session_state.get(MODEL) or "", next(iter(found.values())))


@st.cache_data(show_spinner=False, max_entries=32)
def _card(folder: str, stamp: float) -> Card:
    return checkpoints.read_card(Path(folder))


def card(folder: Path) -> Card:
    """Return a checkpoint's card without loading its weights."""
    return _card(str(folder), (folder / "card.json").stat().st_mtime)


@st.cache_resource(show_spinner=False, max_entries=4)
def _predictor(folder: str, identity: str) -> Predictor:
    from ecgkt.inference import Predictor

    return Predictor.open(Path(folder))


def predictor(folder: Path) -> Predictor:
    """Return a checkpoint ready to read, shared by all sessions; anew where the folder has changed."""
    return _predictor(str(folder), card(folder).id)


def predictions_folder() -> Path | None:
    """Return the folder of stored predictions that the app was started with, or the bundled one; None without both."""
    named = os.environ.get("ECGKT_PREDICTIONS")
    if named:
        return Path(named)
    bundled = Path(__file__).resolve().parents[2] / "assets" / "predictions"
    return bundled if (bundled / "truth.parquet").is_file() else None


def records_folder() -> Path | None:
    """Return the local MIMIC-IV-ECG folder that the app was started with."""
    named = os.environ.get("ECGKT_RECORDS")
    return Path(named) if named else None
