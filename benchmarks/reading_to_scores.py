"""From file bytes to scores, labs and one saliency map, beside the bare forward pass, in one run.

python -m benchmarks.reading_to_scores --records DIR [--count 40]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from ecgkt import checkpoints, readers
from ecgkt.explain.methods import explain
from ecgkt.explain.saliency import BATCH
from ecgkt.inference import Predictor

STEPS = 50
COLD = (
    "import sys; from pathlib import Path; from ecgkt import checkpoints, readers;"
    "from ecgkt.inference import Predictor;"
    "Predictor.open(checkpoints.choose_checkpoint()).predict([readers.read_record(Path(sys.argv[1]))])"
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=Path, required=True, help="a folder of real WFDB or DICOM records")
    parser.add_argument("--count", type=int, default=40)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    paths = readers.find_records(arguments.records)[: arguments.count]
    predictor = Predictor.open(checkpoints.choose_checkpoint())
    rows = measure(predictor, paths)
    rows["importing torch alone, new process"] = median(lambda _: cold("import torch", paths[0]), paths[:3])
    rows["file to scores, new process (cold)"] = median(lambda path: cold(COLD, path), paths[:5])
    tell(rows, len(paths))


def measure(predictor: Predictor, paths: list[Path]) -> dict[str, float]:
    """Return medians in seconds over the records, all in this process."""
    uploads = {path: upload_of(path) for path in paths}
    records = {path: readers.read_record(path) for path in paths}
    target = predictor.card.labels.names[0]
    readable = [path for path in paths if predictor.predict([records[path]]).abstained[0] is None]
    inputs = {path: torch.from_numpy(predictor.card.preprocessing.apply(records[path]))[None] for path in readable}

    def forward(path: Path) -> None:
        with torch.inference_mode():
            predictor.network(inputs[path])

    def passes(path: Path) -> None:
        for _ in range(STEPS // BATCH):
            batch = inputs[path].expand(BATCH, -1, -1).clone().requires_grad_()
            predictor.network(batch)[:, 0].sum().backward()

    return {
        "bare forward pass": median(forward, readable),
        "reading the file": median(readers.read_record, readable),
        "preprocessing": median(lambda path: predictor.card.preprocessing.apply(records[path]), readable),
        "file to scores and labs (warm)": median(lambda path: predictor.predict([readers.read_record(path)]), readable),
        "uploaded bytes to scores and labs (warm)": median(
            lambda path: predictor.predict([readers.read_upload(uploads[path])]), readable
        ),
        f"{STEPS} bare forward-backward passes, {BATCH} at a time": median(passes, readable),
        f"one {STEPS}-step integrated-gradients map": median(
            lambda path: explain(predictor, records[path], target, steps=STEPS), readable
        ),
    }


def upload_of(path: Path) -> list[tuple[str, bytes]]:
    """Return a record's files as the upload widget hands them over."""
    if path.suffix != ".hea":
        return [(path.name, path.read_bytes())]
    return [(file.name, file.read_bytes()) for file in sorted(path.parent.glob(f"{path.stem}.*"))]


def median(action: Callable[[Path], object], paths: list[Path]) -> float:
    """Return the median seconds of an action over paths, after one that does not count."""
    action(paths[0])
    times = []
    for path in paths:
        start = time.perf_counter()
        action(path)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def cold(code: str, path: Path) -> None:
    """Run code in a new interpreter."""
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def tell(rows: dict[str, float], count: int) -> None:
    """Print the table and the two figures that the aims are set in."""
    print(f"Medians over {count} real records, {torch.get_num_threads()} threads.\n")
    print("| what | ms |\n|---|---|")
    for what, seconds in rows.items():
        print(f"| {what} | {1000 * seconds:.1f} |")
    forward, warm = rows["bare forward pass"], rows["file to scores and labs (warm)"]
    maps = [seconds for what, seconds in rows.items() if str(STEPS) in what]
    print(f"\nwarm minus 3 forward passes: {1000 * (warm - 3 * forward):.1f} ms (aim: at most 50)")
    print(f"map over its own bare passes: {maps[1] / maps[0]:.2f}")


if __name__ == "__main__":
    main()
