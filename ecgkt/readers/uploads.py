"""Records that come as bytes: the files of an upload or the members of an archive."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from ecgkt.domain import Record
from ecgkt.errors import UnreadableRecord, UnsafeFile
from ecgkt.readers.archives import is_zip, unpack
from ecgkt.readers.contract import HEAD_BYTES
from ecgkt.readers.formats import recognise, unknown_format

MAX_UPLOAD_BYTES = 50_000_000


def read_upload(files: Sequence[tuple[str, bytes]]) -> Record:
    """Read the one record in these (name, content) pairs: a single file, a WFDB header with its signals, or a zip.

    Names serve only to find the signal files that a header names; none is kept or shown. Nothing outlives the call.
    """
    if sum(len(content) for _, content in files) > MAX_UPLOAD_BYTES:
        raise UnsafeFile(
            f"at most {MAX_UPLOAD_BYTES // 1_000_000} MB", "a larger upload", "upload one record at a time"
        )
    archives = [content for _, content in files if is_zip(content)]
    if archives and len(files) > 1:
        raise UnreadableRecord("a zip archive alone", "other files beside it", "upload the archive or the files")
    if archives:
        return read_archive(archives[0])
    named: dict[str, bytes] = {}
    for name, content in files:
        bare = posixpath.basename(name.replace("\\", "/"))
        if bare in named:
            raise UnreadableRecord("each file once", "two files of one name", "upload one record at a time")
        named[bare] = content
    return read_together(named)


def read_archive(content: bytes) -> Record:
    """Read the one record inside a zip archive."""
    return read_together(unpack(content))


def read_together(files: Mapping[str, bytes]) -> Record:
    """Read the one record among files by name; a WFDB header finds its signal files in its own folder."""
    if not any(files.values()):
        raise UnreadableRecord("an ECG file", "an empty file" if files else "no file", "choose the recording again")
    found = [(name, reader) for name, content in files.items() if (reader := recognise(content[:HEAD_BYTES]))]
    if not found:
        raise unknown_format(*(content[:HEAD_BYTES] for content in files.values()))
    if len(found) > 1:
        raise UnreadableRecord("exactly one record", f"{len(found)} of them", "give one record at a time")
    name, reader = found[0]
    folder = posixpath.dirname(name)
    return reader.read(files[name], lambda beside: files.get(posixpath.join(folder, beside)))
