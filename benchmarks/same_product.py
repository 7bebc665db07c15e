"""Hold what `prepare` makes of a cohort against what the peers' way makes of it (`benchmarks.peers_way`).

    python -m benchmarks.same_product FOLDER

FOLDER is a simulated cohort. Prints how many values and labels both have, how many of them are equal, and how many
only one of the two has: the peers check neither haemolysis nor units and drop what is printed as a bound.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import peers_way
from ecgkt.catalogue import all_labels, feature_specs
from ecgkt.data.joins.engine import MEMORY
from ecgkt.data.prepare import prepare
from ecgkt.data.studies import read_manifest, read_values
from ecgkt.domain.features import Role


def main() -> None:
    """Print the comparison as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as private:
        ours = prepare([folder], Path(private) / "ours", memory=MEMORY)
        table = read_values(ours, Role.TARGET, read_manifest(ours))
        labels = pd.read_parquet(ours.labels)
        studies = pd.read_parquet(ours.records, columns=["study_id"])["study_id"]
        rows = peers_way.prepared_table(folder, peers_way.adults(folder)).set_index("study_id").loc[studies]
    names = [spec.name for spec in feature_specs(Role.TARGET) if spec.kind != "biometric"]
    values = table.values[:, [table.names.index(name) for name in names]]
    print("| what | both have | equal | ours alone | peers alone |\n|---|---:|---:|---:|---:|")
    for what, mine, theirs in (
        ("values", values, rows[names].to_numpy(float)),
        ("labels", *(one[list(all_labels().names)].to_numpy(float, na_value=np.nan) for one in (labels, rows))),
    ):
        both = ~np.isnan(mine) & ~np.isnan(theirs)
        equal = np.isclose(mine[both], theirs[both], rtol=1e-5).sum()
        alone = [int((~np.isnan(a) & np.isnan(b)).sum()) for a, b in ((mine, theirs), (theirs, mine))]
        print(f"| {what} | {both.sum():,} | {equal:,} | {alone[0]:,} | {alone[1]:,} |")


if __name__ == "__main__":
    main()
