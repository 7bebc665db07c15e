"""The door for XML: bombs, foreign references and damage each end in one sentence, in bounded time."""

from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.written_files.vendors import aecg_xml, muse_xml, sierra_xml, waves
from ecgkt.errors import UnreadableRecord, UnsafeFile
from ecgkt.readers import read_upload
from ecgkt.readers.xml_tree import MAX_BYTES, identifying_texts, number, parse_tree, root_name, text_of

LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "ha" * 100}">' for i in range(12))
BOMBS = {
    "billion laughs": f"<!DOCTYPE x [{LAUGHS}]><RestingECG>&a11;</RestingECG>",
    "one long entity": f'<!DOCTYPE x [<!ENTITY a "{"h" * 3000}">]><RestingECG>{"&a;" * 1_000_000}</RestingECG>',
    "external entity": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><RestingECG>&a;</RestingECG>',
    "parameter entity": '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1/x.dtd"> %a;]><RestingECG/>',
    "too deep": "<RestingECG>" + "<a>" * 5000 + "</a>" * 5000 + "</RestingECG>",
    "too many": "<RestingECG>" + "<a/>" * 400_000 + "</RestingECG>",
    "too long": "<RestingECG>" + " " * MAX_BYTES + "</RestingECG>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once(name, refusal):
    begin = time.process_time()
    with pytest.raises(UnsafeFile):
        read_upload([("x", BOMBS[name].encode())])
    assert time.process_time() - begin < 5
    assert "GE MUSE XML" in refusal(lambda: read_upload([("x", BOMBS[name].encode())]))


@pytest.mark.parametrize(
    "bad", ["<RestingECG>", "<RestingECG></a>", "<RestingECG>&b;</RestingECG>", "<RestingECG a='1' a='2'/>"]
)
def test_damaged_xml_is_refused_by_the_name_of_its_format(bad, refusal):
    assert "whole GE MUSE XML" in refusal(lambda: read_upload([("x", bad.encode())]))


def test_broken_utf_16_is_refused():
    with pytest.raises(UnreadableRecord):
        parse_tree("<a>b</a>".encode("utf-16")[:-1], "XML")


@pytest.mark.parametrize(
    ("said", "kept"),
    [("Smith\x1f", "Smith\ufffd"), ("Smith&#x1F;", "Smith\ufffd"), ("&#0;", "\ufffd"), ("Smith & Doe", "Smith & Doe")],
)
def test_signs_that_xml_does_not_allow_are_passed_over_in_words(said, kept):
    assert text_of(parse_tree(f"<a><b>{said}</b><c>&lt;&#65;</c></a>".encode(), "XML"), "b") == kept
    assert text_of(parse_tree(f"<a><b>{said}</b><c>&lt;&#65;</c></a>".encode(), "XML"), "c") == "<A"


def test_such_signs_among_samples_are_refused_and_never_left_out(refusal):
    whole = muse_xml(waves())
    place = whole.rindex(b"<WaveFormData>") + 40
    for sign in (b"\x01", b"&", b"\0"):
        assert "base64" in refusal(lambda sign=sign: read_upload([("x", whole[:place] + sign + whole[place + 1 :])]))


@pytest.mark.parametrize(("before", "behind"), [(b"\r\n  ", b""), (b"\xef\xbb\xbf\n", b"\n"), (b"", b"\0\0\0\n")])
def test_what_stands_before_and_behind_the_document_does_no_harm(before, behind):
    record = read_upload([("x", before + muse_xml(waves()) + behind)])
    np.testing.assert_allclose(record.signal, waves(), atol=1e-5)


def test_a_named_document_type_is_passed_by_and_never_fetched():
    content = b'<!DOCTYPE RestingECG SYSTEM "http://127.0.0.1:9/restecg.dtd"><RestingECG><a>1</a></RestingECG>'
    assert text_of(parse_tree(content, "XML"), "a") == "1"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<RestingECG>", "RestingECG"),
        (b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- <a> -->\n<!DOCTYPE a SYSTEM 'b' [<!ENTITY c 'd'>]><x:b/>", "b"),
        ("<?xml version='1.0'?><a\n b='1'>".encode("utf-16"), "a"),
        ("<a><b/>".encode("utf-16-be"), "a"),
        (b"<?xml version='1.0'?>", None),
        (b"a <b>", None),
        (b"", None),
    ],
)
def test_the_root_is_found_whatever_stands_before_it(head, name):
    assert root_name(head) == name


@pytest.mark.parametrize("content", [muse_xml(waves()), aecg_xml(waves()), sierra_xml(waves())])
def test_the_names_in_a_file_are_known_as_such(content):
    found = set(identifying_texts(parse_tree(content, "XML")))
    assert any("Doe" in text for text in found) and any("A1234567" in text for text in found)


def test_numbers_are_decimal_and_finite():
    spelled = ["4.88", "4,88", " -5 ", "1e3", ".5", "nan", "inf", "1_000", "0x10", "", "1e999", "\u0665", None]
    assert [number(one) for one in spelled] == [4.88, 4.88, -5, 1000, 0.5, *[None] * 6, number("\u0665"), None]


@pytest.mark.parametrize(
    ("root", "told"),
    [("CardiologyXML", "GE MAC or CardioSoft"), ("MAC2000", "GE MAC 2000"), ("Other", "an XML file of another kind")],
)
def test_other_xml_is_refused_as_what_it_is(root, told, refusal):
    said = refusal(lambda: read_upload([("x", f"<?xml version='1.0'?><{root}><a/></{root}>".encode())]))
    assert told in said and "HL7 aECG" in said
