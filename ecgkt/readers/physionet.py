"""Single open-access records from PhysioNet, fetched only when the user asks for one."""

from __future__ import annotations

import posixpath
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecgkt.domain import Domain, Record
from ecgkt.errors import FetchFailed
from ecgkt.readers import wfdb_format
from ecgkt.readers.wfdb_header import looks_like_header

MAX_FILE_BYTES = 50_000_000
TIMEOUT_SECONDS = 10.0
"""For a connection and for each silence in a transfer; all files together may take three times that."""

_CHUNK_BYTES = 65_536
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")


@dataclass(frozen=True)
class Example:
    """A record that is offered by name: `database` with its version and `record` as PhysioNet spells them."""

    title: str
    database: str
    record: str


EXAMPLES = (
    Example("PTB-XL, a sinus rhythm", "ptb-xl/1.0.3", "records500/00000/00001_hr"),
    Example("MIMIC-IV-ECG Demo", "mimic-iv-ecg-demo/0.1", "files/p10001725/s102147240/102147240"),
    Example("Georgia 12-lead (Challenge 2021)", "challenge-2021/1.0.3", "training/georgia/g1/E00001"),
    Example("LUDB", "ludb/1.0.1", "data/1"),
)


def fetch_record(
    database: str, record: str, *, index_url: str | None = None, timeout_seconds: float = TIMEOUT_SECONDS
) -> Record:
    """Fetch `record` ("records500/00000/00001_hr") of `database` ("ptb-xl/1.0.3") and read it as a local WFDB record.

    `index_url` defaults to the one that the wfdb library is set to (`wfdb.set_db_index_url`). Header and signals are
    fetched into memory under a time and size limit, which the library's own streaming lacks; nothing is kept.
    Raises FetchFailed where the record cannot be had, and what the WFDB reader raises where it cannot be read.
    """
    for what, name in (("database", database), ("record", record)):
        if len(name) > 200 or not _PATH.fullmatch(name):
            raise FetchFailed(
                f"a {what} name as PhysioNet spells it", "another text", 'try "ptb-xl/1.0.3" and its records'
            )
    place = posixpath.join(_index(index_url), database, record)
    deadline = time.monotonic() + 3 * timeout_seconds
    header = _fetch(f"{place}.hea", timeout_seconds, deadline)
    if not looks_like_header(header):
        raise FetchFailed("a WFDB header", "another page", "check the names, and whether the database is open access")
    folder = posixpath.dirname(place)
    fetched = wfdb_format.read(header, lambda name: _fetch(posixpath.join(folder, name), timeout_seconds, deadline))
    return replace(
        fetched,
        source=f"PhysioNet {database}",
        domain=Domain.SIMULATED if fetched.domain is Domain.SIMULATED else Domain.REAL,
    )


def _index(index_url: str | None) -> str:
    if index_url is None:
        from wfdb.io import download

        index_url = str(download.config.db_index_url)
    if not index_url.startswith(("https://", "http://")):
        raise FetchFailed("an http(s) address", "another kind of address", "give the address of a PhysioNet mirror")
    return index_url


def _fetch(url: str, timeout_seconds: float, deadline: float) -> bytes:
    import requests

    try:
        with requests.get(url, timeout=timeout_seconds, stream=True) as answer:
            if answer.status_code == requests.codes.not_found:
                raise FetchFailed("a record on PhysioNet", "an answer that there is none", "check database and record")
            if answer.status_code != requests.codes.ok:
                raise FetchFailed(
                    "a record on PhysioNet",
                    f"the answer {answer.status_code}",
                    "check that the database is open access, or try later",
                )
            return b"".join(_limited(answer.iter_content(_CHUNK_BYTES), deadline))
    except requests.Timeout as error:
        raise FetchFailed("an answer from PhysioNet", "none in time", "try later or open a local file") from error
    except requests.RequestException as error:
        raise FetchFailed("a connection to PhysioNet", "none", "check the network or open a local file") from error


def _limited(chunks: Iterator[bytes], deadline: float) -> Iterator[bytes]:
    """Pass chunks on until there are too many bytes or it takes too long."""
    left = MAX_FILE_BYTES
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise FetchFailed(
                f"a file of at most {MAX_FILE_BYTES // 1_000_000} MB", "a larger one", "take a short record"
            )
        if time.monotonic() > deadline:
            raise FetchFailed("a record in time", "only a part of it", "try later or open a local file")
        yield chunk
