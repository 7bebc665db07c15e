"""Philips Sierra XML: both versions, every coding, the limb leads put back together, and refusals."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from benchmarks.written_files.vendors import pack_lzw, pack_xli, sierra_xml, waves
from ecgkt.domain import LEADS
from ecgkt.errors import UnreadableRecord
from ecgkt.readers import read_upload
from ecgkt.readers.xli import decode_xli, unpack_lzw


def read(content: bytes):
    return read_upload([("x", content)])


@pytest.mark.parametrize("coding", ["XLI", "Base64", "Plain"])
@pytest.mark.parametrize("version", ["1.03", "1.04", "1.04.01"])
def test_every_version_and_coding_gives_the_leads_in_millivolts(version, coding):
    signal = np.round(waves() * 200) / 200
    record = read(sierra_xml(signal, version=version, coding=coding))
    np.testing.assert_allclose(record.signal, signal, atol=1e-6)
    assert (record.fs, record.age, record.sex, record.notes) == (500, 54, "female", ())


def test_channels_beyond_the_twelve_are_left_alone():
    assert read(sierra_xml(waves(), extra_channels=4)).seconds == 6


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_that_of_the_bytes(encoding):
    assert read(sierra_xml(waves(), encoding=encoding)).fs == 500


def test_a_utf_16_declaration_on_a_text_that_was_saved_as_utf_8_does_no_harm():
    content = sierra_xml(waves(), encoding="utf-16").decode("utf-16").encode()
    assert b'encoding="utf-16"' in content and read(content).fs == 500


def test_what_the_programme_stated_is_kept_and_what_an_editor_wrote_is_not():
    record = read(sierra_xml(waves()))
    assert record.device.values == {
        "heart_rate": 84, "qrs": 90, "qt": 352, "qtc_bazett": 417, "qtc_fridericia": 394, "p_axis": 66, "qrs_axis": 78,
    }  # fmt: skip
    assert record.device.statements == ("SINUS RHYTHM",)
    assert record.filters == "0.05-150 Hz, notch 50 Hz"


UNSIGNED = """<interpretation><interpretationmeasurements><heartrate>42</heartrate></interpretationmeasurements>
<mdsignatureline>Unconfirmed diagnosis</mdsignatureline><severity code="AB">- ABNORMAL ECG -</severity>
<statement><statementcode/><leftstatement>Sinus bradycardia</leftstatement></statement></interpretation>"""


def test_version_1_03_holds_its_numbers_and_band_elsewhere():
    record = read(sierra_xml(waves(), version="1.03", interpretation=UNSIGNED))
    assert record.device.values == {"heart_rate": 42, "pr": 151, "qtc": 393, "p_axis": 66}
    assert record.device.statements == ("Sinus bradycardia", "ABNORMAL ECG")
    assert record.filters == "0.05-150 Hz, notch 50 Hz"


def test_statements_under_a_signature_are_the_programmes_only_where_they_are_marked_so():
    signed = UNSIGNED.replace("Unconfirmed diagnosis", "Confirmed by: Smith, John")
    assert read(sierra_xml(waves(), interpretation=signed)).device.statements == ()
    marked = signed.replace("<statement>", '<statement editedflag="False">')
    assert read(sierra_xml(waves(), interpretation=marked)).device.statements == ("Sinus bradycardia",)


def test_a_severity_that_nobody_edited_is_the_last_statement():
    told = """<interpretation><severity>- NORMAL ECG -</severity><statement><leftstatement>SINUS RHYTHM</leftstatement>
    <rightstatement>normal P axis</rightstatement></statement></interpretation>"""
    assert read(sierra_xml(waves(), interpretation=told)).device.statements == ("SINUS RHYTHM", "NORMAL ECG")


def test_lzw_gives_back_what_was_packed_also_once_its_table_is_full():
    generator = np.random.default_rng(0)
    for plain in (b"a", b"aaaaaaaaaaaaaaaa", generator.bytes(5000), bytes(generator.integers(0, 3, 9000).tolist())):
        assert unpack_lzw(pack_lzw(plain), most=10_000) == plain


def test_xli_gives_back_the_samples_of_every_channel():
    rows = np.random.default_rng(1).integers(-3000, 3000, (2, 500)).cumsum(axis=1) // 50
    content = b"".join(pack_xli(row) for row in rows)
    for row, decoded in zip(rows, decode_xli(content, 2, 500), strict=True):
        np.testing.assert_array_equal(decoded, row)


def codes(*numbers: int) -> bytes:
    bits = "".join(f"{number:010b}" for number in numbers)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 7,
        struct.pack("<ihh", -1, 0, 0) + b"\0" * 50,
        struct.pack("<ihh", 2**31 - 1, 0, 0) + b"\0" * 50,
        struct.pack("<ihh", 3, 0, 0) + b"\0" * 3,
        struct.pack("<ihh", len(codes(900)), 0, 0) + codes(900),
        struct.pack("<ihh", len(codes(65, 300)), 0, 0) + codes(65, 300),
    ],
)
def test_damaged_xli_is_refused(content):
    with pytest.raises(UnreadableRecord):
        decode_xli(content, 1, 100)


def test_a_bomb_of_codes_is_stopped_where_it_exceeds_what_the_file_claims():
    bomb = codes(65, *range(256, 1023), *[1022] * 200_000)
    with pytest.raises(UnreadableRecord):
        decode_xli(struct.pack("<ihh", len(bomb), 0, 0) + bomb, 1, 5000)


def changed(old: str, new: str, **how) -> bytes:
    content = sierra_xml(waves(), encoding="utf-8", **how)
    assert old.encode() in content
    return content.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (sierra_xml(waves(), version="2.00"), "Philips Sierra XML of version 1.03 or 1.04"),
        (changed("parsedwaveforms", "otherwaveforms"), "with parsed waveforms"),
        (changed('compression="XLI"', 'compression="ZIP"'), "XLI or not at all"),
        (changed('dataencoding="Base64"', 'dataencoding="Hex"'), "XLI or not at all"),
        (changed('dataencoding="Base64"', 'dataencoding="Plain"'), "XLI or not at all"),
        (changed('resolution="5"', 'resolution="0"'), "a resolution"),
        (changed('signaloffset="0"', 'signaloffset="100"'), "an offset"),
        (changed('samplespersecond="500"', 'samplespersecond="-500"'), "a sampling rate above 0"),
        (changed('samplespersecond="500"', 'samplespersecond="10"'), "between 50 and 20,000 Hz"),
        (changed('durationperchannel="6000"', 'durationperchannel="600000000000"'), "at most 20,000,000 samples"),
        (changed('durationperchannel="6000"', 'durationperchannel="-1"'), "at least one sample"),
        (changed('durationperchannel="6000"', 'durationperchannel="60000"'), "whole XLI channels"),
        (changed('durationperchannel="6000"', ""), "the duration per channel"),
        (changed('durationperchannel="6000"', 'durationperchannel="60000"', coding="Base64"), "360,000 samples"),
        (changed('durationperchannel="6000"', 'durationperchannel="60000"', coding="Plain"), "360,000 samples"),
        (changed('bitspersample="16"', 'bitspersample="12"'), "16 bits"),
        (changed('numberofleads="12"', 'numberofleads="0"'), "1 to 64 channels"),
        (changed('numberofleads="12"', 'numberofleads="-5"'), "1 to 64 channels"),
        (changed(" ".join(LEADS), "A B C D E F G H K L M N"), "12 standard leads"),
        (changed("V5 V6", "V5 V5"), "V5 twice"),
        (changed(f'leadlabels="{" ".join(LEADS)}"', "").replace(b"STD-12", b"MASON-LIKAR"), "lead labels"),
        (changed("</parsedwaveforms>", "x</parsedwaveforms>", coding="Plain"), "all numbers"),
        (changed("</parsedwaveforms>", "=</parsedwaveforms>"), "whole base64"),
    ],
)  # fmt: skip
def test_what_cannot_be_trusted_is_refused(content, told, refusal):
    assert told in refusal(lambda: read(content))
