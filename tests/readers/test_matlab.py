"""MATLAB files of CPSC 2018 and CODE-15: 12 leads in mV at the collection's rate, and what is refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from ecgkt.readers import read_upload
from ecgkt.readers.matlab_elements import MAX_UNPACKED_BYTES, read_variables


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


HEAD = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


def element(kind: int, body: bytes) -> bytes:
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)


def array(class_: int, shape: tuple[int, ...], rest: bytes, name: bytes = b"ECG") -> bytes:
    head = element(6, struct.pack("<II", class_, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, head + element(1, name) + rest)


def told(content: bytes, refusal) -> str:
    return refusal(lambda: read_upload([("x.mat", content)]))


@pytest.mark.parametrize("compressed", [True, False])
def test_numbers_words_and_structs_are_what_scipy_reads(compressed):
    generator = np.random.default_rng(1)
    kinds = ("i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8")
    saved = {f"n{place}": generator.integers(0, 100, (3, 5, 2)).astype(kind) for place, kind in enumerate(kinds)}
    saved |= {
        "word": "Female",
        "one": 5.0,
        "ECG": {"data": generator.normal(size=(12, 40)), "sex": "M", "in": {"a": 1}},
    }
    target = io.BytesIO()
    savemat(target, saved, do_compression=compressed)
    ours = read_variables(target.getvalue())
    theirs = loadmat(io.BytesIO(target.getvalue()))
    for name in saved:
        if name.startswith("n"):
            np.testing.assert_array_equal(ours[name], theirs[name])
    assert ours["word"] == "Female" and ours["one"].item() == 5
    np.testing.assert_array_equal(ours["ECG"]["data"], theirs["ECG"]["data"][0, 0])
    assert ours["ECG"]["in"]["a"].item() == 1


@pytest.mark.parametrize("class_", [3, 16, 17])
def test_an_object_or_a_function_is_refused_wherever_it_is(class_, refusal):
    inner = element(14, element(6, struct.pack("<II", class_, 0)) + bytes(40))
    assert "an object or a function" in told(HEAD + inner, refusal)
    names = element(5, struct.pack("<i", 8)) + element(1, b"data\0\0\0\0")
    assert "an object or a function" in told(HEAD + array(2, (1, 1), names + inner), refusal)
    packed = zlib.compress(inner)
    assert "an object or a function" in told(HEAD + struct.pack("<II", 15, len(packed)) + packed, refusal)


def test_a_bomb_is_refused_before_it_unpacks(refusal):
    packed = zlib.compress(bytes(3 * MAX_UNPACKED_BYTES), 9)
    assert len(packed) < 400_000
    assert "when unpacked" in told(HEAD + struct.pack("<II", 15, len(packed)) + packed, refusal)


@pytest.mark.parametrize("shape", [(1_000_000_000, 12), (-12, 5), (12, -1), (2**31 - 1, 2**31 - 1, 2**31 - 1)])
def test_sizes_that_are_not_there_are_refused_before_anything_is_made(shape, refusal):
    told(HEAD + array(6, shape, element(9, bytes(96))), refusal)
    told(HEAD + array(2, shape, element(5, struct.pack("<i", 8)) + element(1, b"")), refusal)


def test_structs_far_inside_one_another_are_refused(refusal):
    body = array(6, (1, 1), element(9, bytes(8)), b"")
    for _ in range(400):
        body = array(2, (1, 1), element(5, struct.pack("<i", 8)) + element(1, b"data\0\0\0\0") + body)
    assert "inside one another" in told(HEAD + body, refusal)


def test_version_7_3_says_how_to_save_it(refusal):
    assert '"-v7"' in told(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n", refusal)


def test_the_numbers_of_a_challenge_record_alone_ask_for_their_header(refusal, real_data: Path):
    assert ".hea" in told(stored(val=np.ones((12, 5000))), refusal)
    alone = next(iter(sorted((real_data / "cinc2021").glob("*.mat")))).read_bytes()
    assert "needs its header (.hea)" in told(alone, refusal)


def test_no_identifier_in_a_matlab_file_survives():
    ecg = {"sex": "Female", "age": 52, "data": np.ones((12, 600)), "name": "Doe Jane", "id": "A1234567"}
    record = read_upload([("Doe.mat", stored(ECG=ecg, patient="Doe Jane", birth="1970-01-02"))])
    kept = repr([value for name, value in vars(record).items() if name != "signal"])
    assert (record.age, record.sex) == (52.0, "female")
    assert not [word for word in ("Doe", "Jane", "A1234567", "1970") if word in kept]
