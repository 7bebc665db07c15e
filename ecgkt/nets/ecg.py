"""The ECG encoder and the network that reads labels off its embedding."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ecgkt.nets.beside import Beside


class Conv(nn.Conv1d):
    """A convolution over time of (b, channels, 1, n), without bias, keeping the length but for its stride.

    With the channels last in memory it is faster on a processor than over (b, channels, n); its weights are
    those of nn.Conv1d.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, outputs, 1, ceil(n / stride))."""
        weight = self.weight.unsqueeze(2)
        return nn.functional.conv2d(x, weight, None, (1, self.stride[0]), (0, int(self.padding[0])))


class ResidualBlock(nn.Module):
    """Two convolutions with a shortcut (He 2016, doi 10.1109/CVPR.2016.90), over (b, channels, 1, n)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.first = Conv(inputs, outputs, kernel, stride)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.first_relu = nn.ReLU()
        self.second = Conv(outputs, outputs, kernel)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = (
            nn.Identity()
            if inputs == outputs and stride == 1
            else nn.Sequential(Conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        )
        self.last_relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, outputs, 1, ceil(n / stride))."""
        y = self.first_relu(self.first_norm(self.first(x)))
        out: Tensor = self.last_relu(self.second_norm(self.second(y)) + self.shortcut(x))
        return out


class EcgEncoder(nn.Module):
    """From (b, 12, n) in mV at 100 Hz, any n, to an embedding (b, width).

    A one-dimensional residual network; mean and maximum over time are joined, so that both how much and whether
    at all reach the embedding. About 0.6 M parameters with the defaults.
    """

    def __init__(
        self,
        width: int = 128,
        channels: tuple[int, ...] = (32, 64, 96, 128, 128),
        strides: tuple[int, ...] = (2, 2, 2, 1, 1),
        kernel: int = 7,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.width = width
        self.stem = nn.Sequential(Conv(12, channels[0], 15, 2), nn.BatchNorm2d(channels[0]), nn.ReLU())
        blocks = []
        inputs = channels[0]
        for outputs, stride in zip(channels, strides, strict=True):
            blocks.append(ResidualBlock(inputs, outputs, kernel, stride))
            inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.embed = nn.Linear(2 * inputs, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the embedding (b, width)."""
        lasting = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        features = self.blocks(self.stem(lasting))
        pooled = torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)
        embedding: Tensor = self.embed(self.dropout(pooled))
        return embedding


class EcgNetwork(nn.Module):
    """An encoder with one linear head per family of labels; logits (b, k) joined in the order of `heads`."""

    def __init__(self, encoder: EcgEncoder | Beside, heads: Mapping[str, int]) -> None:
        super().__init__()
        self.encoder = encoder
        self.relu = nn.ReLU()
        self.heads = nn.ModuleDict({name: nn.Linear(encoder.width, size) for name, size in heads.items()})

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (b, sum of head sizes)."""
        return self.read(self.encoder(x))

    def read(self, embedding: Tensor) -> Tensor:
        """Return logits from an embedding (b, width)."""
        hidden = self.relu(embedding)
        return torch.cat([head(hidden) for head in self.heads.values()], dim=1)
