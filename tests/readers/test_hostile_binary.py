"""Spoilt SCP-ECG, EDF and MATLAB files: a record or one sentence, within five seconds and a bounded memory."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from ecgkt.domain import LEADS, Record
from ecgkt.errors import EcgktError
from ecgkt.readers import read_upload
from tests.readers.edf_files import EdfFile
from tests.readers.scp_files import ScpFile

FILES = 200
MOST_BYTES = 400_000_000


def mutants(content: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """Bytes flipped, cut, doubled, taken out, and numbers changed, mostly where a file says how large it is."""
    generator = np.random.default_rng(seed)
    extremes = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"9999", b"-001")
    for number in range(count):
        spoilt = bytearray(content)
        reach = len(spoilt) if number % 3 == 0 else min(len(spoilt), 1500)
        for _ in range(int(generator.integers(1, 6))):
            at, length = int(generator.integers(0, reach)), int(generator.integers(1, 64))
            match int(generator.integers(0, 6)):
                case 0 | 1:
                    spoilt[at % len(spoilt)] ^= 1 << int(generator.integers(0, 8))
                case 2:
                    extreme = extremes[int(generator.integers(0, len(extremes)))]
                    spoilt[at : at + len(extreme)] = extreme
                case 3:
                    spoilt[at:at] = spoilt[at : at + length]
                case 4:
                    del spoilt[at : at + length]
                case _:
                    del spoilt[int(generator.integers(len(spoilt) // 2, len(spoilt))) :]
        yield bytes(spoilt) or b"\0"


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
    read = refused = 0
    seeds = make()
    for number, content in enumerate(seeds):
        for spoilt in mutants(content, FILES // len(seeds), number):
            tracemalloc.start()
            begin = time.monotonic()
            try:
                assert isinstance(read_upload([("x", spoilt)]), Record)
                read += 1
            except EcgktError as error:
                assert "\n" not in str(error) and str(error).startswith("Wanted ")
                refused += 1
            grown = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert time.monotonic() - begin < 5
            assert grown < MOST_BYTES
    assert read > 5 and refused > 20
