"""How often reversed electrodes are found where the cables of real ECGs are exchanged on purpose, and where not.

python -m benchmarks.reversal PTB_XL_DIR [DIR ...]

Exchanges are made from the electrodes' potentials (`signals.electrodes`); the right leg's is taken for the left's, with
a difference of 5 % of the left arm's and 10 uV of noise. Every exchanged recording is measured anew.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import readers
from ecgkt.data.collections import open_collection
from ecgkt.domain import Record
from ecgkt.errors import EcgktError, InvalidCohort
from ecgkt.signals.conditioning import bridged
from ecgkt.signals.electrodes import CHEST_PAIRS, LEG_PAIRS, LIMB_PAIRS, RIGHT_LEG, potentials, swapped
from ecgkt.signals.measurements import measure
from ecgkt.signals.quality import assess
from ecgkt.signals.reversal import find_reversals

GROUPS = {
    "atrial fibrillation": ("atrial_fibrillation",),
    "paced": ("paced_rhythm",),
    "infarction": ("anterior_infarction", "inferior_infarction"),
    "bundle-branch block": ("left_bundle_branch_block", "right_bundle_branch_block"),
}


def exchanged(record: Record, pair: tuple[str, str], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the leads with two cables exchanged; legs differ a little."""
    signal = bridged(record.signal.astype(float))
    after = swapped(signal, *pair)
    if RIGHT_LEG in pair:
        left_arm = potentials(signal)[1]
        difference = 0.05 * left_arm + rng.normal(0, 0.01, signal.shape[1])
        lead = 1 if pair[0] == "RA" else 2
        after[lead] += difference
    return after


def low_p_axis(signal: NDArray[np.float64], fs: float) -> bool:
    """Whether P is larger in I than in II, its axis below 30 degrees: a sign of left arm with left leg."""
    axis = measure(signal, fs).values["p_axis"].value
    return axis is not None and axis < 30


def told(signal: NDArray[np.float64], fs: float) -> set[tuple[str, str]]:
    """Return the pairs that are warned of."""
    return {one.electrodes for one in find_reversals(measure(signal, fs))}


def main() -> None:
    """Print false alarms by group, then what is found of each exchange."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", nargs="+", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="exchange the cables of every Nth record")
    parser.add_argument("--only", metavar="ELECTRODE", help="only exchanges of this one, such as RL")
    arguments = parser.parse_args()
    kept: list[tuple[str, Record]] = []
    if not arguments.only:
        print("| unchanged records | n | warned | of what |\n|---|---|---|---|")
    for folder in arguments.collections:
        names, labels = [], None
        try:
            collection = open_collection(folder)
            paths, labels = list(collection.paths), collection.labels
        except InvalidCohort:
            paths = readers.find_records(folder)
        warned: list[set[tuple[str, str]]] = []
        for row, path in enumerate(paths):
            try:
                record = readers.read_record(path).first_seconds(10)
            except EcgktError:
                continue
            if assess(record).good and record.fs >= 200:
                kept.append((folder.name, record))
                names.append(row)
                warned.append(set() if arguments.only else told(record.signal.astype(float), record.fs))
        if arguments.only:
            continue
        print(row_of(folder.name, warned))
        if labels is not None:
            for group, targets in GROUPS.items():
                columns = np.stack([labels.column(target)[names] for target in targets])
                rows = np.flatnonzero((columns == 1).any(axis=0))
                if len(rows):
                    print(row_of(f"{folder.name}, {group}", [warned[row] for row in rows]))
    print("\n| exchanged | n | found | another warned of | of which |\n|---|---|---|---|---|")
    for pair in (*LIMB_PAIRS, *LEG_PAIRS, *CHEST_PAIRS):
        if arguments.only not in (None, *pair):
            continue
        rng = np.random.default_rng(0)
        found = [told(exchanged(record, pair, rng), record.fs) for _, record in kept[:: arguments.every]]
        right = sum(pair in one for one in found)
        other = Counter("-".join(wrong) for one in found if pair not in one for wrong in one)
        print(
            f"| {'-'.join(pair)} | {len(found)} | {right} ({right / len(found):.0%}) | {other.total()} | "
            f"{spelt(other)} |"
        )
    if arguments.only:
        return
    some = [record for _, record in kept[:: arguments.every]]
    before = sum(low_p_axis(record.signal.astype(float), record.fs) for record in some)
    after = sum(low_p_axis(swapped(bridged(record.signal.astype(float)), "LA", "LL"), record.fs) for record in some)
    print(f"\nP larger in I than in II: {after} of {len(some)} with LA-LL exchanged, {before} unchanged.")


def row_of(name: str, warned: list[set[tuple[str, str]]]) -> str:
    """Return a row: how many are warned of, and of what."""
    count = sum(bool(one) for one in warned)
    kinds = Counter("-".join(pair) for one in warned for pair in one)
    return f"| {name} | {len(warned)} | {count} ({count / len(warned):.1%}) | {spelt(kinds)} |"


def spelt(kinds: Counter[str]) -> str:
    """Return counts in words."""
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(5)) or "-"


if __name__ == "__main__":
    main()
