"""The waveform files of some listed ECGs, spread over the list: there, 12 leads, as long as their headers say."""

from __future__ import annotations

from pathlib import Path

from ecgkt.data.check.findings import Findings, fact, lack, problem
from ecgkt.data.check.people import Listing, is_plain
from ecgkt.errors import EcgktError
from ecgkt.mimic import FS_HZ, LEADS, SAMPLES
from ecgkt.readers.wfdb_header import Header, parse_header

LOOKED_AT = 200


def check_waveforms(folder: Path, listing: Listing) -> tuple[Findings, float]:
    """Look at up to 200 records; return also the share of them that is there (1 where none is).

    Records that are absent from a partial download will be left out; nothing there at all is a problem, and so is a
    record that is there and not as published.
    """
    chosen = [listing.paths[row] for row in spread(len(listing), LOOKED_AT) if is_plain(listing.paths[row])]
    there = [path for path in chosen if (folder / f"{path}.hea").is_file()]
    absent = len(chosen) - len(there)
    faults: dict[str, list[str]] = {}
    for path in there:
        for fault in _faults(folder / path):
            faults.setdefault(fault, []).append(path)
    found = Findings()
    for fault, paths in faults.items():
        found += problem(
            f"every record that is there with 12 leads, {SAMPLES:,} samples at {FS_HZ} Hz and its whole .dat",
            f"{fault} in {len(paths)} of {len(there)} looked at, {paths[0]} first",
            "download those again",
        )
    return found + _told(folder, chosen, absent, bool(faults)), len(there) / len(chosen) if there else 1.0


def spread(n: int, most: int) -> list[int]:
    """Return at most `most` of the positions 0..n-1, evenly spread, the same ones each time."""
    return list(range(n)) if n <= most else [k * n // most for k in range(most)]


def _told(folder: Path, chosen: list[str], absent: int, faulty: bool) -> Findings:
    if not chosen:
        return Findings()
    if absent == len(chosen):
        return problem(
            f"the waveforms that record_list.csv lists, below {folder}",
            f"none of {absent} looked at, such as {chosen[0]}.hea",
            "download MIMIC-IV-ECG's files/ beside record_list.csv",
        )
    if absent:
        share = 100 * absent / len(chosen)
        first = next(path for path in chosen if not (folder / f"{path}.hea").is_file())
        return lack(
            f"Partial download: {absent} of {len(chosen)} records looked at are absent (about {share:.0f} %), "
            f"{first} first; they will be left out."
        )
    if faulty:
        return Findings()
    return fact(f"Waveforms: {len(chosen)} records looked at, all there, 12 leads, as long as their headers say.")


def _faults(record: Path) -> list[str]:
    try:
        header = parse_header(record.with_name(f"{record.name}.hea").read_bytes())
    except EcgktError as error:
        return [f"{error.got} (wanted {error.wanted})"]
    except OSError as error:
        return [f"a header that cannot be read ({error.strerror})"]
    return [*_shape(header), *_lengths(record.parent, header)]


def _shape(header: Header) -> list[str]:
    faults = []
    if len(header.channels) != len(LEADS):
        faults.append(f"{len(header.channels)} leads")
    elif {channel.name for channel in header.channels} != set(LEADS):
        faults.append("leads of other names")
    if (header.fs, header.samples) != (FS_HZ, SAMPLES):
        faults.append(f"{header.samples:,} samples at {header.fs:g} Hz")
    return faults


def _lengths(folder: Path, header: Header) -> list[str]:
    faults = []
    for name in header.files:
        path = folder / name
        if not path.is_file():
            faults.append("no .dat")
        elif (size := path.stat().st_size) != header.bytes_needed(name):
            faults.append(f"a .dat that is too {'short' if size < header.bytes_needed(name) else 'long'}")
    return faults
