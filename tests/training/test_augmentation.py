from __future__ import annotations

import torch

from ecgkt.training.augmentation import augment


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
