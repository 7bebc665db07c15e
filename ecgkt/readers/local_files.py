"""Records on the disk: one by its path, or all beneath a folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ecgkt.domain import Record
from ecgkt.errors import UnreadableRecord, UnsafeFile
from ecgkt.readers.archives import is_zip
from ecgkt.readers.contract import HEAD_BYTES, Companion
from ecgkt.readers.formats import recognise, unknown_format
from ecgkt.readers.uploads import read_archive
from ecgkt.readers.wfdb_header import looks_like_header, parse_header

MAX_FILE_BYTES = 200_000_000


def read_record(path: Path) -> Record:
    """Read the record in a file: a DICOM, a zip, a WFDB header, or a WFDB signal file with its header beside it."""
    path = Path(path)
    if path.is_dir():
        raise UnreadableRecord("a file", "a folder", "name one of the records in it")
    content = _read_bytes(path)
    if content is None:
        raise UnreadableRecord("a file that can be read", "none at that path", "check the path and its permissions")
    if not content:
        raise UnreadableRecord("an ECG file", "an empty file", "choose the recording again")
    head = content[:HEAD_BYTES]
    if is_zip(head):
        return read_archive(content)
    reader = recognise(head)
    if reader is not None:
        return reader.read(content, _beside(path))
    header = path.with_suffix(".hea")
    if header != path and _is_header_of(header, path.name):
        return read_record(header)
    raise unknown_format(head)


def find_records(folder: Path) -> list[Path]:
    """Return the main file of every record beneath a folder by content, sorted; links that lead out are left out."""
    return find_files(folder, lambda head: recognise(head) is not None)


def find_files(folder: Path, wanted: Callable[[bytes], bool]) -> list[Path]:
    """Return the files beneath a folder whose beginning is `wanted`, sorted; links that lead out are left out."""
    root = Path(folder).resolve()
    if not root.is_dir():
        raise UnreadableRecord("a folder", "none at that path", "check the path")
    found = []
    for place, _, names in os.walk(root):
        for name in names:
            path = Path(place, name)
            if _lies_in(root, path) and wanted(_head(path)):
                found.append(path)
    return sorted(found)


def _is_header_of(header: Path, signal_name: str) -> bool:
    return looks_like_header(_head(header)) and signal_name in parse_header(_read_bytes(header) or b"").files


def _lies_in(folder: Path, path: Path) -> bool:
    """Tell whether a path ends up in a folder once its links are followed; a loop of links leads nowhere."""
    return Path(os.path.realpath(path)).is_relative_to(folder)


def _head(path: Path) -> bytes:
    """Return the beginning of a regular file; nothing where it cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError:
        return b""


def _read_bytes(path: Path) -> bytes | None:
    """Return a regular file's content, None where it cannot be read; raise where it is too large."""
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UnsafeFile(f"a file of at most {MAX_FILE_BYTES // 1_000_000} MB", "a larger one", "cut the recording")
        return path.read_bytes()
    except OSError:
        return None


def _beside(path: Path) -> Companion:
    """Return a look-up of files in the same folder as `path`; a link that leads out of it is refused."""
    folder = path.parent.resolve()

    def companion(name: str) -> bytes | None:
        beside = folder / name
        if not _lies_in(folder, beside):
            raise UnsafeFile("a signal file beside its header", "a link that leads elsewhere", "copy the file itself")
        return _read_bytes(beside)

    return companion
