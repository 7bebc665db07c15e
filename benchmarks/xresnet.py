"""An XResNet1d-50 for ECGs, written from its description, to be measured beside our network.

Stem of three convolutions and bottleneck blocks 3-4-6-3 of expansion 4 with a pooled shortcut (He 2019, arXiv
1812.01187, "Bag of tricks"); kernels of 5 and a head on mean and maximum over time as for ECGs (Strodthoff 2021, doi
10.1109/JBHI.2020.3022989).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_KERNEL, _EXPANSION = 5, 4


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, active: bool = True) -> nn.Sequential:
    """Return convolution, batch norm and, where `active`, ReLU."""
    layers = [nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm1d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU()] if active else []))


class Bottleneck(nn.Module):
    """Narrow, convolve, widen; the last norm starts at zero, the shortcut pools before it is convolved."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * _EXPANSION
        self.path = nn.Sequential(
            convolution(inputs, width, 1),
            convolution(width, width, _KERNEL, stride),
            convolution(width, outputs, 1, active=False),
        )
        nn.init.zeros_(self.path[-1][1].weight)
        pooled = [nn.AvgPool1d(2, ceil_mode=True)] if stride > 1 else []
        matched = [convolution(inputs, outputs, 1, active=False)] if inputs != outputs else []
        self.shortcut = nn.Sequential(*pooled, *matched)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, 4 width, ceil(n / stride))."""
        return torch.relu(self.path(x) + self.shortcut(x))


class XResNet1d50(nn.Module):
    """From (b, 12, n) to logits (b, labels)."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        stem = [convolution(12, 32, _KERNEL, 2), convolution(32, 32, _KERNEL), convolution(32, 64, _KERNEL)]
        layers: list[nn.Module] = [*stem, nn.MaxPool1d(3, 2, 1)]
        inputs = 64
        for stage, blocks in enumerate((3, 4, 6, 3)):
            width = 64 * 2**stage
            for block in range(blocks):
                layers.append(Bottleneck(inputs, width, 2 if stage and not block else 1))
                inputs = width * _EXPANSION
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.BatchNorm1d(2 * inputs), nn.Dropout(0.5), nn.Linear(2 * inputs, labels))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        features = self.features(x)
        return self.head(torch.cat([features.mean(dim=-1), features.amax(dim=-1)], dim=1))
