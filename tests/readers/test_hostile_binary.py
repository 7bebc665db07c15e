"""Spoilt SCP-ECG, EDF and MATLAB files: a record or one sentence, within five seconds and a bounded memory."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from ecgkt.domain import LEADS
from ecgkt.readers import read_upload
from tests.readers.edf_files import EdfFile
from tests.readers.mutations import mutated, survives
from tests.readers.scp_files import ScpFile

FILES = 200


def scp() -> list[bytes]:
    walks = np.cumsum(np.random.default_rng(0).integers(-5, 6, (12, 800)), axis=1)
    rows = dict(zip(LEADS, walks, strict=True))
    beat = {lead: samples[:100] for lead, samples in rows.items()}
    beats = [(0, 1, 50, 100), (0, 300, 350, 400)]
    file = ScpFile(rows, beat, subtracted=True, beats=beats, kept=[(1, 100), (300, 400)], mark=50, crc=False)
    real = Path(__file__).parents[3] / "shared" / "data" / "vendor" / "scp" / "Example.scp"
    return [file.content(), real.read_bytes()] if real.is_file() else [file.content()]


def edf() -> list[bytes]:
    rows = dict(zip(LEADS, np.random.default_rng(0).integers(-999, 999, (12, 1000)), strict=True))
    return [EdfFile(rows).content(), EdfFile(rows, reserved="EDF+D", onsets=[0, 5]).content()]


def matlab() -> list[bytes]:
    made = []
    for compressed in (False, True):
        target = io.BytesIO()
        data = np.random.default_rng(0).normal(0, 0.3, (12, 600))
        savemat(target, {"ECG": {"sex": "Female", "age": 52.0, "data": data}}, do_compression=compressed)
        made.append(target.getvalue())
    return made


@pytest.mark.slow
@pytest.mark.parametrize("make", [scp, edf, matlab], ids=["SCP-ECG", "EDF", "MATLAB"])
def test_no_spoilt_file_crashes_hangs_or_grows(make):
    seeds = make()
    said = [
        survives(lambda content: read_upload([("x", content)]), broken)
        for number, content in enumerate(seeds)
        for broken in mutated(content, FILES // len(seeds), number)
    ]
    assert said.count("read") > 5 and len(said) - said.count("read") > 20
