"""DeepLIFT and Grad-CAM: attributions that hook the layers of an ECG network, each on a copy of its modules.

Captum puts its hooks on the network that it is given. The one that a `Predictor` holds is shared by all sessions, so
a copy is made for each map: it shares the weights and has modules, and hooks, of its own.
"""

from __future__ import annotations

import threading
import warnings
from math import prod

import numpy as np
import torch
from captum.attr import DeepLift, LayerGradCam
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgkt.errors import InvalidValue
from ecgkt.explain.logits import Logit
from ecgkt.explain.questions import Question
from ecgkt.nets.ecg import Conv, EcgEncoder, ResidualBlock
from ecgkt.nets.multimodal import MultimodalNetwork

_HOOKS_ARE_MEANT = "Setting forward, backward hooks"
_WARNINGS = threading.Lock()


class _Pooled(nn.Module):
    """An encoder whose maximum over time is a module: DeepLIFT's rule for maxima is one of modules."""

    def __init__(self, encoder: EcgEncoder) -> None:
        super().__init__()
        self.width, self.stem, self.blocks, self.embed = encoder.width, encoder.stem, encoder.blocks, encoder.embed
        self.longest = nn.MaxPool2d((1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return what the encoder returns in evaluation mode, (b, width)."""
        features = self.blocks(self.stem(x.unsqueeze(2)))
        self.longest.kernel_size = self.longest.stride = (1, features.shape[3])
        largest = self.longest(features.clone()).flatten(1)
        embedding: Tensor = self.embed(torch.cat([features.mean(dim=(2, 3)), largest], dim=1))
        return embedding


class _Constant(nn.Module):
    """What a network makes of clinical tables, which stay as they are while the ECG is explained."""

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.value = value

    def forward(self, values: Tensor) -> Tensor:
        """Return the one embedding for every row."""
        return self.value.expand(len(values), -1)


class _OneLogit(nn.Module):
    """A logit as a module, so that Captum finds the network's own modules under it."""

    def __init__(self, logit: Logit) -> None:
        super().__init__()
        self.network = logit.network
        self.logit = logit

    def forward(self, x: Tensor) -> Tensor:
        """Return (b,) logits."""
        return self.logit(x)


def deep_lift(question: Question) -> NDArray[np.float32]:
    """Return DeepLIFT's attribution by the rescale rule (Shrikumar 2017); its sum is the score difference."""
    logit = _own(question)
    module = _OneLogit(logit)
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, EcgEncoder):
                setattr(parent, name, _Pooled(child))
    if isinstance(logit.network, MultimodalNetwork) and logit.tables is not None:
        with torch.no_grad():
            told = logit.network.tables(torch.from_numpy(logit.tables)[None])
        logit.network.add_module("tables", _Constant(told))
    given, reference = (torch.from_numpy(one)[None] for one in (question.signal, question.baseline))
    with _WARNINGS, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_HOOKS_ARE_MEANT)
        found = DeepLift(module).attribute(given.requires_grad_(), reference)
    attribution: NDArray[np.float32] = found[0].detach().numpy()
    return attribution


def grad_cam(question: Question) -> NDArray[np.float32]:
    """Return what a residual block's channels add to the score by time, the same in every lead (Selvaraju 2017).

    `question.layer` counts blocks from the last (-1) back. Where two encoders stand side by side each has its own map,
    and both are added, as their parts of the score are. Between the block's steps values lie on straight lines, and a
    step's value is shared out evenly over its samples and leads. Not rectified: what lowers the score is told as well.
    """
    logit = _own(question)
    course = np.zeros(question.signal.shape[1])
    for encoder in [one for one in _modules(logit) if isinstance(one, EcgEncoder)]:
        step = step_samples(encoder, question.layer)
        given = torch.from_numpy(question.signal)[None].requires_grad_()
        found = LayerGradCam(logit, _block(encoder, question.layer)).attribute(given).detach().numpy().ravel()
        course += np.interp(np.arange(len(course)), step * np.arange(len(found)), found) / step
    return np.tile((course / len(question.signal)).astype(np.float32), (len(question.signal), 1))


def step_samples(encoder: EcgEncoder, layer: int = -1) -> int:
    """Return how many samples of the input lie between two steps of a residual block's output."""
    _block(encoder, layer)
    blocks = list(encoder.blocks)[: layer % len(encoder.blocks) + 1]
    first = [one.stride[0] for one in encoder.stem if isinstance(one, Conv)]
    return prod([*first, *(block.first.stride[0] for block in blocks if isinstance(block, ResidualBlock))])


def _own(question: Question) -> Logit:
    """Return the asked logit on a copy of its network; raises InvalidValue where there is no ECG network behind it."""
    logit = question.logit
    if not isinstance(logit, Logit) or not any(isinstance(one, EcgEncoder) for one in _modules(logit)):
        raise InvalidValue("a logit of an ECG network", type(logit).__name__, "choose a method that needs no layers")
    return logit.private()


def _modules(logit: Logit) -> list[nn.Module]:
    return list(logit.network.modules()) if isinstance(logit.network, nn.Module) else []


def _block(encoder: EcgEncoder, layer: int) -> nn.Module:
    count = len(encoder.blocks)
    if not -count <= layer < count:
        raise InvalidValue(f"a residual block from -{count} to {count - 1}", f"{layer}", "count from the last, -1")
    return encoder.blocks[layer]
