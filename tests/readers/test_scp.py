"""SCP-ECG: every way in which the standard packs a signal comes back sample by sample, and nothing else does."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

from benchmarks.written_files.scp import ScpFile, default_table, statements
from ecgkt.domain import LEADS
from ecgkt.readers import read_record, read_upload
from ecgkt.readers.scp import CHECKSUM_NOTE

STEP_MV = 2500e-6


def steps(count: int = 1000, seed: int = 0, leads: tuple[str, ...] = LEADS) -> dict[str, np.ndarray]:
    """Smooth walks with a steep wave now and then, so that short codes and long ones are needed."""
    generator = np.random.default_rng(seed)
    walks = np.cumsum(generator.integers(-6, 7, (len(leads), count)), axis=1)
    walks[:, ::97] += generator.integers(-900, 900, (len(leads), len(range(0, count, 97))))
    return dict(zip(leads, walks, strict=True))


def read(file: ScpFile):
    return read_upload([("x", file.content())])


def in_mv(rows: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([rows[lead] for lead in LEADS]) * STEP_MV


NARROW = [*default_table()[:5], ("1111", 12, 0, 0)]
TWO_TABLES = [[*default_table()[:7], ("1111", 0, 0, 2)], [("0", 16, 0, 0), ("10", 4, 20, 0), ("11", 0, 0, 1)]]


@pytest.mark.parametrize("tables", [None, (), [NARROW], TWO_TABLES], ids=["default", "none", "own", "two tables"])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_every_coding_comes_back_sample_by_sample(order, tables):
    rows = steps()
    record = read(ScpFile(rows, order=order, tables=tables))
    np.testing.assert_allclose(record.signal, in_mv(rows), atol=1e-6)
    assert (record.fs, record.source, record.notes) == (500.0, "SCP-ECG", ())


def test_an_independent_reader_finds_the_same_in_our_files(tmp_path):
    from ecgdatakit.parsing.parsers.scp_ecg import SCPECGParser

    rows = steps(600)
    for number, tables in enumerate((None, (), [NARROW])):
        path = tmp_path / f"{number}.scp"
        path.write_bytes(ScpFile(rows, tables=tables).content())
        theirs = {lead.label: lead.samples for lead in SCPECGParser().parse(path).leads}
        for lead in LEADS:
            np.testing.assert_array_equal(theirs[lead], rows[lead])


def test_scale_and_rate_are_the_files_own():
    rows = steps()
    record = read(ScpFile(rows, nanovolts=(1, 4880), microseconds=(1, 1000)))
    assert record.fs == 1000
    np.testing.assert_allclose(record.signal, in_mv(rows) / 2500 * 4880, rtol=1e-5)


def test_samples_that_leave_16_bits_wrap_around_as_the_writers_do():
    rows = {lead: np.zeros(50, dtype=np.int64) for lead in LEADS}
    rows["V1"] = np.arange(50) * 1300 - 32000
    record = read(ScpFile(rows, order=1))
    expected = ((rows["V1"] + 32768) % 65536 - 32768) * STEP_MV
    np.testing.assert_allclose(record.lead("V1"), expected, atol=1e-5)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_subtracted_reference_beat_is_put_back_where_it_was(order):
    rows, beat = steps(1000), steps(200, seed=1)
    beats = [(0, 41, 130, 220), (1, 300, 400, 450), (0, 520, 600, 690), (0, 921, 990, 1000)]
    residual = {lead: samples.copy() for lead, samples in rows.items()}
    mark = 90
    for kind, first, fiducial, last in beats:
        for at in range(first, last + 1):
            inside = at - fiducial + mark
            if kind == 0 and 1 <= inside <= 200:
                for lead in LEADS:
                    residual[lead][at - 1] -= beat[lead][inside - 1]
    file = ScpFile(residual, beat, order=order, subtracted=True, beats=beats, mark=mark)
    np.testing.assert_allclose(read(file).signal, in_mv(rows), atol=1e-5)
    plain = ScpFile(residual, beat, order=order, subtracted=False, beats=beats, mark=mark)
    np.testing.assert_allclose(read(plain).signal, in_mv(residual), atol=1e-5)


def test_the_reference_beat_has_a_scale_of_its_own():
    rows = {lead: np.zeros(400, dtype=np.int64) for lead in LEADS}
    beat = {lead: np.full(100, 10) for lead in LEADS}
    file = ScpFile(rows, beat, nanovolts=(1000, 5000), subtracted=True, beats=[(0, 101, 150, 200)], mark=50)
    signal = read(file).signal
    np.testing.assert_allclose(signal[:, 100:200], 0.01, atol=1e-7)
    assert not signal[:, :100].any() and not signal[:, 200:].any()


def thin(samples: np.ndarray, kept: list[tuple[int, int]], factor: int) -> np.ndarray:
    """Means of blocks outside the kept zones; what is left over before a zone stands in full."""
    out, at = [], 0
    while at < len(samples):
        zone = next(((first - 1, last) for first, last in kept if first - 1 <= at < last), None)
        if zone is not None:
            out += list(samples[at : zone[1]])
            at = zone[1]
            continue
        end = min([first - 1 for first, _ in kept if first - 1 > at], default=len(samples))
        while at + factor <= end:
            out.append(samples[at : at + factor].mean())
            at += factor
        out += list(samples[at:end])
        at = end
    return np.round(out).astype(np.int64)


@pytest.mark.parametrize("factor", [2, 4])
def test_a_bimodal_recording_is_exact_in_its_zones_and_drawn_between_elsewhere(factor):
    kept = [(101, 180), (402, 477), (700, 755)]
    slow = np.round(300 * np.sin(np.arange(1000) / 60)).astype(np.int64)
    rows = {lead: slow + 5 * place for place, lead in enumerate(LEADS)}
    for samples in rows.values():
        for first, last in kept:
            samples[first + 20 : last - 20] += np.round(400 * np.hanning(last - first - 40)).astype(np.int64)
    beat = {lead: np.zeros(100, dtype=np.int64) for lead in LEADS}
    thinned = {lead: thin(samples, kept, factor) for lead, samples in rows.items()}
    file = ScpFile(
        thinned,
        beat,
        microseconds=(2000, 2000 * factor),
        thinned=True,
        lengths=dict.fromkeys(LEADS, 1000),
        beats=[(1, first, first, last) for first, last in kept],
        kept=kept,
    )
    record = read(file)
    assert (record.fs, record.signal.shape) == (500.0, (12, 1000))
    found = record.signal / STEP_MV
    for place, lead in enumerate(LEADS):
        for first, last in kept:
            np.testing.assert_allclose(found[place, first - 1 : last], rows[lead][first - 1 : last], atol=1e-2)
        assert np.abs(found[place] - rows[lead]).max() < 12
        assert np.median(np.abs(found[place] - rows[lead])) < 1


def test_a_bimodal_recording_without_its_reference_beat_has_no_known_rate(refusal):
    assert "reference beat" in refusal(lambda: read(ScpFile(steps(), thinned=True)))


def test_leads_recorded_one_after_the_other_are_gaps_elsewhere():
    rows = {lead: samples[:250] for lead, samples in steps().items()}
    starts = {lead: 1 + 250 * (place // 3) for place, lead in enumerate(LEADS)}
    record = read(ScpFile(rows, starts=starts))
    assert record.signal.shape == (12, 1000)
    for place, lead in enumerate(LEADS):
        begin = starts[lead] - 1
        np.testing.assert_allclose(record.lead(lead)[begin : begin + 250], rows[lead] * STEP_MV, atol=1e-6)
        assert np.isnan(record.signal[place]).sum() == 750


def test_samples_that_are_counted_from_0_are_the_same():
    np.testing.assert_array_equal(
        read(ScpFile(steps(), starts=dict.fromkeys(LEADS, 0))).signal, read(ScpFile(steps())).signal
    )


def test_eight_leads_are_twelve_and_others_are_left_out():
    rows = steps(leads=("I", "II", "V1", "V2", "V3", "V4", "V5", "V6", "V7"))
    record = read(ScpFile(rows))
    np.testing.assert_allclose(record.lead("III"), (rows["II"] - rows["I"]) * STEP_MV, atol=1e-5)
    assert record.notes == (
        "III, aVR, aVL, aVF derived from I and II",
        "1 channels that are not one of the 12 leads were left out",
    )


def tags(**more: bytes) -> dict[int, bytes]:
    return {int(name[1:]): value for name, value in more.items()}


def test_age_sex_and_filters_are_read():
    filters = tags(t27=struct.pack("<H", 5), t28=struct.pack("<H", 150), t29=b"\x02")
    record = read(ScpFile(steps(100), tags=tags(t4=struct.pack("<HB", 61, 1), t8=b"\x02") | filters))
    assert (record.age, record.sex, record.filters) == (61.0, "female", "0.05-150 Hz, notch 50 Hz")
    assert record.device.filters == record.filters
    dates = tags(t5=struct.pack("<HBB", 1950, 6, 2), t25=struct.pack("<HBB", 2020, 6, 1), t8=b"\x01")
    record = read(ScpFile(steps(100), tags=dates))
    assert (record.age, record.sex, record.filters) == (69.0, "male", None)
    weeks = read(ScpFile(steps(100), tags=tags(t4=struct.pack("<HB", 26, 3))))
    assert weeks.age == pytest.approx(0.5, abs=0.01)


def test_a_wrong_checksum_is_said():
    assert read(ScpFile(steps(), crc=False)).notes == (CHECKSUM_NOTE,)
    spoilt = bytearray(ScpFile(steps(), tables=()).content())
    spoilt[-3] ^= 1
    assert CHECKSUM_NOTE in read_upload([("x", bytes(spoilt))]).notes


def test_the_real_file_is_what_an_independent_reader_finds(real_data: Path):
    from ecgdatakit.parsing.parsers.scp_ecg import SCPECGParser

    path = real_data / "vendor" / "scp" / "Example.scp"
    record = read_record(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = SCPECGParser().parse(path)
    assert (record.fs, record.age, record.sex, record.notes) == (500.0, 49.0, "male", ())
    assert record.seconds == 10.0
    for lead in theirs.leads:
        assert (lead.sampling_rate, lead.resolution, lead.resolution_unit) == (500, 2.5, "uV")
        np.testing.assert_allclose(record.lead(lead.label), lead.samples * 2.5e-3, atol=1e-6)


def test_the_real_files_stored_limb_leads_obey_einthoven_and_goldberger(real_data: Path):
    i, ii, iii, avr, avl, avf = read_record(real_data / "vendor" / "scp" / "Example.scp").signal[:6]
    assert np.abs(ii - i - iii).max() < 1e-6
    for lead, derived in ((avr, -(i + ii) / 2), (avl, i - ii / 2), (avf, ii - i / 2)):
        assert np.abs(lead - derived).max() < 0.0026


def announces(section: int, form: str, at: int, value: int):
    """A file in which one number of a section is another."""
    content = bytearray(ScpFile(steps(), steps(100, seed=1), subtracted=True, beats=[(0, 1, 50, 100)]).content())
    place = next(at for at in range(22, 200, 10) if struct.unpack_from("<H", content, at)[0] == section)
    begin = struct.unpack_from("<I", content, place + 6)[0] - 1 + 16
    struct.pack_into("<" + form, content, begin + at, value)
    return bytes(content)


@pytest.mark.parametrize(
    ("section", "form", "at", "value"),
    [
        (3, "B", 0, 255),
        (3, "I", 2, 4_000_000_000),
        (3, "I", 6, 4_000_000_000),
        (3, "I", 6, 0),
        (3, "I", 6, 1_000_000),
        (4, "H", 4, 65_535),
        (4, "H", 0, 65_535),
        (5, "H", 0, 0),
        (6, "H", 2, 0),
        (6, "H", 6, 65_535),
        (6, "H", 6, 3),
        (6, "B", 4, 9),
        (2, "H", 0, 0xFFFF),
        (2, "H", 0, 31),
    ],
)
def test_numbers_that_a_file_cannot_keep_are_refused(section, form, at, value, refusal):
    refusal(lambda: read_upload([("x", announces(section, form, at, value))]))


@pytest.mark.parametrize("gone", [3, 6])
def test_a_file_without_a_signal_is_refused(gone, refusal):
    assert f"section {gone}" in refusal(lambda: read(ScpFile(steps(), sections={gone: b""})))


def test_measurements_and_statements_of_the_machine_are_kept():
    axes = (44, -61, 999)
    block = struct.pack("<5H3h", 390, 500, 554, 674, 1054, *axes)
    overall = struct.pack("<H2B3HB", 2, 0, 0, 77, 29999, 431, 1)
    body = struct.pack("<BBHH", 1, 1, 800, 29999) + block + bytes(10) + overall
    text = statements(8, b"Sinus rhythm", b"Left anterior fascicular block\0Abnormal ECG")
    device = read(ScpFile(steps(), sections={7: body, 8: text})).device
    axes_kept = {"p_axis": 44, "qrs_axis": -61}
    assert device.values == {"heart_rate": 77, "pr": 164, "qrs": 120, "qt": 500, "qtc_bazett": 431} | axes_kept
    assert device.statements == ("Sinus rhythm", "Left anterior fascicular block", "Abnormal ECG")
    short = read(ScpFile(steps(), sections={7: struct.pack("<BBHH", 1, 0, 800, 29999) + block})).device
    assert short.values["heart_rate"] == 75
    coded = read(ScpFile(steps(), sections={11: statements(11, b"LAFB", b"LVH")})).device
    assert (coded.statements, coded.partial, device.partial) == (("LAFB", "LVH"), True, False)
    confirmed = read(ScpFile(steps(), sections={8: statements(8, b"Sinus rhythm", status=1)}))
    assert confirmed.device is None


PLANTED = ("Doe", "Jane", "A1234567", "1950", "Main Street", "Elm Clinic", "12-MAR-2010", "Dr Roe", "9876543")


def test_no_identifier_in_an_scp_file_survives():
    words = [b"Doe", b"Jane", b"A1234567", b"Doe-Roe"]
    fields = dict(enumerate(words))
    fields |= {5: struct.pack("<HBB", 1950, 6, 2), 25: struct.pack("<HBB", 2020, 6, 1)}
    fields |= dict.fromkeys((16, 17, 18, 19, 23), b"Elm Clinic, Main Street")
    fields |= dict.fromkeys((20, 21, 22), b"Dr Roe")
    fields |= dict.fromkeys((10, 13, 30, 35, 200, 254), b"Jane Doe, Main Street")
    fields |= {14: bytes(36) + b"Elm Clinic\0A1234567\0", 15: bytes(36) + b"Doe", 31: b"9876543"}
    lines = (
        b"Doe, Jane: sinus rhythm",
        b"Sinus rhythm of 12-MAR-2010",
        b"Sinus rhythm",
        b"ECG 9876543",
        b"ECG seen by Dr Roe",
    )
    sections = {8: statements(8, *lines), 9: b"Doe Jane Main Street", 11: statements(11, b"Doe"), 10: b"Doe Jane"}
    record = read(ScpFile(steps(), tags=fields, sections=sections))
    assert record.age == 69
    assert record.device.statements == ("Sinus rhythm",)
    kept = repr([value for name, value in vars(record).items() if name != "signal"])
    assert not [word for word in PLANTED if word.lower() in kept.lower()]
