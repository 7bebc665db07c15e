"""Checkpoint folders: `weights.safetensors`, `card.json` and a `README.md` made from the card.

Written whole or not at all; loading verifies that they belong together and fails aloud. Never a pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgkt.checkpoints.cards import Card
from ecgkt.checkpoints.readme import render
from ecgkt.errors import InvalidCheckpoint, UnknownName

if TYPE_CHECKING:
    from torch import Tensor

    from ecgkt.nets.ecg import EcgNetwork
    from ecgkt.nets.multimodal import MultimodalNetwork

WEIGHTS, CARD = "weights.safetensors", "card.json"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A card and the weights it vouches for (name -> tensor)."""

    card: Card
    weights: Mapping[str, Tensor]


def save(folder: Path, card: Card, weights: Mapping[str, Tensor]) -> Card:
    """Write a checkpoint folder whole or not at all, and return the card with the weights' checksum."""
    from safetensors.torch import save_file

    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fresh.chmod(0o755)
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, fresh / WEIGHTS)
        (fresh / WEIGHTS).chmod(0o644)
        card = replace(card, weights_sha256=_sha256(fresh / WEIGHTS))
        _write_card(fresh, card)
        _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return card


def copy_as(folder: Path, target: Path) -> Card:
    """Write a checkpoint again under the name of the folder `target`; return its card, of the same id."""
    checkpoint = load(folder)
    return save(target, replace(checkpoint.card, name=target.name), checkpoint.weights)


def load(folder: Path) -> Checkpoint:
    """Read and verify a checkpoint folder; raise InvalidCheckpoint where card and weights do not belong together."""
    from safetensors import SafetensorError
    from safetensors.torch import load as load_tensors

    card = read_card(folder)
    data = (folder / WEIGHTS).read_bytes() if (folder / WEIGHTS).is_file() else b""
    if hashlib.sha256(data).hexdigest() != card.weights_sha256:
        raise InvalidCheckpoint(
            f"the weights that the card of {folder.name} vouches for",
            "a truncated or changed file" if data else "no weights",
            "copy the folder again",
        )
    try:
        return Checkpoint(card, load_tensors(data))
    except SafetensorError as error:
        raise InvalidCheckpoint("weights as safetensors", f"{error}", "copy the folder again") from error


def read_card(folder: Path) -> Card:
    """Read a checkpoint's card alone."""
    path = folder / CARD
    if not path.is_file():
        raise InvalidCheckpoint(f"a checkpoint with {CARD}", f"none in {folder.name}", "name the checkpoint's folder")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidCheckpoint(f"a {CARD} of JSON", f"{error}", "copy the folder again") from error
    return Card.from_json(data)


def update_card(folder: Path, card: Card) -> None:
    """Replace the card of a checkpoint (new estimates, a new reference set), leaving the weights as they are."""
    if card.weights_sha256 != _sha256(folder / WEIGHTS):
        raise InvalidCheckpoint("a card for these weights", "another checksum", "save the checkpoint anew")
    _write_card(folder, card)


def list_checkpoints(folder: Path) -> dict[str, Path]:
    """Return the checkpoints of a folder by name, or the folder itself where it is one."""
    if (folder / CARD).is_file():
        return {folder.name: folder}
    found = {path.parent.name: path.parent for path in sorted(folder.glob(f"*/{CARD}"))}
    if not found:
        raise InvalidCheckpoint("a folder of checkpoints", f"none in {folder.name}", "name a folder as `models`")
    return found


def models_folder() -> Path:
    """Return the folder of checkpoints in use: the environment's ECGKT_MODELS, or the bundled `models/`."""
    return Path(os.environ.get("ECGKT_MODELS") or bundled_folder())


def bundled_folder() -> Path:
    """Return the folder of the checkpoints that come with the project."""
    return Path(__file__).resolve().parents[2] / "models"


def choose_checkpoint(folder: Path | None = None, name: str | None = None) -> Path:
    """Return the named checkpoint of a folder; without a name `transferred`, or the first."""
    found = list_checkpoints(folder or models_folder())
    chosen = name or ("transferred" if "transferred" in found else next(iter(found)))
    if chosen not in found:
        raise UnknownName(f"a model among {', '.join(found)}", repr(chosen), "choose one of them")
    return found[chosen]


def build_network(card: Card) -> EcgNetwork | MultimodalNetwork:
    """Return the untrained network that a card describes, one head per family of labels."""
    from ecgkt.nets.beside import Beside
    from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
    from ecgkt.nets.multimodal import MultimodalNetwork
    from ecgkt.nets.tables import TableEncoder

    heads = {str(kind): len(card.labels.of_kind(kind)) for kind in card.labels.kinds}
    settings, side = encoder_settings(card), card.architecture.get("side", False)
    first = EcgEncoder(**settings)
    encoder = Beside(first, EcgEncoder(**settings)) if side else first
    if not card.table_names:
        return EcgNetwork(encoder, heads)
    tables = [TableEncoder(len(card.table_names), first.width) for _ in range(1 + side)]
    return MultimodalNetwork(encoder, Beside(*tables) if side else tables[0], heads)


def encoder_settings(card: Card) -> dict[str, Any]:
    """Return the settings of a card's ECG encoder, or of each of two side by side."""
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in card.architecture.items()
        if key not in ("tables", "side")
    }


def _write_card(folder: Path, card: Card) -> None:
    _write_atomically(folder / CARD, json.dumps(card.to_json(), indent=1, ensure_ascii=False) + "\n")
    _write_atomically(folder / "README.md", render(card))


def _write_atomically(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _swap(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`; the old one goes only when the new one stands."""
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
        folder.replace(old / "checkpoint")
        fresh.replace(folder)
        shutil.rmtree(old)
    else:
        fresh.replace(folder)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
