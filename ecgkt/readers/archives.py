"""Zip archives, unpacked into memory only: nothing inside one can name a place on the disk."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib

from ecgkt.errors import UnreadableRecord, UnsafeFile

MAX_MEMBERS = 64
MAX_UNPACKED_BYTES = 200_000_000

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_DIRECTORY_ENTRY = b"PK\x01\x02"
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError)


def is_zip(head: bytes) -> bool:
    """Tell whether a file begins as a zip archive."""
    return head.startswith(_ZIP_STARTS)


def unpack(content: bytes, most: int = MAX_MEMBERS) -> dict[str, bytes]:
    """Return the bytes of at most `most` members by name.

    Raises where the archive is damaged, encrypted, too large or reaches out.
    """
    if content.count(_DIRECTORY_ENTRY) > most:
        raise UnsafeFile(f"at most {most} files in a zip archive", "more", "pack fewer records together")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            for member in members:
                _check_member(member)
            return _extract(archive, members)
    except _DAMAGE as error:
        raise UnreadableRecord("a whole zip archive", "a damaged one", "pack it again") from error


def _check_member(member: zipfile.ZipInfo) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in member.filename:
        raise UnsafeFile("plain names inside the zip archive", "one that leads outside", "pack the record's files anew")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise UnsafeFile("files in the zip archive", "a symbolic link", "pack the file itself")
    if member.flag_bits & 0x1:
        raise UnreadableRecord("an open zip archive", "an encrypted one", "pack it without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableRecord("a zip archive by the deflate method", "another method", "pack it again")


def _extract(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Read every member, counting real bytes and not those that the archive claims."""
    unpacked: dict[str, bytes] = {}
    left = MAX_UNPACKED_BYTES
    for member in members:
        if member.filename in unpacked:
            raise UnsafeFile("each file once in the zip archive", "a name twice", "pack it again")
        with archive.open(member) as stream:
            content = stream.read(left + 1)
        left -= len(content)
        if left < 0:
            raise UnsafeFile(
                f"at most {MAX_UNPACKED_BYTES // 1_000_000} MB when unpacked",
                "a zip archive of more",
                "pack one record alone",
            )
        if is_zip(content):
            raise UnsafeFile("one zip archive", "an archive inside an archive", "unpack the inner one first")
        unpacked[member.filename] = content
    return unpacked
