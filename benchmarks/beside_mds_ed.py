"""Hold a cohort prepared by the recipe mds_ed against the table that MDS-ED's authors published.

    python -m benchmarks.beside_mds_ed PREPARED mds_ed.csv

Prints, for each feature, on how many of the ECGs in both it stands in both, in ours alone, in theirs alone, and the
share of equal values (to 1 in 1,000) among those in both. Needs credentialed access to both.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from ecgkt.data.layout import Prepared
from ecgkt.data.ready_made import read_mds_ed
from ecgkt.data.studies import read_manifest, read_values
from ecgkt.domain.features import Role

OURS = {"std": "sd", "rate_change": "change", "coeff": "slope"}
TOLERANCE = 1e-3


def compare(prepared: Path, published: Path) -> pd.DataFrame:
    """Return one row per published feature that the recipe has: feature, both, ours, theirs, equal (a share)."""
    table = read_mds_ed(published)
    values = read_values(Prepared(prepared), Role.INPUT, read_manifest(Prepared(prepared)))
    studies = pd.read_parquet(Prepared(prepared).records, columns=["study_id"])["study_id"]
    _, ours, theirs = np.intersect1d(studies, table.records["study_id"], return_indices=True)
    rows = []
    for column in table.columns.itertuples():
        statistic = OURS.get(column.statistic, column.statistic)
        name = f"{column.catalogue}_{statistic}" if statistic else column.catalogue
        if name not in values.names:
            continue
        a = values.values[ours, values.names.index(name)].astype(float)
        b = table.features[column.column].to_numpy(float)[theirs]
        both = ~np.isnan(a) & ~np.isnan(b)
        equal = float(np.isclose(a[both], b[both], rtol=TOLERANCE, atol=TOLERANCE).mean()) if both.any() else np.nan
        only = [int((~np.isnan(x) & np.isnan(y)).sum()) for x, y in ((a, b), (b, a))]
        rows.append((name, int(both.sum()), *only, equal))
    return pd.DataFrame(rows, columns=["feature", "both", "ours", "theirs", "equal"])


def main() -> None:
    """Print the comparison as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("published", type=Path)
    arguments = parser.parse_args()
    print("| feature | in both | ours alone | theirs alone | equal |\n|---|---:|---:|---:|---:|")
    for row in compare(arguments.prepared, arguments.published).itertuples(index=False):
        print(f"| `{row.feature}` | {row.both} | {row.ours} | {row.theirs} | {100 * row.equal:.1f} % |")


if __name__ == "__main__":
    main()
