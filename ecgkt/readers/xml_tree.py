"""The one door for XML: no entity, nothing external, limits on size and depth, and one sentence for any damage."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ecgkt.errors import UnreadableRecord, UnsafeFile
from ecgkt.readers.samples import LARGEST

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 20_000_000
MAX_DEPTH = 100
MAX_ELEMENTS = 100_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_EIGHT_BITS = re.compile(
    r"(utf-?8|(us-)?ascii|iso-?8859-?\d+|latin-?1|(windows-?|cp)125\d|gb.*|shift_?jis|euc-..|big5.*)"
)
_BEFORE_ROOT = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^<>\[]*(\[.*?\]\s*)?>", re.DOTALL)
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]")
_MISPLACED = re.compile(
    r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    r"|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
_BARE_AMPERSAND = re.compile(r"&(?!#?\w+;)")
_NUMBER = re.compile(r"[+-]?(\d{1,15}([.,]\d{0,15})?|[.,]\d{1,15})([eE][+-]?\d{1,2})?")
_IDENTIFYING = re.compile(
    r"name$|id$|ids$|number$|mrn|address|addr|street|city|state$|zip|phone|site|location|room|bed$|comment|remark|"
    r"answer|reason|physician|clinician|operator|signature|institution|facility|department|title$",
    re.IGNORECASE,
)
_OF_LEADS = re.compile(r"lead", re.IGNORECASE)


def root_name(head: bytes) -> str | None:
    """Return the root element's name without its prefix, from the beginning of a file; None where it is no XML."""
    text = decode(head, errors="replace").lstrip("\ufeff")
    place = 0
    while (skipped := _BEFORE_ROOT.match(text, place)) and skipped.end() > place:
        place = skipped.end()
    found = _ROOT.match(text, place)
    return found[1] if found else None


def looks_like_xml(head: bytes) -> bool:
    """Tell whether a file begins as XML does."""
    return decode(head[:200], errors="replace").lstrip("\ufeff \t\r\n").startswith("<")


def parse_tree(content: bytes, kind: str) -> Element:
    """Parse an XML file into elements without namespaces, in tags and attributes alike; `kind` names the format.

    UTF-8, UTF-16 and the usual 8-bit encodings are read, as the bytes themselves show and else as declared. A document
    type may be named and is never fetched; control characters and a bare "&", which carts leave in names and comments,
    are passed over. A declared entity, an external one, more than 20 MB, 100 levels or 100,000 elements raise
    UnsafeFile, damage raises UnreadableRecord.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException

    if len(content) > MAX_BYTES:
        raise UnsafeFile(f"{kind} of at most {MAX_BYTES // 1_000_000} MB", "a larger one", "export one recording alone")
    try:
        text = decode(content).strip("\ufeff\0 \t\r\n")
        try:
            return _parse(text, kind)
        except ParseError:
            legible = _BARE_AMPERSAND.sub("&amp;", _MISPLACED.sub("\ufffd", text))
            if legible == text:
                raise
            return _parse(legible, kind)
    except DefusedXmlException as error:
        raise UnsafeFile(f"{kind} without entities", "one that declares some", "export it again") from error
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableRecord(f"whole {kind}", "a damaged file", "export it again") from error


def _parse(text: str, kind: str) -> Element:
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=_Builder(kind), forbid_dtd=False, forbid_entities=True, forbid_external=True)
    parser.feed(text)
    root: Element = parser.close()
    return root


def decode(content: bytes, errors: str = "strict") -> str:
    """Return the text of a file by its byte order mark, by where its zero bytes stand, or as it declares."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _decode(content, encoding, errors)
    if content[:4:2].count(0) == 2 and content[1:4:2].count(0) == 0:
        return _decode(content, "utf-16-be", errors)
    if content[1:4:2].count(0) == 2 and content[:4:2].count(0) == 0:
        return _decode(content, "utf-16-le", errors)
    declared = _DECLARED.match(content[:300].lstrip())
    encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
    if not _EIGHT_BITS.fullmatch(encoding):
        encoding = "utf-8"
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return content.decode("utf-8" if errors == "replace" else "latin-1", errors)


def _decode(content: bytes, encoding: str, errors: str) -> str:
    if encoding.startswith("utf-16") and len(content) % 2 and errors == "replace":
        content = content[:-1]
    return content.decode(encoding, errors)


class _Builder:
    """Builds the tree, without namespaces, comments and processing instructions, and counts while it does."""

    def __init__(self, kind: str) -> None:
        from xml.etree.ElementTree import TreeBuilder

        self.kind, self.depth, self.elements = kind, 0, 0
        self._tree = TreeBuilder()

    def start(self, tag: str, attributes: dict[str, str]) -> Any:
        self.depth += 1
        self.elements += 1
        if self.depth > MAX_DEPTH or self.elements > MAX_ELEMENTS or len(attributes) > MAX_DEPTH:
            raise UnsafeFile(
                f"{self.kind} of at most {MAX_DEPTH} levels and {MAX_ELEMENTS:,} elements", "more", "export it again"
            )
        return self._tree.start(_local(tag), {_local(name): value for name, value in attributes.items()})

    def end(self, tag: str) -> Any:
        self.depth -= 1
        return self._tree.end(_local(tag))

    def data(self, data: str) -> Any:
        return self._tree.data(data)

    def close(self) -> Any:
        return self._tree.close()


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def text_of(element: Element | None, path: str = ".") -> str:
    """Return an element's stripped text, or that of the first one at a path below it; empty where there is none."""
    found = None if element is None else element if path == "." else element.find(path)
    return "" if found is None else (found.text or "").strip()


def number(spelled: str | None) -> float | None:
    """Return a decimal number below 1e12, with a point or a comma; None for anything else."""
    bare = (spelled or "").strip()
    if not _NUMBER.fullmatch(bare):
        return None
    value = float(bare.replace(",", "."))
    return value if abs(value) < LARGEST else None


def number_at(element: Element | None, path: str) -> float | None:
    """Return the number in the first element at a path, None where there is none."""
    return number(text_of(element, path))


def identifying_texts(root: Element) -> Iterator[str]:
    """Yield what the file says of persons, places and numbers of theirs: texts by the names of their elements."""
    known: dict[str, bool] = {}
    for element in root.iter():
        if element.tag not in known:
            known[element.tag] = bool(_IDENTIFYING.search(element.tag) and not _OF_LEADS.search(element.tag))
        if known[element.tag]:
            if element.text and len(element.text) < 1000:
                yield element.text
            yield from (part for name, part in element.attrib.items() if name in ("extension", "id"))
