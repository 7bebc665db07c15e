"""Many files dropped at once, put together into records: pairs of WFDB files, DICOMs, zips of many."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ecgkt.domain import Record
from ecgkt.errors import EcgktError, UnreadableRecord, UnsafeFile
from ecgkt.readers.archives import is_zip, unpack
from ecgkt.readers.contract import HEAD_BYTES, Reader
from ecgkt.readers.formats import recognise, unknown_format
from ecgkt.readers.wfdb_header import looks_like_header, parse_header

MAX_RECORDS = 500
MAX_BYTES = 200_000_000
_MAX_MEMBERS = 4 * MAX_RECORDS
_NO_RECORD = (".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Found:
    """A record among many files: the `name` of its main file, and how to `read` it or be told why not.

    `recognised`: the file is of a format that is read, whether or not it is whole.
    """

    name: str
    read: Callable[[], Record]
    recognised: bool = False


def find_in_files(files: Sequence[tuple[str, bytes]]) -> list[Found]:
    """Return the records in (name, content) pairs, sorted by name; zips are unpacked into memory.

    A file that is no ECG and no signal file of one is a record that cannot be read, so that nothing is passed over in
    silence. Of two different files of one name neither is taken for a header's signal file. Raises UnsafeFile where
    they are more than 200 MB, unpacked, or more than 500 records.
    """
    named: dict[str, bytes] = {}
    twice: set[str] = set()
    found: list[Found] = []
    left = MAX_BYTES
    for name, content in files:
        try:
            members = _members(name, content)
        except EcgktError as error:
            found.append(Found(name, partial(_refuse, error)))
            continue
        for member, inside in members.items():
            left -= len(inside)
            if left < 0:
                raise UnsafeFile(f"at most {MAX_BYTES // 1_000_000} MB in one list", "more", "drop fewer at once")
            if named.setdefault(member, inside) != inside:
                twice.add(member)
                found.append(Found(member, partial(_refuse, _two_of_one_name())))
    found += _records(named, twice)
    if len(found) > MAX_RECORDS:
        raise UnsafeFile(f"at most {MAX_RECORDS} records in one list", f"{len(found)}", "drop fewer at once")
    return sorted(found, key=lambda one: one.name)


def find_in_zip(name: str, content: bytes) -> list[Found]:
    """Return the records in a zip as `find_in_files` does; raise why where it cannot be unpacked."""
    return sorted(_records(_members(name, content), set()), key=lambda one: one.name)


def _members(name: str, content: bytes) -> dict[str, bytes]:
    """Return a file, or what is in a zip, by name; what an operating system leaves beside files is left out."""
    plain = name.replace("\\", "/").lstrip("/")
    if not is_zip(content):
        return {} if posixpath.basename(plain) in _NO_RECORD else {plain: content}
    inside = unpack(content, _MAX_MEMBERS)
    if not inside:
        raise UnreadableRecord("records in a zip archive", "an empty one", "pack them again")
    return {
        f"{plain}/{member}": held
        for member, held in inside.items()
        if not member.startswith("__MACOSX/") and posixpath.basename(member) not in _NO_RECORD
    }


def _records(files: Mapping[str, bytes], twice: set[str]) -> Iterator[Found]:
    recognised = {name: recognise(content[:HEAD_BYTES]) for name, content in files.items()}
    signals = {
        posixpath.join(posixpath.dirname(name), signal)
        for name, reader in recognised.items()
        if reader is not None and looks_like_header(files[name][:HEAD_BYTES])
        for signal in _signal_files(files[name])
    }
    for name, reader in recognised.items():
        if name in signals:
            continue
        if reader is None:
            problem = unknown_format(files[name][:HEAD_BYTES]) if files[name] else _empty()
            yield Found(name, partial(_refuse, problem))
        else:
            yield Found(name, partial(_read, reader, name, files, twice), recognised=True)


def _signal_files(header: bytes) -> tuple[str, ...]:
    try:
        return parse_header(header).files
    except EcgktError:
        return ()


def _read(reader: Reader, name: str, files: Mapping[str, bytes], twice: set[str]) -> Record:
    folder = posixpath.dirname(name)

    def companion(beside: str) -> bytes | None:
        path = posixpath.join(folder, beside)
        if path in twice:
            raise _two_of_one_name()
        return files.get(path)

    if name in twice and looks_like_header(files[name][:HEAD_BYTES]):
        raise _two_of_one_name()
    return reader.read(files[name], companion)


def _refuse(error: EcgktError) -> Record:
    raise type(error)(error.wanted, error.got, error.do)


def _two_of_one_name() -> UnreadableRecord:
    return UnreadableRecord("each file once", "two different files of one name", "drop them apart, or zip each folder")


def _empty() -> UnreadableRecord:
    return UnreadableRecord("an ECG file", "an empty file", "choose the recording again")
