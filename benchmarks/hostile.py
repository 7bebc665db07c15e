"""Good files of every format to be spoilt, and a watch over what reading a spoilt one does beside reading it."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from scipy.io import savemat

from benchmarks.written_files.edf import EdfFile
from benchmarks.written_files.plain import dicom_content, in_four_groups, wfdb_content
from benchmarks.written_files.scp import ScpFile
from benchmarks.written_files.vendors import (
    aecg_annotations,
    aecg_interpretation,
    aecg_measured,
    aecg_xml,
    csv_text,
    muse_xml,
    sierra_xml,
    waves,
)  # fmt: skip
from ecgkt.domain import LEADS

Files = list[tuple[str, bytes]]
REAL = Path(__file__).resolve().parents[2] / "shared" / "data"


def seeds() -> dict[str, list[Files]]:
    """Return good files by format: written ones, and real ones where they are at hand. The first of each is spoilt."""
    return {name: [*write(), *_real(name)] for name, write in WRITTEN.items()}


def _wfdb() -> list[Files]:
    one = wfdb_content(waves(500), comments=["Age: 54", "Sex: Female", "Name: Jane Doe"])
    return [list(one.items()), list(reversed(one.items()))]


def _dicom() -> list[Files]:
    whole = dicom_content(waves(500))
    return _alone(whole, dicom_content(waves(1000), edit=in_four_groups(0, 500, 1000, 1500)), whole[132:])


def _zipped(kind: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in wfdb_content(waves(500)).items():
            archive.writestr(f"study/{name}", content)
    return stream.getvalue()


def _zip() -> list[Files]:
    return _alone(_zipped(zipfile.ZIP_STORED), _zipped(zipfile.ZIP_DEFLATED))


def _scp() -> list[Files]:
    walks = np.cumsum(np.random.default_rng(0).integers(-5, 6, (12, 800)), axis=1)
    rows = dict(zip(LEADS, walks, strict=True))
    beat = {lead: samples[:100] for lead, samples in rows.items()}
    beats = [(0, 1, 50, 100), (0, 300, 350, 400)]
    file = ScpFile(rows, beat, subtracted=True, beats=beats, kept=[(1, 100), (300, 400)], mark=50, crc=False)
    return _alone(file.content())


def _edf() -> list[Files]:
    rows = dict(zip(LEADS, np.random.default_rng(0).integers(-999, 999, (12, 1000)), strict=True))
    paused = EdfFile(rows, reserved="EDF+D", onsets=[0, 5])
    return _alone(EdfFile(rows).content(), paused.content(), EdfFile(rows, bits=24).content())


def _matlab() -> list[Files]:
    made = []
    data = np.random.default_rng(0).normal(0, 0.3, (12, 600))
    for compressed in (False, True):
        target = io.BytesIO()
        savemat(target, {"ECG": {"sex": "Female", "age": 52.0, "data": data}}, do_compression=compressed)
        made.append(target.getvalue())
    return _alone(*made)


def _aecg() -> list[Files]:
    told = aecg_annotations(aecg_measured("MDC_ECG_TIME_PD_QT", 400, "ms"), aecg_interpretation("Sinus rhythm"))
    return _alone(aecg_xml(waves(1000), annotations=told))


def _alone(*contents: bytes) -> list[Files]:
    return [[("upload", content)] for content in contents]


WRITTEN: dict[str, Callable[[], list[Files]]] = {
    "WFDB": _wfdb,
    "DICOM": _dicom,
    "zip": _zip,
    "SCP-ECG": _scp,
    "EDF": _edf,
    "MATLAB": _matlab,
    "GE MUSE XML": lambda: _alone(muse_xml(waves(1000))),
    "HL7 aECG": _aecg,
    "Philips Sierra XML": lambda: _alone(sierra_xml(waves(1000), encoding="utf-8"), sierra_xml(waves(1000))),
    "CSV": lambda: _alone(csv_text(waves(1000)).encode()),
}
"""The formats by name, each with what writes its good files; zip holds a WFDB record."""

_FOLDERS = {
    "DICOM": "vendor/dicom",
    "SCP-ECG": "vendor/scp",
    "MATLAB": "code15",
    "GE MUSE XML": "vendor/ge-muse",
    "HL7 aECG": "vendor/hl7-aecg",
    "Philips Sierra XML": "vendor/philips-sierra",
}
_ENDINGS = {".dcm", ".scp", ".mat", ".xml"}
_MOST_REAL = 2


def _real(name: str) -> list[Files]:
    if name == "WFDB":
        headers = sorted((REAL / "cinc2021").glob("E*.hea"))[:1] + sorted((REAL / "ptb-xl").rglob("*.hea"))[:1]
        beside = [
            next(one.with_suffix(end) for end in (".dat", ".mat") if one.with_suffix(end).is_file()) for one in headers
        ]
        return [[(one.name, one.read_bytes()) for one in pair] for pair in zip(headers, beside, strict=True)]
    folder = REAL / _FOLDERS[name] if name in _FOLDERS else None
    if folder is None or not folder.is_dir():
        return []
    found = [one for one in sorted(folder.rglob("*")) if one.suffix in _ENDINGS and one.stat().st_size < 1_000_000]
    if name == "MATLAB":
        found = [*found[:1], *sorted((REAL / "cpsc2018").glob("*.mat"))[:1]]
    return _alone(*(one.read_bytes() for one in found[:_MOST_REAL]))


_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REACHES = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.spawn", "os.posix_spawn", "os.link")
_REACHES += ("os.symlink", "os.truncate", "os.rename", "os.chmod", "ctypes.dlopen", "urllib.", "http.", "pickle.")
_CHANGES = ("os.mkdir", "os.remove", "os.rmdir")
_seen: list[str] | None = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _seen is None:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = bool(isinstance(flags, int) and flags & _WRITES) or any(sign in str(mode or "") for sign in "wax+")
        if writes and not _is_private(path):
            _seen.append("a file was written")
        if not writes and not (_is_private(path) or _is_code(path) or _is_removed(path, mode)):
            _seen.append("a file was read")
    elif event.startswith(_CHANGES):
        if not _is_private(arguments[0]) and arguments[-1] in (-1, None):  # else beside an opened folder
            _seen.append(event)
    elif event.startswith(_REACHES):
        _seen.append(event)


def _is_private(path: object) -> bool:
    return str(path).startswith(tempfile.gettempdir() + os.sep)


def _is_code(path: object) -> bool:
    """Whether a file is a part of Python or of a package, loaded at its first use."""
    return str(path).startswith((sys.prefix, sys.base_prefix, str(Path(__file__).parents[1] / "ecgkt")))


def _is_removed(path: object, mode: object) -> bool:
    """Whether a folder is opened in order to be removed: by its bare name within another that is open."""
    return mode is None and not str(path).startswith(os.sep)


@cache
def _installed() -> None:
    sys.addaudithook(_hook)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Yield a list of what happens within that reaches beyond memory, by Python's own audit events.

    A file that is written, or read where it is no code; a folder, a link, a process, a connection, an unpickled object.
    The temporary folder of the process is left out: look into it afterwards.
    """
    global _seen
    _installed()
    found: list[str] = []
    _seen = found
    try:
        yield found
    finally:
        _seen = None
