"""How far counted frequencies hold: those of the held-out patients against the tuning patients of the same cohort.

python -m benchmarks.counted_frequencies RESULTS [--arm transferred]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ecgkt import reports


def main() -> None:
    """Print for each full-budget checkpoint how often both parts agree and how often the smooth figure lies outside."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="what `evaluate --out` or `reproduce` stored")
    parser.add_argument("--arm", nargs="+", default=["transferred", "baseline"], metavar="ARM")
    arguments = parser.parse_args()
    folder = reports.predictions_folder(arguments.results)
    truth = reports.read_truth(folder / reports.TRUTH)
    for path in sorted(folder.glob("*-*.parquet")):
        origin = reports.read_origin(path)
        if origin.arm in arguments.arm and origin.budget == 1.0:
            print(f"{origin.name}: {judged(truth, reports.read_predictions(path))}")


def judged(truth: reports.Truth, stored: reports.Stored) -> str:
    """Return in one sentence how the counts of one checkpoint hold."""
    observed = reports.count_stored(truth, stored)
    tuning, held_out = stored.rows.of("tuning"), stored.rows.of("held_out")
    agree, widths, outside = [], [], []
    for name, counts in observed.items():
        known = ~np.isnan(truth.labels.column(name))
        p, y = stored.probability(name), truth.labels.column(name)
        place = np.searchsorted(counts.edges, p, side="right")
        low, high = np.array(counts.low)[place], np.array(counts.high)[place]
        outside.append(((p < low) | (p > high))[held_out & known])
        for one, (n, positives) in enumerate(zip(counts.n, counts.positives, strict=True)):
            other = y[tuning & known & (place == one)]
            if len(other) >= 20:
                share = (other.sum() + positives) / (len(other) + n)
                error = np.sqrt(share * (1 - share) * (1 / len(other) + 1 / n))
                agree.append(abs(other.mean() - positives / n) <= 1.96 * error + 1e-12)
                widths.append(counts.high[one] - counts.low[one])
    return (
        f"{len(observed)} targets in {sum(len(one.n) for one in observed.values())} ranges; the shares of held-out and "
        f"tuning patients agree (two proportions, 95 %) in {np.mean(agree):.1%} of {len(agree)} ranges; the median "
        f"interval is {np.median(widths):.3f} wide; the Platt-scaled probability lies outside the interval "
        f"of its range for {np.concatenate(outside).mean():.1%} of scores"
    )


if __name__ == "__main__":
    main()
