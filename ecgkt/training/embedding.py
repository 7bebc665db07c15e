"""What a frozen network makes of recordings: whole ones, in batches from the memory map."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgkt.data.studies import Study
from ecgkt.nets.beside import Beside
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.multimodal import MultimodalNetwork

BATCH = 64


def embed(encoder: EcgEncoder | Beside, study: Study, rows: NDArray[np.intp]) -> Tensor:
    """Return the embedding (len(rows), width) of whole recordings, on the CPU.

    The encoder is left in evaluation mode.
    """
    device = next(encoder.parameters()).device
    encoder.eval()
    with torch.inference_mode():
        chunks = [encoder(_signals(study, some).to(device)).cpu() for some in _batches(rows)]
    return torch.cat(chunks).clone()


def embed_all(
    network: EcgNetwork | MultimodalNetwork, study: Study, rows: NDArray[np.intp], values: Tensor | None
) -> Tensor:
    """Return what a network's heads read (len(rows), d); `values` (n, k) of the whole study for a multimodal one."""
    embedded = embed(network.encoder, study, rows)
    if isinstance(network, MultimodalNetwork):
        if values is None:
            raise TypeError("a multimodal network needs the tables' values")
        network.tables.eval()
        with torch.inference_mode():
            told = torch.cat([network.tables(values[torch.from_numpy(some)]) for some in _batches(rows)])
        embedded = torch.cat([embedded, told.clone()], dim=1)
    return embedded


def _batches(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def _signals(study: Study, rows: NDArray[np.intp]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(study.signals[rows]))
