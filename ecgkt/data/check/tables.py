"""One table as a file: whether it is whole, its columns, and whether its first rows are of the schema's types."""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO

from ecgkt.data.check.findings import Findings, in_words, lack, problem, unchecked
from ecgkt.mimic import Table

ROWS = 3000
"""How many rows are held against the schema's types."""
SMALL = 64_000_000
"""Files up to so many bytes are read to their end; larger ones only where asked for."""
SUMS = "SHA256SUMS.txt"
AGAIN = "download it again"
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)
"""What Python raises where a compressed file ends early or was changed."""
_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,18}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")


def check_table(path: Path, schema: Table, thorough: bool = False) -> Findings:
    """Look at one file; return every problem found, and what was left open.

    A large file is read to its end only if `thorough`; against `SHA256SUMS.txt` (beside it, or one folder up) it is
    held whenever it is read whole.
    """
    nature = _nature(path)
    if nature is not None:
        return nature
    rows = _first_rows(path, schema)
    if rows.problems:
        return rows
    if thorough or path.stat().st_size <= SMALL:
        return rows + _whole(path)
    return rows + _end(path)


@contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    """Open a table as text, plain or gzipped by its name."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as text:
            yield text
    else:
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield text


def _nature(path: Path) -> Findings | None:
    """Return why a file is no table at all, or None."""
    with path.open("rb") as file:
        head = file.read(512)
    start = head.lstrip().lower()
    if not head:
        return problem(f"rows in {path}", "a file of zero bytes", AGAIN)
    if start.startswith((b"<!doctype", b"<html")):
        return problem(f"a table at {path}", "a web page, as a download without signing in leaves it", AGAIN)
    if path.suffix == ".gz" and not head.startswith(_GZIP):
        return problem(f"a gzip file at {path}", "another kind of file", f"{AGAIN}, or drop .gz if it is plain text")
    if path.suffix != ".gz" and head.startswith(_GZIP):
        return problem(f"plain text at {path}", "a gzip file", f"rename it to {path.name}.gz")
    return None


def _first_rows(path: Path, schema: Table) -> Findings:
    try:
        with opened(path) as text:
            lines = csv.reader(text, strict=True)
            header = next(lines, [])
            missing = [name for name in schema.columns if name not in header]
            if missing:
                return problem(
                    f"the columns of {schema.path} in {path}",
                    f"none called {', '.join(missing)}",
                    f"download it from a version that has them ({_versions(schema)})",
                )
            return _typed(path, schema, header, islice(lines, ROWS))
    except BROKEN:
        return _cut_off(path)
    except (UnicodeDecodeError, csv.Error) as error:
        return problem(f"comma-separated UTF-8 text in {path}", f"{error}", AGAIN)


def _versions(schema: Table) -> str:
    if "/" not in schema.path:
        return "MIMIC-IV-ECG 1.0"
    return "MIMIC-IV-ED 2.2" if schema.path.startswith("ed/") else "MIMIC-IV 2.2, 3.0 or 3.1"


def _typed(path: Path, schema: Table, header: Sequence[str], rows: Iterator[list[str]]) -> Findings:
    """Return the first row or cell that is not of the schema's type; rows are counted from 1 below the header."""
    places = [(header.index(name), name, dtype) for name, dtype in schema.columns.items() if dtype != "string"]
    number = 0
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            return problem(
                f"{len(header)} columns in every row of {path}", f"{len(row)} in row {number}", f"{AGAIN}, unedited"
            )
        for place, name, dtype in places:
            if not fits(row[place], dtype):
                got = f"{row[place][:30]!r} in row {number}" if row[place] else f"an empty cell in row {number}"
                return problem(f"{_kind(dtype)} in column {name} of {path}", got, f"{AGAIN}, unedited")
    return Findings() if number else lack(f"{path} is a header alone, without rows.")


def fits(cell: str, dtype: str) -> bool:
    """Return whether a cell can be read as a type of `ecgkt.mimic.Table`; only int64 may not be empty."""
    if not cell:
        return dtype != "int64"
    if dtype in ("int64", "Int64"):
        return _WHOLE_NUMBER.fullmatch(cell) is not None
    try:
        if dtype == "float64":
            float(cell)
        elif dtype.startswith("datetime64"):
            datetime.fromisoformat(cell)
            return _TIME.fullmatch(cell) is not None
    except ValueError:
        return False
    return True


def _kind(dtype: str) -> str:
    if dtype.startswith("datetime64"):
        return "a time such as 2180-07-23 08:44:00"
    return "a number" if dtype == "float64" else "a whole number"


def _cut_off(path: Path) -> Findings:
    return problem(f"the whole of {path}", "a gzip file that ends early or was damaged", AGAIN)


def _whole(path: Path) -> Findings:
    """Read a file to its end: against its published checksum where there is one, else by gzip's own."""
    published = published_sum(path)
    if published is not None:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == published:
                return Findings()
        return problem(f"{path} as {SUMS} lists it", "a file of another SHA-256", AGAIN)
    if path.suffix != ".gz":
        return _end(path)
    try:
        with gzip.open(path, "rb") as file:
            while file.read(_CHUNK):
                pass
    except BROKEN:
        return _cut_off(path)
    return Findings()


def _end(path: Path) -> Findings:
    """Look at the end of a file that is too long to be read: what can be told from it, and what cannot."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 65536))
        tail = file.read()
    if path.suffix == ".gz":
        if not any(tail[-8:]):
            return _cut_off(path)
        return unchecked(f"{path} ({in_words(size)}) was not read to its end; --thorough does it")
    last = tail.splitlines()[-1].decode("utf-8", errors="replace")
    with opened(path) as text:
        columns = len(next(csv.reader(text)))
    if tail.endswith((b"\n", b"\r")) or len(next(csv.reader([last]))) == columns:
        return Findings()
    return problem(f"the whole of {path}", "a last row that breaks off", AGAIN)


def published_sum(path: Path) -> str | None:
    """Return the SHA-256 that PhysioNet's list (beside the file, or one folder up) gives for it, or None."""
    for folder in (path.parent, path.parent.parent):
        if not (folder / SUMS).is_file():
            continue
        name = os.fspath(path.relative_to(folder).as_posix())
        for line in (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines():
            digest, _, listed = line.partition(" ")
            if listed.strip().removeprefix("*").removeprefix("./") == name and len(digest) == 64:
                return digest.lower()
    return None
