"""What stands behind docs/sim_to_real.md: gain of the chest leads, QRS of a target, the records most wrong.

python -m benchmarks.real_records DIR [DIR ...] [--model NAME] [--target NAME] [--wide NAME]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ecgkt import checkpoints, readers, reports
from ecgkt.cli.progress import bar
from ecgkt.data.collections import open_collection
from ecgkt.domain import LEADS
from ecgkt.inference import Predictor
from ecgkt.signals.measurements import Measurements, measure

SHOWN = 6


def millivolts(found: Measurements, wave: str, lead: str) -> float:
    """Return one amplitude; NaN where it was refused."""
    value = found.leads[wave][lead].value
    return float("nan") if value is None else value


def chest_to_limb(found: Measurements) -> float:
    """Return the mean R + S of V1-V6 over that of the limb leads."""
    size = [millivolts(found, "r", lead) + millivolts(found, "s", lead) for lead in LEADS]
    return float(np.mean(size[6:]) / np.mean(size[:6]))


def voltages(found: Measurements) -> str:
    """Return the Sokolow-Lyon and the Cornell index and the T wave in V6, mV."""
    sokolow = millivolts(found, "s", "V1") + max(millivolts(found, "r", lead) for lead in ("V5", "V6"))
    cornell = millivolts(found, "r", "aVL") + millivolts(found, "s", "V3")
    return f"{sokolow:.1f} | {cornell:.1f} | {millivolts(found, 't', 'V6'):.2f}"


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", nargs="+", type=Path)
    parser.add_argument("--model", default="signal_only")
    parser.add_argument("--target", default="left_ventricular_hypertrophy")
    parser.add_argument("--wide", default="intraventricular_conduction_delay")
    arguments = parser.parse_args()
    predictor = Predictor.open(checkpoints.choose_checkpoint(None, arguments.model))
    column = predictor.card.labels.index(arguments.target)
    ratios, widths = [], []
    wrong: list[tuple[float, str]] = []
    for folder in arguments.collections:
        collection = open_collection(folder)
        scores, kept = reports.score_files(predictor, collection.paths, bar(collection.name))
        records = [readers.read_record(collection.paths[row]) for row in kept]
        found = [measure(record.signal.astype(float), record.fs) for record in records]
        ratio = [chest_to_limb(one) for one in found if one.leads]
        low, middle, high = np.nanquantile(ratio, [0.05, 0.5, 0.95])
        ratios.append(f"| {collection.name} | {low:.2f} / {middle:.2f} / {high:.2f} |")
        truth = collection.labels.take(kept)
        wide = np.flatnonzero(truth.column(arguments.wide) == 1)
        widths += [value for row in wide if (value := found[row].values["qrs"].value) is not None]
        for row, told in enumerate(truth.column(arguments.target)):
            if told in (0.0, 1.0):
                score = float(scores[row, column])
                line = f"| {collection.paths[kept[row]].stem} | {told:.0f} | {score:.1f} | {voltages(found[row])} |"
                wrong.append((score if told == 0 else -score, line))
    print("Chest to limb leads, R + S, 5th / 50th / 95th percentile:\n\n| collection | ratio |\n|---|---|")
    print("\n".join(ratios))
    print(
        f"\nMeasured QRS of the {len(widths)} positives of {arguments.wide}: {min(widths):.0f} to {max(widths):.0f} ms."
    )
    for told, title in ((0, "negatives with the highest"), (1, "positives with the lowest")):
        print(f"\n{SHOWN} {title} score of {arguments.target}:\n")
        print("| record | label | logit | Sokolow-Lyon mV | Cornell mV | T in V6 mV |\n|---|---|---|---|---|---|")
        some = sorted((pair for pair in wrong if f"| {told} |" in pair[1]), reverse=True)
        print("\n".join(line for _, line in some[:SHOWN]))


if __name__ == "__main__":
    main()
