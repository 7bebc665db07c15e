"""What the rhythm rules say of LUDB and PTB-XL, by the readers' rhythm, and of simulated ECGs, by the true one.

python -m benchmarks.rhythm ../shared/data
"""

from __future__ import annotations

import argparse
import ast
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt.signals.delineation import delineate
from ecgkt.signals.rhythm import RhythmKind, state_rhythm

PTB_XL = {"PACE", "AFLT", "AFIB", "SVTAC", "PSVT", "3AVB", "SR", "SBRAD", "STACH", "SARRH", "SVARR"}
Labelled = Iterator[tuple[str, NDArray[np.floating]]]


def main() -> None:
    """State and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of real public records")
    folder = parser.parse_args().folder
    for title, labelled in (
        ("LUDB", ludb(folder / "ludb")),
        ("PTB-XL", ptb_xl(folder / "ptb-xl")),
        ("simulated", simulated()),
    ):
        counts = Counter((label, state_rhythm(delineate(signal, 500.0)).kind) for label, signal in labelled)
        tell(title, counts)


def ludb(folder: Path) -> Labelled:
    """Yield the reader's rhythm, with pacing and complete block where noted, and the signal."""
    import wfdb

    with (folder / "ludb.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            label = row["Rhythms"].strip()
            label += ", third-degree block" if "Iii degree" in row["Conduction abnormalities"] else ""
            label += ", pacing" if row["Cardiac pacing"].strip() else ""
            path = folder / "data" / row["ID"]
            if path.with_suffix(".hea").is_file():
                yield label, wfdb.rdrecord(str(path)).p_signal.T


def ptb_xl(folder: Path) -> Labelled:
    """Yield the rhythm statements of the record and the signal."""
    import wfdb

    with (folder / "ptbxl_database.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            codes = sorted(PTB_XL & set(ast.literal_eval(row["scp_codes"])))
            path = next(folder.rglob(Path(row["filename_hr"]).name + ".hea"), None)
            if path is not None:
                yield " + ".join(codes) or "none stated", wfdb.rdrecord(str(path.with_suffix(""))).p_signal.T


def simulated(each: int = 60) -> Labelled:
    """Yield simulated recordings of five rhythms at rates drawn evenly, without faulty electrodes."""
    from ecgkt.simulation import SimulationSettings
    from ecgkt.simulation.electrical import draw_tracing
    from ecgkt.simulation.patients import draw_patient
    from ecgkt.simulation.plans import plan_tracing
    from ecgkt.simulation.waveforms import synthesise

    settings, rng = SimulationSettings(faulty=0.0), np.random.default_rng(1)
    rates = {
        "sinus": (40, 150),
        "atrial_fibrillation": (55, 160),
        "atrial_flutter": (240, 330),
        "paced": (55, 85),
        "complete_block": (28, 55),
    }
    for k, (rhythm, (low, high)) in enumerate(rates.items()):
        for number in range(100 * k, 100 * k + each):
            patient = draw_patient(9, number, settings)
            tracing = replace(draw_tracing(9, patient, 0, settings), rhythm=rhythm, rate=float(rng.uniform(low, high)))
            if rhythm == "paced":
                tracing = replace(tracing, qrs_ms=float(rng.uniform(130, 190)))
            plan = plan_tracing(9, patient, 0, tracing, settings)
            yield rhythm, synthesise([plan])[0].numpy()


def tell(title: str, counts: Counter[tuple[str, RhythmKind]]) -> None:
    """Print one row per label and one column per statement that occurs."""
    kinds = [kind for kind in RhythmKind if any(k == kind for _, k in counts)]
    print(f"| {title} | " + " | ".join(kinds) + " |\n|---|" + "---|" * len(kinds))
    for label in sorted({label for label, _ in counts}):
        print(f"| {label} | " + " | ".join(str(counts[label, kind] or "") for kind in kinds) + " |")
    print()


if __name__ == "__main__":
    main()
