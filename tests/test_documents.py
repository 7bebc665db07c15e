"""What the documents promise exists: every command parses, every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ecgkt.cli import parser_for

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
COMMAND = re.compile(r"^python -m ecgkt [a-z].*$|`python -m ecgkt ([a-z][^`]*)`", re.MULTILINE)
FILE = re.compile(r"\b(?!benchmarks\.md)(?:benchmarks|tests)(?:[./][a-z0-9_]+)+(?:\.py)?\b")
LINK = re.compile(r"\]\((?!http)([^)#]+)\)")


def commands(path: Path) -> list[list[str]]:
    found = []
    for match in COMMAND.finditer(path.read_text(encoding="utf-8")):
        line = match.group(0).strip("`").split("#")[0]
        line = re.sub(r"\[[^\]]*\]", "", line).replace("...", "")
        words = shlex.split(line)[3:]
        if len(words) > 1:
            found.append(words)
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_in_a_document_parses(path):
    for words in commands(path):
        try:
            parser_for(words).parse_args(words)
        except SystemExit:
            pytest.fail(f"{path.name}: {' '.join(words)}")


def test_the_readme_names_commands():
    assert len(commands(ROOT / "README.md")) > 8


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_in_a_document_leads_somewhere(path):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name}: {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_benchmark_and_test_that_a_document_names_is_there(path):
    for named in FILE.findall(path.read_text(encoding="utf-8")):
        place = ROOT / named.removesuffix(".py").replace(".", "/")
        assert place.is_dir() or place.with_suffix(".py").is_file(), f"{path.name}: {named}"


def test_the_documents_name_benchmarks_and_tests():
    assert len({named for path in DOCUMENTS for named in FILE.findall(path.read_text(encoding="utf-8"))}) > 40
