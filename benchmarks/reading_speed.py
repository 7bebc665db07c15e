"""How fast each format is read, recognition included, beside another library on the same files in the same run.

python -m benchmarks.reading_speed [--rounds 9]

Real files from the folder beside the project where there are some, else files that are written here (10 s, 500 Hz).
Ours comes as bytes, as the app gets them; the other reads the same bytes from a file. Each round reads every file once
by either, in turns; a format's time is the median processor time over the rounds. What the other library does besides
(sierraecg and ecgdatakit list all that a file holds) or leaves to its caller (lead names, units, derived leads) is its
own.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile import REAL, Files
from benchmarks.written_files.vendors import csv_text, waves
from ecgkt.domain import LEADS
from ecgkt.readers import read_upload

MOST = 20
Other = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """The records of one format, each as (name, content) pairs, the main file first; and who else reads them."""

    format: str
    records: list[Files]
    other: str
    read: Other
    real: bool = True


def _wfdb(path: Path) -> object:
    import wfdb

    return wfdb.rdrecord(str(path.with_suffix("")))


def _ecgdatakit(path: Path) -> object:
    from ecgdatakit.parsing import FileParser

    return FileParser().parse(path)


def _sierraecg(path: Path) -> object:
    import sierraecg

    return sierraecg.read_file(str(path))


def _pydicom(path: Path) -> object:
    from pydicom import dcmread

    return dcmread(path).waveform_array(0)


def _pyedflib(path: Path) -> object:
    from pyedflib import EdfReader

    with EdfReader(str(path)) as reader:
        return [reader.readSignal(place) for place in range(12)]


def _scipy(path: Path) -> object:
    from scipy.io import loadmat

    return loadmat(path)


def _pandas(path: Path) -> object:
    import pandas as pd

    return pd.read_csv(path, comment="#").to_numpy()


def cases() -> list[Case]:
    """Return what is read, format by format."""
    csv = [[("x.csv", b"# fs = 500 Hz\n# unit = mV\n" + path.read_bytes())] for path in _found("vendor/csv", "*.csv")]
    written = [[("x.csv", csv_text(waves(5000)).encode())]]
    return [
        Case("WFDB, format 16", _pairs("ptb-xl", ".dat"), "wfdb", _wfdb),
        Case("WFDB, behind a MATLAB head", _pairs("cinc2021", ".mat"), "wfdb", _wfdb),
        Case("DICOM", _alone("vendor/dicom", "*.dcm"), "pydicom", _pydicom),
        Case("HL7 aECG", _alone("vendor/hl7-aecg", "*.xml"), "ecgdatakit", _ecgdatakit),
        Case("GE MUSE XML", _alone("vendor/ge-muse", "*.xml"), "ecgdatakit", _ecgdatakit),
        Case("Philips Sierra XML", _alone("vendor/philips-sierra", "*.xml"), "sierraecg", _sierraecg),
        Case("SCP-ECG", _alone("vendor/scp", "*.scp"), "ecgdatakit", _ecgdatakit),
        Case("EDF+", [_edf("x.edf")], "pyedflib", _pyedflib, real=False),
        Case("BDF+", [_edf("x.bdf")], "pyedflib", _pyedflib, real=False),
        Case("MATLAB, CPSC 2018", _alone("cpsc2018", "*.mat"), "scipy", _scipy),
        Case("MATLAB, CODE-15", _alone("code15", "*.mat"), "scipy", _scipy),
        Case("CSV", csv or written, "pandas", _pandas, bool(csv)),
    ]


def _edf(name: str) -> Files:
    """Write an EDF+ or, by its name, a BDF+ with pyedflib itself."""
    from pyedflib import FILETYPE_BDFPLUS, FILETYPE_EDFPLUS, EdfWriter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        is_edf = path.suffix == ".edf"
        writer = EdfWriter(str(path), len(LEADS), FILETYPE_EDFPLUS if is_edf else FILETYPE_BDFPLUS)
        for place, lead in enumerate(LEADS):
            told: dict[str, str | float | None] = {
                "label": f"ECG {lead}",
                "dimension": "mV",
                "sample_frequency": 500,
                "transducer": "",
            }
            told |= {"physical_min": -10, "physical_max": 10, "digital_min": -32768, "digital_max": 32767}
            writer.setSignalHeader(place, told | {"prefilter": ""})
        writer.writeSamples(list(waves(5000)))
        writer.close()
        return [(name, path.read_bytes())]


def _found(folder: str, pattern: str) -> list[Path]:
    return sorted((REAL / folder).rglob(pattern))[:MOST]


def _alone(folder: str, pattern: str) -> list[Files]:
    return [[(path.name, path.read_bytes())] for path in _found(folder, pattern)]


def _pairs(folder: str, ending: str) -> list[Files]:
    pairs = [(path, path.with_suffix(ending)) for path in _found(folder, "*.hea")]
    return [[(path.name, path.read_bytes()) for path in pair] for pair in pairs if pair[1].is_file()]


def measured(case: Case, rounds: int, folder: Path) -> str:
    """Return the row of one format; the last number is the other's time over ours."""
    paths = []
    for place, files in enumerate(case.records):
        room = folder / f"{case.format.replace('/', '')}-{place}"
        room.mkdir()
        for name, content in files:
            (room / name).write_bytes(content)
        paths.append(room / files[0][0])
    ours, theirs = [], []
    for _ in range(rounds + 1):  # the first one loads libraries and fills caches
        ours.append(_seconds(read_upload, case.records))
        theirs.append(_seconds(case.read, paths))
    seconds, other = statistics.median(ours[1:]), statistics.median(theirs[1:])
    count, size = len(paths), sum(len(content) for files in case.records for _, content in files)
    kind = "real" if case.real else "written"
    return (
        f"| {case.format} | {count} {kind} | {size / count / 1e3:,.0f} | {1e3 * seconds / count:.1f} "
        f"| {count / seconds:,.0f} | {size / seconds / 1e6:,.1f} | {case.other} | {other / seconds:.1f} |"
    )


def _seconds(read: Callable[..., object], records: list) -> float:
    begin = time.process_time()
    for one in records:
        read(one)
    return time.process_time() - begin


def main() -> None:
    """Read everything in turns and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print(
        "| format | files | kB | ms | files/s | MB/s | beside | its time over ours |\n|---|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in cases():
            if case.records:
                print(measured(case, rounds, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
