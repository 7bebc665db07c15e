"""MATLAB files of CPSC 2018 and CODE-15: 12 leads in mV at the collection's rate, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from scipy.io import savemat

from ecgkt.readers import read_upload


def stored(**variables: object) -> bytes:
    target = io.BytesIO()
    savemat(target, variables)
    return target.getvalue()


def test_cpsc_gives_leads_age_and_sex_at_500_hz():
    signal = np.random.default_rng(0).normal(size=(12, 5200))
    record = read_upload([("A1.mat", stored(ECG={"sex": "Female", "age": 61, "data": signal}))])
    np.testing.assert_allclose(record.signal, signal, atol=1e-6)
    assert (record.fs, record.age, record.sex, record.source) == (500.0, 61.0, "female", "CPSC 2018")


def test_code15_gives_its_own_rate_and_gaps_stay_gaps():
    signal = np.ones((12, 2934), dtype=np.float32)
    signal[3, 7] = np.inf
    record = read_upload([("code.mat", stored(feats=signal, curr_sample_rate=400, idx=3))])
    assert record.fs == 400
    assert np.isnan(record.signal[3, 7])
    assert np.isfinite(record.signal).sum() == signal.size - 1


@pytest.mark.parametrize(
    "variables",
    [
        {"other": np.ones(3)},
        {"ECG": {"data": np.ones((8, 500)), "age": 1, "sex": "Male"}},
        {"feats": np.ones((12, 2, 500)), "curr_sample_rate": 400},
    ],
)
def test_other_contents_are_refused(variables, refusal):
    refusal(lambda: read_upload([("x.mat", stored(**variables))]))
