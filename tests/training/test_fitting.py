from __future__ import annotations

import pytest
import torch

from ecgkt.errors import InvalidValue
from ecgkt.training.augmentation import augment, crop
from ecgkt.training.engine import fit
from ecgkt.training.settings import Fit


def test_a_loss_that_is_no_number_stops_before_the_weights_are_spoilt(study):
    layer = torch.nn.Linear(12, 1)
    with pytest.raises(InvalidValue, match="finite loss"):
        fit(
            layer,
            lambda batch: {"loss": layer(batch.signals.mean(-1)).sum() * torch.nan},
            study,
            study.rows("train"),
            Fit(epochs=1),
        )
    assert torch.isfinite(layer.weight).all()


def test_averaged_weights_lie_between_the_first_and_the_last(study):
    found = {}
    for averaging in (0.0, 0.9):
        layer = torch.nn.Linear(12, 1, bias=False)
        torch.nn.init.zeros_(layer.weight)
        settings = Fit(epochs=2, batch=4, learning_rate=0.02, averaging=averaging)
        fit(layer, lambda _, one=layer: {"loss": (one.weight - 1).square().sum()}, study, study.rows("train"), settings)
        found[averaging] = layer.weight.detach().mean()
    assert 0 < found[0.9] < found[0.0]


def test_augmentation_keeps_shape_polarity_and_a_beats_place():
    generator = torch.Generator().manual_seed(0)
    leads = torch.tensor([0.8, 1.2, 0.4, -1.0, 0.2, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    signals = torch.zeros(200, 12, 500)
    signals[:, :, 250] = leads
    changed = augment(signals, 100, generator)
    assert changed.shape == signals.shape
    tall = [0, 1, 6, 7, 8, 9, 10, 11]
    kept = changed[:, tall][changed[:, tall, 250] != 0]
    assert (kept.argmax(dim=-1) - 250).abs().float().quantile(0.95) <= 1
    assert (kept[:, 250] > 0.1).float().mean() > 0.99
    turned = changed[:, 3][changed[:, 3, 250] != 0]
    assert (turned[:, 250] < -0.1).float().mean() > 0.99


def test_augmented_limb_leads_still_obey_einthoven_where_none_is_lost():
    generator = torch.Generator().manual_seed(0)
    one, two = torch.randn(2, 100, 1, 300, generator=generator)
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    changed = augment(torch.cat([*limb, torch.randn(100, 6, 300, generator=generator)], dim=1), 100, generator)
    whole = changed[(changed[:, :6] != 0).all(dim=-1).all(dim=-1)]
    assert len(whole) > 50
    torch.testing.assert_close(whole[:, 2], whole[:, 1] - whole[:, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(whole[:, 3], -(whole[:, 0] + whole[:, 1]) / 2, atol=1e-5, rtol=0)


def test_a_crop_is_a_window_of_its_own_row():
    rows = torch.arange(3 * 12 * 100.0).reshape(3, 12, 100)
    cut = crop(rows, 40, torch.Generator().manual_seed(1))
    assert cut.shape == (3, 12, 40)
    for row, window in zip(rows, cut, strict=True):
        start = int((window[0, 0] - row[0, 0]).item())
        torch.testing.assert_close(window, row[:, start : start + 40])
    assert crop(rows, 100, torch.Generator()) is rows
