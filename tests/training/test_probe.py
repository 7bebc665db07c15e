from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from ecgkt.training import probe
from ecgkt.training.probe import cross_entropy, fit_probe


@pytest.fixture
def embedded() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    embedding = torch.randn(300, 6, generator=generator) * torch.tensor([1.0, 5.0, 0.2, 1.0, 1.0, 3.0])
    logits = embedding.relu() @ torch.randn(6, 3, generator=generator)
    labels = (logits - logits.mean(dim=0) > torch.randn(300, 3, generator=generator)).float()
    labels[:40, 1] = torch.nan
    return embedding, labels


def test_a_probe_is_the_ridge_regression_of_an_independent_solver_label_by_label(embedded):
    embedding, labels = embedded
    head = fit_probe(embedding, labels)
    hidden = embedding.relu().numpy().astype(float)
    scaled = (hidden - hidden.mean(axis=0)) / (hidden.std(axis=0, ddof=1) + 1e-3)
    for column in range(labels.shape[1]):
        y = labels[:, column].numpy()
        known = ~np.isnan(y)
        solver = LogisticRegression(C=probe.DEFAULT, tol=1e-10, max_iter=5000).fit(scaled[known], y[known])
        ours = head(embedding.relu())[:, column].detach().numpy()
        np.testing.assert_allclose(ours, solver.decision_function(scaled), atol=2e-3)


def test_the_prior_is_chosen_by_what_it_was_not_fitted_on(embedded):
    embedding, labels = embedded
    fitted, judged = (embedding[:60], labels[:60]), (embedding[60:], labels[60:])
    chosen = fit_probe(*fitted, judged)
    assert cross_entropy(chosen, *judged) <= cross_entropy(fit_probe(*fitted), *judged)
    noise = torch.randint(0, 2, (60, 3), generator=torch.Generator().manual_seed(0)).float()
    shy = fit_probe(embedding[:60], noise, judged)
    assert shy.weight.abs().max() < chosen.weight.abs().max()


def test_a_label_of_one_class_gets_a_finite_head(embedded):
    embedding, labels = embedded
    labels = torch.cat([labels, torch.zeros(300, 1), torch.full((300, 1), torch.nan)], dim=1)
    head = fit_probe(embedding, labels)
    assert torch.isfinite(head.weight).all()
    assert torch.sigmoid(head(embedding.relu())[:, 3]).max() < 0.05
