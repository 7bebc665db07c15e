"""Folders of records to be scored."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgkt import readers

IN_ALL = 300


@pytest.fixture(scope="session")
def many(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without a record list: 300 simulated records, of which one breaks off and one has a flat lead."""
    folder = tmp_path_factory.mktemp("many")
    headers = readers.find_records(cohort)
    for number in range(IN_ALL - 2):
        header = headers[number % len(headers)]
        place = folder / f"{number % 7}" / f"{number:03d}"
        place.mkdir(parents=True)
        for file in (header, header.with_suffix(".dat")):
            (place / file.name).hardlink_to(file)
    header = headers[0]
    (folder / header.name).write_bytes(header.read_bytes())
    (folder / "flat").mkdir()
    (folder / "flat" / header.name).write_text(header.read_text().replace("# simulated", "# note"))
    signal = bytearray(header.with_suffix(".dat").read_bytes())
    for sample in range(5000):
        signal[24 * sample + 12 : 24 * sample + 14] = b"\0\0"
    (folder / "flat" / header.with_suffix(".dat").name).write_bytes(bytes(signal))
    return folder
