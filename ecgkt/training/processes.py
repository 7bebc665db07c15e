"""One batch spread over several processes: what is compared is gathered, and batch norms see every row.

Each process computes the loss of the whole batch from gathered rows. The collectives' backward passes sum over the
processes, so that the mean of the processes' gradients is the gradient that one process with all rows would have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, distributed, nn

_alone = False


def count() -> int:
    """Return how many processes share the batch; 1 where none were started together."""
    if _alone or not (distributed.is_available() and distributed.is_initialized()):
        return 1
    return distributed.get_world_size()


def is_first() -> bool:
    """Whether this process writes what all of them have made."""
    return count() == 1 or distributed.get_rank() == 0


def wait_for_all() -> None:
    """Wait until every process has come so far."""
    if count() > 1:
        distributed.barrier()


@contextmanager
def alone() -> Iterator[None]:
    """Leave the other processes out: what runs inside must not wait for them."""
    global _alone
    before, _alone = _alone, True
    try:
        yield
    finally:
        _alone = before


def gather(rows: Tensor) -> Tensor:
    """Return the rows (b, ...) of all processes joined in their order (processes * b, ...); on one process, `rows`.

    Every process must hold as many rows. Gradients flow back to the process that a row came from.
    """
    if count() == 1:
        return rows
    gathered: Tensor = _Gather.apply(rows)  # type: ignore[no-untyped-call]
    return gathered


class _Gather(torch.autograd.Function):
    """All-gather whose backward pass sums each row's gradients over the processes; works with gloo and NCCL."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        rows = rows.contiguous()
        parts = [torch.empty_like(rows) for _ in range(distributed.get_world_size())]
        distributed.all_gather(parts, rows)
        ctx.rows = len(rows)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        whole = gradients[0].contiguous().clone()
        distributed.all_reduce(whole)
        first = distributed.get_rank() * ctx.rows
        return whole[first : first + ctx.rows]


class _Shared(nn.modules.batchnorm._BatchNorm):
    """Batch norm (Ioffe, Szegedy 2015, arXiv 1502.03167) over the rows of all processes, on any backend.

    Over (b, c) or (b, c, ...), each process with its own b. Its state is that of the plain norm, and on one process or
    in evaluation mode so is what it does. Statistics are joined by the rule of Chan (1979), in float32 at least.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return x normalised, of the same shape."""
        if count() == 1 or not self.training:
            return super().forward(x)
        dims = [dim for dim in range(x.dim()) if dim != 1]
        whole = x if x.dtype is torch.float64 else x.float()
        n = whole.numel() // whole.shape[1]
        mean, scatter = whole.mean(dims), whole.var(dims, correction=0) * n
        told = gather(torch.cat([mean.new_tensor([n]), mean, scatter])[None])
        counts, means, scatters = told[:, :1], told[:, 1 : 1 + self.num_features], told[:, 1 + self.num_features :]
        total = counts.sum()
        mean = (counts * means).sum(0) / total
        scatter = (scatters + counts * (means - mean).square()).sum(0)
        self._remember(mean.detach(), scatter.detach() / (total - 1))
        shape = [1, -1] + [1] * (x.dim() - 2)
        scale = (scatter / total + self.eps).rsqrt()
        if self.affine:
            scale = scale * self.weight
        out = (whole - mean.view(shape)) * scale.view(shape)
        if self.affine:
            out = out + self.bias.view(shape)
        return out.to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


class SharedBatchNorm1d(_Shared, nn.BatchNorm1d):
    """Shared, over (b, c) or (b, c, n)."""


class SharedBatchNorm2d(_Shared, nn.BatchNorm2d):
    """Shared, over (b, c, height, width)."""


_SHARED: Mapping[type[nn.Module], type[Any]] = {nn.BatchNorm1d: SharedBatchNorm1d, nn.BatchNorm2d: SharedBatchNorm2d}


def share_norms(module: nn.Module) -> None:
    """Put shared batch norms in the place of the plain ones below `module`, with their state."""
    _replace(module, _SHARED)


def part_norms(module: nn.Module) -> None:
    """Put plain batch norms back in the place of shared ones."""
    _replace(module, {shared: plain for plain, shared in _SHARED.items()})


def _replace(module: nn.Module, others: Mapping[type[nn.Module], type[Any]]) -> None:
    for name, child in module.named_children():
        new = others.get(type(child))
        if new is None:
            _replace(child, others)
            continue
        norm = new(child.num_features, child.eps, child.momentum, child.affine, child.track_running_stats)
        norm._parameters, norm._buffers = child._parameters, child._buffers
        norm.train(child.training)
        setattr(module, name, norm)
