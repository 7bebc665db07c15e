from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ecgkt.errors import DiskFull, InvalidCheckpoint, InvalidCohort, InvalidValue
from ecgkt.nets.ecg import EcgEncoder, EcgNetwork
from ecgkt.nets.losses import masked_cross_entropy
from ecgkt.training.engine import Engine, fit
from ecgkt.training.randomness import seeded
from ecgkt.training.settings import Fit
from ecgkt.training.state import STATE, forget_state, read_state, write_state

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Fit(epochs=3, batch=8, crop_seconds=2, averaging=0.9)
OFTEN = Engine(save_every_seconds=0)
CHILD = """
import sys
from pathlib import Path
import torch
from ecgkt.data.studies import read_study
from ecgkt.signals.preprocessing import Preprocessing
from tests.training.test_engine import OFTEN, SETTINGS, network_and_loss
from ecgkt.training.engine import fit
from dataclasses import replace
torch.set_num_threads(1)
study = read_study(Path(sys.argv[1]), Preprocessing())
network, loss_of = network_and_loss(study)
settings = replace(SETTINGS, epochs=int(sys.argv[3]))
"""


class Stopped(Exception):
    """The test stops a run."""


def network_and_loss(study, dropout=0.1):
    with seeded(3):
        encoder = EcgEncoder(width=16, channels=(8, 16), strides=(2, 4), dropout=dropout)
        network = EcgNetwork(encoder, {"all": len(study.labels.labels)})
    labels = torch.from_numpy(np.array(study.labels.values))

    def loss_of(batch):
        loss = masked_cross_entropy(network(batch.signals), batch.take(labels))
        return {"loss": loss, "twice": 2 * loss.detach()}

    return network, loss_of


def stop_after(count):
    def wrap(steps):
        for done, step in enumerate(steps):
            if done == count:
                raise Stopped
            yield step

    return wrap


def same(one: nn.Module, two: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def whole(study, tmp_path_factory):
    """A run that was never stopped: its network, history and folder."""
    folder = tmp_path_factory.mktemp("whole")
    network, loss_of = network_and_loss(study)
    history = fit(network, loss_of, study, study.rows("train"), SETTINGS, folder=folder)
    return network, history, folder


@pytest.mark.parametrize("stops", [(1,), (2, 3), (4, 1, 2)])
def test_a_run_that_was_stopped_ends_as_if_it_never_had(study, whole, tmp_path, stops):
    for count in stops:
        network, loss_of = network_and_loss(study)
        with pytest.raises(Stopped):
            fit(
                network, loss_of, study, study.rows("train"), SETTINGS,
                engine=OFTEN, folder=tmp_path, progress=stop_after(count),
            )  # fmt: skip
    network, loss_of = network_and_loss(study)
    history = fit(network, loss_of, study, study.rows("train"), SETTINGS, engine=OFTEN, folder=tmp_path)
    assert same(network, whole[0])
    assert history.epochs == whole[1].epochs
    assert (tmp_path / "log.csv").read_text() == (whole[2] / "log.csv").read_text()
    assert json.loads((tmp_path / "run.json").read_text())["gone_on_from_step"] == np.cumsum(stops).tolist()


@pytest.mark.slow
def test_a_run_killed_in_the_middle_ends_to_the_bit_as_one_that_was_not(study, prepared, tmp_path):
    code = CHILD + "fit(network, loss_of, study, study.rows('train'), settings, engine=OFTEN, folder=Path(sys.argv[2]))"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(prepared), str(tmp_path), "20"],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    seen = set()
    while len(seen) < 6 and child.poll() is None:
        if (tmp_path / STATE).is_file():
            seen.add((tmp_path / STATE).stat().st_mtime_ns)
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    settings = replace(SETTINGS, epochs=20)
    networks = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for folder in (tmp_path, tmp_path / "whole"):
        network, loss_of = network_and_loss(study)
        networks.append((network, fit(network, loss_of, study, study.rows("train"), settings, folder=folder)))
    torch.set_num_threads(threads)
    total = 20 * (len(study.rows("train")) // 8)
    (step,) = json.loads((tmp_path / "run.json").read_text())["gone_on_from_step"]
    assert 5 <= step < total
    assert same(networks[0][0], networks[1][0])
    assert networks[0][1].epochs == networks[1][1].epochs


def test_a_run_that_had_ended_returns_at_once_until_its_state_is_forgotten(study, whole):
    trained, history, folder = whole
    for expected in (0, len(history.epochs) * (len(study.rows("train")) // 8)):
        network, loss_of = network_and_loss(study)
        taken = []
        again = fit(
            network, loss_of, study, study.rows("train"), SETTINGS, folder=folder,
            progress=lambda steps, taken=taken: taken.extend(steps) or iter(taken),
        )  # fmt: skip
        assert len(taken) == expected
        assert same(network, trained)
        assert again.epochs == history.epochs
        forget_state(folder)
    write = network_and_loss(study)
    fit(*write, study, study.rows("train"), SETTINGS, folder=folder)


def test_the_folder_tells_what_was_run_and_how_fast(study, whole):
    _, history, folder = whole
    told = json.loads((folder / "run.json").read_text())
    assert told["settings"]["averaging"] == 0.9
    assert told["cohort"] == study.cohort.fingerprint
    assert told["engine"] == {"accelerator": "cpu", "precision": "32-true", "processes": 1}
    assert told["samples_per_second"] > 0
    assert 0 < told["waiting_share"] < 1
    assert told["torch_version"] == torch.__version__
    with (folder / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == pytest.approx(history.losses, abs=1e-6)
    assert [float(row["twice"]) for row in rows] == pytest.approx([2 * loss for loss in history.losses], abs=2e-6)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"settings": replace(SETTINGS, learning_rate=0.1)}, r"other settings \(learning_rate 0.002\)"),
        ({"rows": slice(1, None)}, "other training rows"),
        ({"seed": 9}, "other initial weights"),
        ({"rates": {"encoder": 0.5}}, r"other rates"),
    ],
)
def test_the_state_of_another_run_is_refused_in_one_sentence(study, whole, tmp_path, change, told):
    (tmp_path / STATE).write_bytes((whole[2] / STATE).read_bytes())
    network, loss_of = network_and_loss(study)
    if "seed" in change:
        nn.init.ones_(network.heads["all"].bias)
    rows = study.rows("train")[change.get("rows", slice(None))]
    with pytest.raises(InvalidCheckpoint, match=told):
        fit(network, loss_of, study, rows, change.get("settings", SETTINGS), folder=tmp_path, rates=change.get("rates"))


@pytest.mark.parametrize("damage", ["truncated", "empty", "changed", "no state"])
def test_a_damaged_state_is_refused_in_one_sentence(study, whole, tmp_path, damage):
    content = bytearray((whole[2] / STATE).read_bytes())
    if damage == "changed":
        content[len(content) // 2] ^= 0xFF
    spoilt = {"truncated": content[: len(content) // 2], "empty": b"", "changed": content, "no state": b"words"}[damage]
    (tmp_path / STATE).write_bytes(spoilt)
    network, loss_of = network_and_loss(study)
    with pytest.raises(InvalidCheckpoint, match="truncated or damaged file: delete it"):
        fit(network, loss_of, study, study.rows("train"), SETTINGS, folder=tmp_path)


def test_a_state_cannot_run_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path(tmp_path / "ran").touch, ())

    torch.save({"key": "{}", "evil": Evil()}, tmp_path / STATE)
    with pytest.raises(InvalidCheckpoint):
        read_state(tmp_path, {})
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MB, where this process may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("no right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_last_state_whole(small_disk):
    write_state(small_disk, {"key": "{}", "weights": torch.ones(400_000)})
    with pytest.raises(DiskFull, match="No space left on device"):
        write_state(small_disk, {"key": "{}", "weights": torch.zeros(500_000)})
    assert [path.name for path in small_disk.iterdir()] == [STATE]
    found = read_state(small_disk, {})
    assert found is not None
    assert torch.equal(found["weights"], torch.ones(400_000))


@pytest.mark.slow
def test_a_run_whose_disk_fills_says_so_and_goes_on_once_there_is_room(study, prepared, whole, tmp_path):
    """The largest file of the child is too small for its state from the third step on."""
    pytest.importorskip("resource")
    code = CHILD + (
        "import resource\n"
        "def limited(steps):\n"
        "    for step in steps:\n"
        "        if step == 3:\n"
        "            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))\n"
        "        yield step\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "try:\n"
        "    fit(network, loss_of, study, study.rows('train'), settings, engine=OFTEN, folder=Path(sys.argv[2]),\n"
        "        progress=limited)\n"
        "except Exception as error:\n"
        "    sys.exit(f'{type(error).__name__}: {error}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(prepared), str(tmp_path), "3"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.stderr.startswith("DiskFull: Wanted room to write in"), done.stderr
    network, loss_of = network_and_loss(study)
    fit(network, loss_of, study, study.rows("train"), SETTINGS, folder=tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["gone_on_from_step"] == [3]


def test_a_signal_that_is_not_finite_is_named_before_the_network_sees_it(study):
    signals = study.signals.copy()
    row = study.rows("train")[2]
    signals[row, 3, :] = np.nan
    network, loss_of = network_and_loss(study)
    before = {name: one.clone() for name, one in network.state_dict().items()}
    spoilt = replace(study, signals=signals)
    once = replace(SETTINGS, batch=len(study.rows("train")), epochs=1)
    with pytest.raises(InvalidCohort, match=f"in record {study.cohort.record_ids[row]}:"):
        fit(network, loss_of, spoilt, study.rows("train"), once)
    assert all(torch.equal(one, before[name]) for name, one in network.state_dict().items())


@pytest.mark.parametrize("fault", ["loss", "gradient"])
def test_a_loss_or_gradient_that_is_no_number_stops_before_the_weights_change(study, fault):
    row = int(study.rows("train")[1])
    layer = nn.Linear(12, 1)
    before = layer.weight.detach().clone()

    def loss_of(batch):
        out = layer(batch.signals.mean(-1))[:, 0]
        bad = out[torch.from_numpy(batch.rows == row)]
        broken = torch.nan * bad if fault == "loss" else (0 * bad).abs().sqrt()
        return {"loss": out.sum() + broken.sum()}

    once = Fit(epochs=1, batch=len(study.rows("train")))
    with pytest.raises(InvalidValue, match=f"finite loss and gradient.*from record {study.cohort.record_ids[row]}:"):
        fit(layer, loss_of, study, study.rows("train"), once)
    assert torch.equal(layer.weight, before)


def test_averaged_weights_lie_between_the_first_and_the_last(study):
    found = {}
    for averaging in (0.0, 0.9):
        layer = nn.Linear(12, 1, bias=False)
        nn.init.zeros_(layer.weight)
        settings = Fit(epochs=2, batch=4, learning_rate=0.02, averaging=averaging)
        fit(layer, lambda _, one=layer: {"loss": (one.weight - 1).square().sum()}, study, study.rows("train"), settings)
        found[averaging] = layer.weight.detach().mean()
    assert 0 < found[0.9] < found[0.0]


def test_an_encoder_at_rate_zero_stays_as_it_was_while_its_head_learns(study):
    network, loss_of = network_and_loss(study)
    before = {name: one.clone() for name, one in network.state_dict().items()}
    fit(network, loss_of, study, study.rows("train"), replace(SETTINGS, averaging=0.0, encoder_rate=0.0))
    for name, one in network.state_dict().items():
        assert torch.equal(one, before[name]) == name.startswith("encoder."), name
    assert all(one.requires_grad for one in network.parameters())


def test_a_rate_moves_the_parameters_below_its_name_by_that_much(study):
    """AdamW moves weights of the same gradients in proportion to their rates, whatever the gradients' size."""
    layers = nn.ModuleDict({"encoder": nn.Linear(12, 1), "head": nn.Linear(12, 1), "head2": nn.Linear(12, 1)})
    for one in layers.parameters():
        nn.init.zeros_(one)

    def loss_of(batch):
        return {"loss": sum(layer(batch.signals.mean(-1) + 1).sum() for layer in layers.values())}

    once = Fit(epochs=1, batch=len(study.rows("train")), encoder_rate=0.5, weight_decay=0.0)
    fit(layers, loss_of, study, study.rows("train"), once, rates={"head": 0.1})
    moved = {name: one.detach().abs().mean().item() for name, one in layers.named_parameters()}
    assert moved["encoder.weight"] == pytest.approx(0.5 * moved["head2.weight"], rel=1e-3)
    assert moved["head.weight"] == pytest.approx(0.1 * moved["head2.weight"], rel=1e-3)


def test_two_views_are_two_windows_of_the_same_rows(study):
    layer = nn.Linear(1, 1)
    batches = []

    def loss_of(batch):
        batches.append(batch)
        return {"loss": layer.weight.square().sum()}

    plain = Fit(epochs=1, batch=8, crop_seconds=2, augmentation=False)
    fit(layer, loss_of, study, study.rows("train"), plain, views=2)
    for batch in batches:
        for row, one, two in zip(batch.rows, batch.signals, batch.second, strict=True):
            windows = np.lib.stride_tricks.sliding_window_view(study.signals[row, 0], 200)
            places = [int((windows == view[0].numpy()).all(axis=1).argmax()) for view in (one, two)]
            assert places[0] != places[1]
            for view, place in zip((one, two), places, strict=True):
                np.testing.assert_array_equal(view, study.signals[row, :, place : place + 200])


def test_what_an_epochs_end_measures_is_logged_and_changes_nothing(study, whole, tmp_path):
    network, loss_of = network_and_loss(study)
    seen = []

    def measure():
        seen.append(network.training)
        torch.rand(7)
        return {"measured": len(seen)}

    history = fit(
        network, loss_of, study, study.rows("train"), SETTINGS, folder=tmp_path, at_epoch_end=measure
    )  # fmt: skip
    assert seen == [False] * 3
    assert [epoch["measured"] for epoch in history.epochs] == [1, 2, 3]
    assert same(network, whole[0])
    assert (tmp_path / "log.csv").read_text().startswith("epoch,loss,twice,measured\n1,")


@pytest.mark.slow
def test_tensorboard_is_told_every_epoch_once(study, tmp_path):
    pytest.importorskip("tensorboard")
    for stops in (stop_after(4), iter):
        network, loss_of = network_and_loss(study)
        try:
            history = fit(
                network, loss_of, study, study.rows("train"), SETTINGS,
                engine=Engine(logger="tensorboard", save_every_seconds=0), folder=tmp_path, progress=stops,
            )  # fmt: skip
        except Stopped:
            continue
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(one.step, one.value) for one in events.Scalars("loss")] == [
        (number, pytest.approx(loss, rel=1e-6)) for number, loss in enumerate(history.losses, start=1)
    ]


def test_without_tensorboard_its_logger_is_refused_in_one_sentence(study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    network, loss_of = network_and_loss(study)
    with pytest.raises(InvalidValue, match="pip install tensorboard, or use the logger csv"):
        fit(
            network, loss_of, study, study.rows("train"), SETTINGS,
            engine=Engine(logger="tensorboard"), folder=tmp_path,
        )  # fmt: skip


def test_a_machine_that_is_not_there_is_refused_in_one_sentence(study):
    network, loss_of = network_and_loss(study)
    with pytest.raises(InvalidValue, match="torchrun --nproc-per-node 2"):
        fit(network, loss_of, study, study.rows("train"), SETTINGS, engine=Engine(devices=2))
    for wrong in ({"accelerator": "tpu"}, {"precision": "16-mixed"}, {"logger": "none"}, {"workers": -1}):
        with pytest.raises(InvalidValue):
            Engine(**wrong)
    if not torch.cuda.is_available():
        with pytest.raises(InvalidValue, match="a GPU that torch can use"):
            fit(network, loss_of, study, study.rows("train"), SETTINGS, engine=Engine(accelerator="cuda"))


def test_mixed_precision_trains_and_leaves_float32_weights(study):
    network, loss_of = network_and_loss(study)
    history = fit(network, loss_of, study, study.rows("train"), SETTINGS, engine=Engine(precision="bf16-mixed"))
    assert np.isfinite(history.losses).all()
    assert {one.dtype for one in network.parameters()} == {torch.float32}


def test_a_folder_in_which_a_run_goes_on_is_refused_to_another(study, tmp_path):
    layer = nn.Linear(1, 1)
    before = {name: one.clone() for name, one in layer.state_dict().items()}
    other = {"error": None}

    def loss_of(batch):
        if other["error"] is None:
            with pytest.raises(InvalidValue, match="no other run writes to") as refused:
                fit(nn.Linear(1, 1), loss_of, study, study.rows("train"), Fit(epochs=1), folder=tmp_path)
            other["error"] = str(refused.value)
        return {"loss": layer.weight.square().sum()}

    fit(layer, loss_of, study, study.rows("train"), Fit(epochs=1), folder=tmp_path)
    assert "\n" not in other["error"]
    layer.load_state_dict(before)
    fit(layer, loss_of, study, study.rows("train"), Fit(epochs=1), folder=tmp_path)
