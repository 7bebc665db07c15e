"""Noise per lead beside PTB-XL's own signal remarks: how well it orders leads, and what the limits find.

python -m benchmarks.quality PTB_XL_DIR [DIR ...]

Limits are the 97.5th percentile of unremarked leads in one half of the patients; the other half is measured. Further
folders are graded and counted.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgkt import readers
from ecgkt.domain import LEADS, Record
from ecgkt.errors import EcgktError
from ecgkt.evaluation.discrimination import auroc_estimate
from ecgkt.evaluation.novelty import fold_of
from ecgkt.signals import lead_quality
from ecgkt.signals.conditioning import bridged
from ecgkt.signals.lead_quality import Grade, grade_leads, noise_of

PAIRS = (
    ("baseline_drift", "wander", lead_quality.WANDER),
    ("static_noise", "fast", lead_quality.FAST),
    ("burst_noise", "burst", lead_quality.BURST),
)
REMARKS = ("baseline_drift", "static_noise", "burst_noise", "electrodes_problems")
NAMES = [lead.upper() for lead in LEADS]


def remarked(text: object) -> NDArray[np.bool_]:
    """Return the leads (12,) that a remark names: "I-AVR" a range, "V1V6" two, "alles" all."""
    leads = np.zeros(len(LEADS), dtype=bool)
    if not isinstance(text, str):
        return leads
    if re.search("alles|leicht", text):
        return ~leads
    for part in text.upper().replace(" ", "").split(","):
        named = re.findall(r"AV[RLF]|V[1-6]|I{1,3}", part)
        places = [NAMES.index(name) for name in named]
        leads[range(places[0], places[1] + 1) if "-" in part and len(places) == 2 else places] = True
    return leads


def read_folder(folder: Path) -> list[tuple[str, Record]]:
    """Return the records of a folder that can be read, by name."""
    found = []
    for path in readers.find_records(folder):
        try:
            found.append((path.stem, readers.read_record(path)))
        except EcgktError:
            continue
    return found


def against_remarks(folder: Path) -> None:
    """Print how each kind of noise orders leads with and without its remark, and what the limits find."""
    table = pd.read_csv(folder / "ptbxl_database.csv").set_index("ecg_id")
    records = read_folder(folder)
    numbers = [int(name.split("_")[0]) for name, _ in records]
    half = fold_of(table.loc[numbers, "patient_id"].to_numpy(np.int64), 2)
    noise = [noise_of(bridged(record.signal.astype(float)), record.fs) for _, record in records]
    said = {remark: np.array([remarked(table.loc[n, remark]) for n in numbers]) for remark in REMARKS}
    quiet = ~np.any([leads.any(axis=1) for leads in said.values()], axis=0)
    subjects = np.repeat(table.loc[numbers, "patient_id"].to_numpy(np.int64), len(LEADS))
    print(
        f"{len(records)} records, {quiet.sum()} without any remark, {(half == 1).sum()} in the half that is measured.\n"
    )
    print("| remark | leads (records) | AUROC per lead | 97.5th percentile, first half | limit in use | ", end="")
    print("remarked leads found, second half | unremarked leads called so |\n|---|---|---|---|---|---|---|")
    for remark, measure, what in PAIRS:
        size = np.array([getattr(one, measure) for one in noise])
        limit = lead_quality.LIMITS_MV[what]
        area = auroc_estimate(said[remark].ravel().astype(float), size.ravel(), subjects)
        first, second = size[(half == 0) & quiet], (half == 1)
        found, wrong = size[second][said[remark][second]] >= limit, size[second & quiet] >= limit
        print(
            f"| {remark} | {said[remark].sum()} ({said[remark].any(axis=1).sum()}) | {area} | "
            f"{np.quantile(first, 0.975):.4f} mV | {limit:g} mV | {found.sum()} of {found.size} ({found.mean():.0%}) | "
            f"{wrong.sum()} of {wrong.size} ({wrong.mean():.1%}) |"
        )


def counted(name: str, records: Sequence[Record]) -> str:
    """Return a row: how many leads are of each grade, and by what."""
    graded = [lead for record in records for lead in grade_leads(record)]
    grades = Counter(lead.grade for lead in graded)
    whats = Counter(finding.what for lead in graded for finding in lead.findings)
    told = ", ".join(f"{what} {count}" for what, count in whats.most_common(6))
    shares = " | ".join(f"{grades[grade]} ({grades[grade] / len(graded):.1%})" for grade in Grade)
    return f"| {name} | {len(records)} | {shares} | {told} |"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ptb_xl", type=Path)
    parser.add_argument("others", type=Path, nargs="*")
    arguments = parser.parse_args()
    against_remarks(arguments.ptb_xl)
    print("\n| records | n | good leads | noisy | unusable | by what |\n|---|---|---|---|---|---|")
    for folder in (arguments.ptb_xl, *arguments.others):
        print(counted(folder.name, [record for _, record in read_folder(folder)]))


if __name__ == "__main__":
    main()
