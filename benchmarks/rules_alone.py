"""What rules alone find in real ECGs: each tracing target's rule against the readers of labelled collections.

python -m benchmarks.rules_alone DIR [DIR ...]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from ecgkt import readers
from ecgkt.catalogue import tracing_labels
from ecgkt.data.collections import open_collection
from ecgkt.errors import EcgktError
from ecgkt.signals.adults import under_age
from ecgkt.signals.measurements import measure
from ecgkt.signals.rules import state_rules


def main() -> None:
    """Apply the rules to every record and print, by target, how often each answer fell where readers said yes or no."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", nargs="+", type=Path, help="folders of labelled collections")
    counts: dict[str, dict[tuple[int, bool | None], int]] = defaultdict(lambda: defaultdict(int))
    read, children = 0, 0
    for folder in parser.parse_args().collections:
        collection = open_collection(folder)
        for path, row in zip(collection.paths, collection.labels.values, strict=True):
            try:
                record = readers.read_record(path)
                found = measure(record.signal, record.fs)
            except EcgktError:
                continue
            read += 1
            children += under_age(record.age) is not None
            said = state_rules(found, record.age, record.sex)
            for name, truth in zip(collection.labels.labels.names, row, strict=True):
                if name in said and not np.isnan(truth):
                    counts[name][int(truth), said[name].met] += 1
    print(f"{read} records, {children} of them of patients under 18, who are judged by no rule.\n")
    print("| target | found | of those with it | false | of those without | cannot say |\n|---|---|---|---|---|---|")
    for label in tracing_labels():
        if label.name in counts:
            one = counts[label.name]
            ill, well = ([one[truth, answer] for answer in (True, False, None)] for truth in (1, 0))
            told = f"| {ill[0]} | {sum(ill)} | {well[0]} | {sum(well)} | {ill[2] + well[2]} |"
            print(f"| {label.title} {told}")


if __name__ == "__main__":
    main()
