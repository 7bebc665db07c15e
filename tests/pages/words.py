"""All that a page says: every text that Streamlit would send to the browser, without markup."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

_SILENT = {"id", "form_id", "spec", "element_id", "url", "icon", "type", "theme", "html_content", "css_content"}
_SILENT |= {"js_content", "format", "active_script_hash", "proto_format", "user_key", "component_name", "key"}
_HIDDEN = re.compile(r"<(style|script)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_SHOWN = re.compile(r'\b(?:alt|title|aria-label|placeholder)="([^"]*)"')
_TAGS = re.compile(r"<[^<>]*>")
_CODE = re.compile(r"[0-9a-f]{32}")
_CHART_TEXTS = ("text", "title", "name", "hovertext", "ticktext")


def said(page: AppTest) -> list[str]:
    """Return every text of a page, main part and sidebar, each without tags and styles."""
    found = [plain(text) for block in (page.main, page.sidebar) for node in _nodes(block) for text in _strings(node)]
    return [text for text in found if text]


def text_of(page: AppTest) -> str:
    """Return what a page says with its markup: texts, notes, errors, code, and what its own tables are given."""
    parts = [*page.get("html"), *page.markdown, *page.caption, *page.header, *page.code]
    parts += [*page.error, *page.warning, *page.info]
    words = [str(getattr(part, "body", None) or getattr(part, "value", None) or part.proto.body) for part in parts]
    return " ".join([*words, *(json.loads(table.proto.json) for table in page.get("bidi_component"))])


def plain(text: str) -> str:
    """Return what of an HTML text is read: without styles, tags and drawings, with what describes a drawing."""
    text = _HIDDEN.sub(" ", text)
    described = " ".join(_SHOWN.findall(text))
    return re.sub(r"\s+", " ", html.unescape(f"{_TAGS.sub(' ', text)} {described}")).strip()


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from _nodes(child)


def _strings(node: Any) -> Iterator[str]:
    proto = getattr(node, "proto", None)
    if isinstance(proto, Message):
        yield from _walk(proto)


def _walk(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        if field.name == "spec" and isinstance(value, str):
            yield from _chart(json.loads(value))
        if field.name in _SILENT:
            continue
        for one in value if isinstance(value, list | tuple) or hasattr(value, "append") else [value]:
            if field.type == FieldDescriptor.TYPE_STRING and isinstance(one, str) and not _CODE.fullmatch(one):
                yield one
            elif isinstance(one, Message):
                yield from _walk(one)


def _chart(node: Any) -> Iterator[str]:
    """Yield titles, names and notes of a chart."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in _CHART_TEXTS:
                yield from (str(one) for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))
            yield from _chart(value)
    elif isinstance(node, list):
        for one in node:
            yield from _chart(one)
