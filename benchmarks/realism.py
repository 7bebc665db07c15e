"""How far simulated ECGs are from real ones: marginals, amplitudes, and classifiers that tell them apart.

python -m benchmarks.realism --measurements MIMIC_MEASUREMENTS_DIR --records PTBXL_DIR [--yardstick LUDB_DIR]
                             [--patients 2000] [--seed 1] [--without-network]

Prints the tables of docs/realism.md. Labels of the real records are used for the diagnostic mix alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt
from scipy.stats import ks_2samp, wasserstein_distance

from benchmarks import realism_measured as m
from benchmarks import realism_told as told
from ecgkt import readers
from ecgkt.cli.progress import bar
from ecgkt.data.collections import open_collection
from ecgkt.domain import LEADS, Domain, LabelTable, Record
from ecgkt.signals.preprocessing import Preprocessing
from ecgkt.signals.quality import assess
from ecgkt.simulation import SimulationSettings, simulate_arrays
from ecgkt.simulation.readings import Reading
from ecgkt.simulation.settings import FS

BLOCK = 100
MOST_TOLD, MOST_NETWORK = 1000, 400
COMMAND = "python -m benchmarks.realism --measurements DIR --records DIR{} --patients {} --seed {}"


def main() -> None:
    """Measure, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measurements", type=Path, required=True, help="MIMIC-IV-ECG machine measurements (CSV)")
    parser.add_argument("--records", type=Path, required=True, help="a folder of PTB-XL")
    parser.add_argument("--yardstick", type=Path, help="another real collection: how well real is told from real")
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-network", action="store_true", help="leave out the last section")
    arguments = parser.parse_args()
    signals, truth, readings = simulated(arguments.patients, arguments.seed)
    real, labels, people = real_records(arguments.records)
    mixes = m.mix_of(labels), m.mix_of(truth)
    counted = bar("measure")
    ours = m.measure_all((signals[row] for row in counted(range(len(signals)))), FS)
    theirs = m.measure_all((real[row] for row in counted(range(len(real)))), FS)
    machine = m.machine_measurements(arguments.measurements)
    command = COMMAND.format(" --yardstick DIR" if arguments.yardstick else "", arguments.patients, arguments.seed)
    print(f"`{command}`:\n\n{len(signals)} SIMULATED patients (enrichment 1),")
    print(f"{len(real)} PTB-XL records, {len(machine['rate'])} patients of MIMIC-IV-ECG (first study).\n")
    print_marginals(machine, m.own_readings(readings), ours, theirs)
    print_qt(machine, m.own_readings(readings), ours, theirs)
    print_amplitudes(ours, theirs)
    print_mix(*mixes)
    rng = np.random.default_rng(arguments.seed)
    rows = m.matched_rows(mixes[1], mixes[0], rng, MOST_TOLD)
    some = np.sort(rng.permutation(len(signals))[:MOST_TOLD])
    others = {"simulated, matched": ours.take(rows), "simulated, unmatched": ours.take(some)}
    more: list[NDArray[np.float32]] = []
    if arguments.yardstick:
        more = real_records(arguments.yardstick)[0]
        others[f"**real**: {arguments.yardstick.name}"] = m.measure_all(more, FS)
    print_told(theirs, people, others, arguments.seed)
    few = m.matched_rows(mixes[1], mixes[0], rng, MOST_NETWORK)
    if not arguments.without_network:
        print_network(real, people, signals[few], more, arguments.seed)


def simulated(patients: int, seed: int) -> tuple[NDArray[np.float32], LabelTable, list[Reading]]:
    """Return signals (n, 12, 5000), labels and readings of a cohort at enrichment 1, without faulty records."""
    settings = SimulationSettings(enrichment=1.0, faulty=0.0)
    firsts = range(0, patients, BLOCK)
    blocks = [
        simulate_arrays(min(BLOCK, patients - firsts[k]), seed, settings, first=firsts[k])
        for k in bar("simulate")(range(len(firsts)))
    ]
    labels = LabelTable(blocks[0].labels.labels, np.vstack([block.labels.values for block in blocks]))
    readings = [reading for block in blocks for reading in block.readings]
    return np.concatenate([block.signals for block in blocks]), labels, readings


def real_records(folder: Path) -> tuple[list[NDArray[np.float32]], LabelTable, NDArray[np.int64]]:
    """Return signals at 500 Hz, labels and patients of the records that are of good quality."""
    collection = open_collection(folder)
    records = [readers.read_record(path) for path in collection.paths]
    good = np.flatnonzero([assess(record).good and record.fs == FS for record in records])
    return [records[row].signal for row in good], collection.labels.take(good), collection.subject_ids[good]


def quantiles(values: NDArray[np.float64], digits: int) -> str:
    """Return the 5th, 50th and 95th percentile in words."""
    known = values[np.isfinite(values)]
    return "none" if not len(known) else " / ".join(f"{q:.{digits}f}" for q in np.percentile(known, [5, 50, 95]))


def distances(a: NDArray[np.float64], b: NDArray[np.float64], digits: int) -> str:
    """Return the Kolmogorov-Smirnov and the Wasserstein distance of two samples, NaN left out."""
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    if not len(a) or not len(b):
        return "none"
    return f"{ks_2samp(a, b).statistic:.2f}, {wasserstein_distance(a, b):.{digits}f}"


def print_marginals(
    machine: Mapping[str, NDArray[np.float64]],
    own: Mapping[str, NDArray[np.float64]],
    ours: m.Features,
    theirs: m.Features,
) -> None:
    """Print intervals and axes: percentiles, and how far the simulated are from MIMIC's and from PTB-XL's."""
    print("## Intervals and axes\n")
    print("5th / 50th / 95th percentile; distances are Kolmogorov-Smirnov, then Wasserstein in the row's unit.\n")
    print("| | MIMIC, by the cart | PTB-XL, measured | SIMULATED, measured | SIMULATED, own reading", end="")
    print(" | own reading to MIMIC | measured to MIMIC | measured to PTB-XL |\n|---|---|---|---|---|---|---|---|")
    for name in m.INTERVALS:
        cart, mine, real, said = machine[name], ours.column(name), theirs.column(name), own[name]
        cells = [quantiles(values, 0) for values in (cart, real, mine, said)]
        cells += [distances(said, cart, 1), distances(mine, cart, 1), distances(mine, real, 1)]
        print(f"| {name.replace('_', ' ')}, {m.UNITS.get(name, 'degrees')} | {' | '.join(cells)} |")


def print_qt(
    machine: Mapping[str, NDArray[np.float64]],
    own: Mapping[str, NDArray[np.float64]],
    ours: m.Features,
    theirs: m.Features,
) -> None:
    """Print the line of log QT on log RR in each source."""
    print("\n## QT against RR\n\nlog QT on log RR.\n\n| | slope | r | n |\n|---|---|---|---|")
    for name, qt, rr in (
        ("MIMIC, by the cart", machine["qt"], machine["rr"]),
        ("PTB-XL, measured", theirs.column("qt"), theirs.column("rr")),
        ("SIMULATED, measured", ours.column("qt"), ours.column("rr")),
        ("SIMULATED, own reading", own["qt"], own["rr"]),
    ):
        slope, r, n = log_line(qt, rr)
        print(f"| {name} | {slope:.2f} | {r:.2f} | {n} |")


def log_line(qt: NDArray[np.float64], rr: NDArray[np.float64]) -> tuple[float, float, int]:
    """Return slope and correlation of log QT on log RR, and the number of pairs."""
    known = np.isfinite(qt) & np.isfinite(rr) & (qt > 0) & (rr > 0)
    x, y = np.log(rr[known]), np.log(qt[known])
    return float(np.polyfit(x, y, 1)[0]), float(np.corrcoef(x, y)[0, 1]), int(known.sum())


def print_amplitudes(ours: m.Features, theirs: m.Features) -> None:
    """Print amplitudes by lead, the same code on both."""
    print("\n## Amplitudes of the median beat, mV\n\nSame code on both; ST 60 ms after J, P and T with their sign.\n")
    for wave in m.WAVES:
        print(f"### {wave}\n\n| lead | PTB-XL | SIMULATED | KS, Wasserstein |\n|---|---|---|---|")
        for lead in LEADS:
            real, mine = (source.column(f"{wave} {lead}") for source in (theirs, ours))
            print(f"| {lead} | {quantiles(real, 2)} | {quantiles(mine, 2)} | {distances(real, mine, 3)} |")
        print()


def print_mix(real: NDArray[np.str_], simulated: NDArray[np.str_]) -> None:
    """Print the diagnostic mix of both."""
    print("## Telling them apart by intervals and amplitudes\n")
    print("| diagnostic mix | PTB-XL % | SIMULATED % |\n|---|---|---|")
    for name in (*m.MIX, m.OTHER):
        print(f"| {name} | {100 * np.mean(real == name):.0f} | {100 * np.mean(simulated == name):.0f} |")


def print_told(theirs: m.Features, people: NDArray[np.int64], others: Mapping[str, m.Features], seed: int) -> None:
    """Print how well classifiers on the numbers tell PTB-XL from others, and by what from the matched simulated."""
    print(f"\nAUROC in {told.FOLDS}-fold cross-validation by patient, 95 % interval (aim, matched: at most 0.75).\n")
    print("| PTB-XL against | n PTB-XL, other | logistic regression | gradient-boosted trees |\n|---|---|---|---|")
    found = {}
    for name, features in others.items():
        values, real, persons = stack(theirs.values, features.values, people)
        found[name] = values, real, told.tell_apart(values, real, persons, "trees", seed)
        linear = told.tell_apart(values, real, persons, "logistic", seed).estimate
        print(f"| {name} | {real.sum()}, {(~real).sum()} | {linear} | {found[name][2].estimate} |")
    values, real, trees = found["simulated, matched"]
    single = told.alone(values, real)
    print("\nWhat gives it away, matched: by itself (AUROC; over 0.5: larger in the real), and to the trees (AUROC")
    print("lost when shuffled).\n")
    print("| by itself | AUROC | real | SIMULATED | to the trees | lost |\n|---|---|---|---|---|---|")
    first, second = np.argsort(-np.abs(single - 0.5))[:15], np.argsort(-trees.importance)[:15]
    for a, b in zip(first, second, strict=True):
        digits = 0 if theirs.names[a] in (*m.INTERVALS, "rr") else 2
        ends = " | ".join(quantiles(values[rows, a], digits) for rows in (real, ~real))
        print(f"| {theirs.names[a]} | {single[a]:.2f} | {ends} | {theirs.names[b]} | {trees.importance[b]:.3f} |")
    print("\nBy group of numbers alone, matched, trees:\n\n| numbers | AUROC |\n|---|---|")
    for name, columns in groups(theirs.names).items():
        part = stack(theirs.values[:, columns], others["simulated, matched"].values[:, columns], people)
        print(f"| {name} | {told.tell_apart(*part, 'trees', seed).estimate} |")


def groups(names: Sequence[str]) -> dict[str, list[int]]:
    """Return the positions of the numbers by group: intervals, axes, each wave over all leads."""
    axes = [k for k, name in enumerate(names) if name.endswith("axis")]
    intervals = [k for k, name in enumerate(names) if name in (*m.INTERVALS, "rr") and k not in axes]
    waves = {f"{wave}, all leads": [k for k, n in enumerate(names) if n.startswith(f"{wave} ")] for wave in m.WAVES}
    return {"intervals": intervals, "axes": axes, **waves}


def stack(
    real: NDArray[np.floating], simulated: NDArray[np.floating], people: NDArray[np.int64]
) -> tuple[NDArray, NDArray[np.bool_], NDArray[np.int64]]:
    """Return both as one, which rows are real, and a number per person; each simulated recording is a person's."""
    persons = np.concatenate([people, -1 - np.arange(len(simulated))])
    return np.concatenate([real, simulated]), np.arange(len(persons)) < len(real), persons


def print_network(
    real: Sequence[NDArray[np.float32]],
    people: NDArray[np.int64],
    simulated: NDArray[np.float32],
    yardstick: Sequence[NDArray[np.float32]],
    seed: int,
) -> None:
    """Print how well a small network does on the preprocessed signals, as they are and with parts taken away."""
    preprocessing = Preprocessing()
    theirs = _prepared(real, preprocessing)
    signals, truth, persons = stack(theirs, _prepared(simulated, preprocessing), people)
    print("\n## Telling them apart by the signals\n")
    print(f"A network of three convolutions on {preprocessing.description}, matched mix, {truth.sum()} real and")
    print(f"{(~truth).sum()} simulated, {told.FOLDS}-fold by patient. No aim is set.\n\n| input | AUROC |\n|---|---|")
    for name, change in ablations(preprocessing.fs, seed).items():
        estimate = told.network_tells(change(signals), truth, persons, preprocessing.fs, seed)
        print(f"| {name} | {estimate} |")
    if yardstick:
        both = stack(theirs, _prepared(yardstick, preprocessing), people)
        estimate = told.network_tells(*both, preprocessing.fs, seed)
        print(f"| **real** against real ({len(yardstick)} records of the yardstick), as it is | {estimate} |")


def _prepared(signals: Sequence[NDArray[np.float32]], preprocessing: Preprocessing) -> NDArray[np.float32]:
    records = [Record(one[:, : int(10 * FS)], FS, "realism", Domain.UNKNOWN) for one in signals]
    return np.stack([preprocessing.apply(record) for record in records])


def ablations(fs: float, seed: int) -> dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]]:
    """Return what is done to both sides' signals (n, leads, samples), by name."""

    def noisy(x: NDArray[np.float32]) -> NDArray[np.float32]:
        noise = np.random.default_rng(seed).normal(0, 0.03, x.shape)
        return (_filtered(x, 20, "lowpass", fs) + noise).astype(np.float32)

    def leads(*names: str) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        return lambda x: x[:, [LEADS.index(name) for name in names]]

    return {
        "as it is": lambda x: x,
        "low-pass 20 Hz": lambda x: _filtered(x, 20, "lowpass", fs),
        "high-pass 20 Hz": lambda x: _filtered(x, 20, "highpass", fs),
        "low-pass 20 Hz, then the same noise (30 uV) on both": noisy,
        "limb leads I and II": leads("I", "II"),
        "chest leads V1 to V6": leads(*LEADS[6:]),
        "V2 alone": leads("V2"),
        "every lead scaled to the same spread in each record": lambda x: x / x.std(axis=2, keepdims=True).clip(1e-3),
    }


def _filtered(x: NDArray[np.float32], hz: float, kind: str, fs: float) -> NDArray[np.float32]:
    return sosfiltfilt(butter(4, hz, kind, fs=fs, output="sos"), x, axis=2).astype(np.float32)


if __name__ == "__main__":
    main()
