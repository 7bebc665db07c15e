"""Two processes that share a batch do what one does with all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ecgkt.training.processes import SharedBatchNorm1d, gather, part_norms, share_norms

ROOT = Path(__file__).resolve().parents[2]
TRAIN = """
import sys
from pathlib import Path
import numpy as np, torch
from torch import distributed, nn
from ecgkt.data.studies import read_study
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.losses import masked_cross_entropy
from ecgkt.nets.objectives import Vicreg
from ecgkt.nets.tables import TableEncoder, projector
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.training.engine import Engine, fit
from ecgkt.training.processes import SharedBatchNorm1d, gather
from ecgkt.training.randomness import seeded
from ecgkt.training.settings import Fit

torch.set_num_threads(1)
study = read_study(Path(sys.argv[1]), Preprocessing())
out = Path(sys.argv[2])
rows = study.rows("train")
encoder = dict(width=16, channels=(8, 16), strides=(2, 4), dropout=0.0)
values = torch.from_numpy(np.array(study.partners.values)).double()
labels = torch.from_numpy(np.array(study.labels.values)).double()

def aligned():
    module = nn.ModuleDict({"ecg": EcgEncoder(**encoder), "tables": TableEncoder(values.shape[1], 16, dropout=0.0)})
    module["tables"].fit_scaling(values[rows], torch.zeros(values.shape[1], dtype=torch.bool))
    module["one"], module["two"] = projector(16, 8), projector(16, 8)
    def loss_of(batch):
        a = gather(module["one"](module["ecg"](batch.signals.double())))
        b = gather(module["two"](module["tables"](batch.take(values))))
        return {"loss": Vicreg()(a, b)["loss"]}
    return module, loss_of

def labelled():
    network = EcgNetwork(EcgEncoder(**encoder), {"all": labels.shape[1]})
    def loss_of(batch):
        return {"loss": masked_cross_entropy(gather(network(batch.signals.double())), gather(batch.take(labels)))}
    return network, loss_of

settings = Fit(epochs=2, batch=16, crop_seconds=4, averaging=0.5, augmentation=False, learning_rate=1e-3)
for name, stage in (("aligned", aligned), ("labelled", labelled)):
    with seeded(1):
        module, loss_of = stage()
    module.double()
    history = fit(module, loss_of, study, rows, settings, engine=Engine(), folder=out / name)
    assert not any(isinstance(part, SharedBatchNorm1d) for part in module.modules())
    rank = distributed.get_rank() if distributed.is_initialized() else 0
    torch.save({"losses": history.losses, "weights": module.state_dict()}, out / f"{name}-{rank}.pt")
"""
NORM = """
import sys
from pathlib import Path
import torch
from torch import distributed
from ecgkt.training.processes import SharedBatchNorm1d, gather

torch.set_num_threads(1)
distributed.init_process_group("gloo")
rank = distributed.get_rank()
told = torch.load(Path(sys.argv[1]) / "in.pt")
norm = SharedBatchNorm1d(5)
norm.load_state_dict(told["state"])
x = told["x"][[slice(0, 3), slice(3, 6)][rank]].clone().requires_grad_()
for _ in range(2):
    y = norm(x)
(gather(y) * told["by"]).sum().backward()
for one in norm.parameters():
    distributed.all_reduce(one.grad)
    one.grad /= 2
found = {"y": y.detach(), "x.grad": x.grad / 2, "weight.grad": norm.weight.grad, "state": norm.state_dict()}
torch.save(found, Path(sys.argv[1]) / f"out-{rank}.pt")
distributed.destroy_process_group()
"""


def start(code: str, processes: int, folder: Path, *arguments: str) -> None:
    script = folder / "script.py"
    script.write_text(code)
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    done = subprocess.run(
        [sys.executable, *launcher, str(script), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_two_processes_train_to_the_losses_and_weights_of_one(prepared, tmp_path):
    """VICReg on gathered projections and masked cross-entropy, through batch norms, on gloo; a batch of 16 in all.

    In double precision, since Adam blows up the rounding of gradients that are zero but for it, as a bias has before
    a batch norm.
    """
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        start(TRAIN, processes, folder, str(prepared), str(folder))
    for name in ("aligned", "labelled"):
        one = torch.load(tmp_path / "1" / f"{name}-0.pt")
        ranks = [torch.load(tmp_path / "2" / f"{name}-{rank}.pt") for rank in (0, 1)]
        assert ranks[0]["losses"] == ranks[1]["losses"]
        np.testing.assert_allclose(ranks[0]["losses"], one["losses"], rtol=1e-5)
        for key, expected in one["weights"].items():
            assert torch.equal(ranks[0]["weights"][key], ranks[1]["weights"][key]), key
            torch.testing.assert_close(ranks[0]["weights"][key], expected, rtol=1e-6, atol=1e-9, msg=f"{name} {key}")


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 7)])
def test_a_shared_norm_on_two_processes_is_torchs_norm_on_all_rows(tmp_path, shape):
    generator = torch.Generator().manual_seed(0)
    x, by = 3 + 2 * torch.randn(2, *shape, generator=generator)
    plain = nn.BatchNorm1d(5)
    with torch.no_grad():
        plain.weight.copy_(torch.linspace(0.5, 2, 5))
        plain.bias.copy_(torch.linspace(-1, 1, 5))
    torch.save({"state": plain.state_dict(), "x": x, "by": by}, tmp_path / "in.pt")
    x.requires_grad_()
    for _ in range(2):
        y = plain(x)
    (y * by).sum().backward()
    start(NORM, 2, tmp_path, str(tmp_path))
    found = [torch.load(tmp_path / f"out-{rank}.pt") for rank in (0, 1)]
    torch.testing.assert_close(torch.cat([one["y"] for one in found]), y.detach(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(torch.cat([one["x.grad"] for one in found]), x.grad, rtol=1e-4, atol=1e-5)
    for one in found:
        torch.testing.assert_close(one["weight.grad"], plain.weight.grad, rtol=1e-4, atol=1e-4)
        for key, expected in plain.state_dict().items():
            torch.testing.assert_close(one["state"][key], expected, rtol=1e-5, atol=1e-6)


def test_on_one_process_nothing_is_gathered_and_a_shared_norm_is_a_plain_one():
    x = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(0))
    assert gather(x) is x
    plain, shared = nn.BatchNorm1d(5), SharedBatchNorm1d(5)
    assert torch.equal(plain(x), shared(x))
    assert torch.equal(plain.running_var, shared.running_var)


def test_norms_are_shared_and_parted_with_their_state_and_their_parameters():
    network = nn.Sequential(nn.Sequential(nn.Conv1d(2, 3, 1), nn.BatchNorm1d(3, eps=0.1)), nn.BatchNorm1d(3))
    network[0](torch.randn(4, 2, 5, generator=torch.Generator().manual_seed(0)))
    network[1].eval()
    parameters, state = list(network.parameters()), {key: one.clone() for key, one in network.state_dict().items()}
    for change, kind in ((share_norms, SharedBatchNorm1d), (part_norms, nn.BatchNorm1d)):
        change(network)
        assert [type(one) for one in (network[0][1], network[1])] == [kind, kind]
        assert [one.training for one in (network[0][1], network[1])] == [True, False]
        assert network[0][1].eps == 0.1
        assert all(one is two for one, two in zip(network.parameters(), parameters, strict=True))
        assert all(torch.equal(one, state[key]) for key, one in network.state_dict().items())
