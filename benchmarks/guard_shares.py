"""How often each check beside a map passes: on models that read their target, and on models that are wrong on purpose.

python -m benchmarks.guard_shares PREPARED PTBXL [--ecgs 50] [--random 5] [--found guard_shares.csv]

Held-out SIMULATED patients, each with a diagnosis that its tracing has; real PTB-XL records likewise, asked of the
transferred model; the shortcut model with the mark planted and without; the model of shuffled diagnoses; and the
transferred model with all weights shuffled, which nobody has measured. The models that are wrong on purpose are asked
the three short checks, which are made to find them. What is found is appended as it comes, and a run goes on where it
was.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.guard_limits import ABOVE
from ecgkt import checkpoints, readers
from ecgkt.data.collections import open_collection
from ecgkt.data.studies import Study, read_study
from ecgkt.data.waveforms.stored import StoredWaveforms
from ecgkt.domain import Domain, LabelTable, Record
from ecgkt.domain.labels import Kind
from ecgkt.explain.guards import GuardRails, State, check, check_quickly, checking
from ecgkt.explain.guards.limits import limit_of
from ecgkt.explain.guards.randomised import randomised, stages
from ecgkt.explain.methods import DEFAULT, explain
from ecgkt.inference import Predictor
from ecgkt.signals import shortcut
from ecgkt.training.controls import TARGET

RIGHT, REAL = "transferred, simulated", "transferred, real (PTB-XL)"
MARKED, UNMARKED = "shortcut, with the mark", "shortcut, without the mark"
SHUFFLED, RANDOM = "diagnoses shuffled", "all weights shuffled"
SHORT = (MARKED, UNMARKED, SHUFFLED)
WELL_READ = 0.9
"""From this lower end of the AUROC's interval on simulated patients a target counts as read well."""


class Cases:
    """Recordings with a target that is asked of each."""

    def __init__(self, prepared: Path, real: Path, card: checkpoints.Card) -> None:
        self.study: Study = read_study(prepared, card.preprocessing)
        self.waveforms = StoredWaveforms.open(prepared)
        self.real = open_collection(real)
        estimates = card.estimates[checking.SIMULATED]
        names = self.study.labels.labels.of_kind(Kind.TRACING).names
        self.well_read = {name for name in names if (estimates[name].low or 0) >= WELL_READ}

    def simulated(self, place: int) -> tuple[Record, str]:
        """Return a held-out ECG, and one of the diagnoses that it has and that the model reads well."""
        rng = np.random.default_rng([2, place])
        while True:
            row = int(rng.choice(self.study.rows("held_out")))
            if has := self._has(self.study.labels, row):
                stored = int(self.waveforms.rows_of([self.study.cohort.record_ids[row]])[0])
                record = self.waveforms.record(stored)
                return replace(record, domain=self.study.cohort.domain), str(rng.choice(has))

    def recorded(self, place: int) -> tuple[Record, str]:
        """Return a real ECG, and one of the diagnoses that it has and that the model reads well, rather a rare one."""
        rng = np.random.default_rng([3, place])
        while True:
            row = int(rng.integers(len(self.real)))
            if has := self._has(self.real.labels, row):
                rare = [name for name in has if name != "sinus_rhythm"] or has
                record = readers.read_record(self.real.paths[row])
                return replace(record, domain=Domain.REAL), str(rng.choice(rare))

    def _has(self, labels: LabelTable, row: int) -> list[str]:
        return [
            name
            for name, value in zip(labels.labels.names, labels.values[row], strict=True)
            if value == 1 and name in self.well_read
        ]


def checked(group: str, predictor: Predictor, record: Record, target: str, place: int) -> GuardRails | None:
    """Return the checks of a map, all or the short ones; None where the model abstains."""
    if predictor.look(record).signal is None:
        return None
    explanation = explain(predictor, record, target)
    if group in SHORT:
        return check_quickly(predictor, record, explanation)
    return check(predictor, record, explanation, seed=place)


def tasks(arguments: argparse.Namespace) -> Iterator[tuple[str, int]]:
    """Yield what is to be checked, by turns, so that a run that is broken off has some of each."""
    counts = dict.fromkeys((*SHORT, RIGHT, REAL), arguments.ecgs) | {RANDOM: arguments.random}
    for place in range(max(counts.values())):
        yield from ((group, place) for group, count in counts.items() if place < count)


def main() -> None:
    """Check, append, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("records", type=Path)
    parser.add_argument("--ecgs", type=int, default=50)
    parser.add_argument("--random", type=int, default=5)
    parser.add_argument("--found", type=Path, default=Path("guard_shares.csv"))
    arguments = parser.parse_args()
    models = checkpoints.bundled_folder()
    names = {RIGHT: "transferred", MARKED: "checks/shortcut", SHUFFLED: "checks/random_labels"}
    opened = {group: Predictor.open(models / name) for group, name in names.items()}
    opened |= {REAL: opened[RIGHT], UNMARKED: opened[MARKED], RANDOM: _random(opened[RIGHT])}
    cases = Cases(arguments.prepared, arguments.records, opened[RIGHT].card)
    done = {(row[0], int(row[1])) for row in _read(arguments.found)}
    for group, place in tasks(arguments):
        if (group, place) in done:
            continue
        record, target = cases.recorded(place) if group == REAL else cases.simulated(place)
        if group in (MARKED, UNMARKED):
            target = TARGET
        if group == MARKED:
            phase = float(np.random.default_rng([4, place]).uniform(0, shortcut.EVERY_SECONDS))
            planted = shortcut.mark(record.signal.shape[1], record.fs, phase)
            record = replace(record, signal=record.signal + planted)
        rails = checked(group, opened[group], record, target, place)
        rows = [(guard.name, guard.state, guard.figure) for guard in rails.guards] if rails else [("abstains", "", "")]
        with arguments.found.open("a", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows((group, place, target, *row) for row in rows)
    print_shares([_judged(row) for row in _read(arguments.found)])


def _judged(row: list[str]) -> list[str]:
    """Return a row with the state that its figure has by the limits of today."""
    group, place, target, name, _, figure = row
    limit = limit_of(name, DEFAULT)
    if not figure or limit is None:
        return row
    passed = float(figure) >= limit.value if ABOVE[name] else float(figure) <= limit.value
    return [group, place, target, name, State.PASSED if passed else State.FAILED, figure]


def print_shares(rows: list[list[str]]) -> None:
    """Print by group how many passed each check of those in which it could be made, and how many passed all."""
    groups = list(dict.fromkeys(row[0] for row in rows))
    print("| check | " + " | ".join(groups) + " |\n|---|" + "---:|" * len(groups))
    for name in (*checking.TITLES, "reliable", "but for knowing"):
        cells = [_cell(rows, group, name) for group in groups]
        title = (
            checking.TITLES[name][0] if name in checking.TITLES else {"reliable": "All"}.get(name, "All but the first")
        )
        print(f"| {title} | " + " | ".join(cells) + " |")


def _cell(rows: list[list[str]], group: str, name: str) -> str:
    own = [row for row in rows if row[0] == group and row[3] != "abstains"]
    if name in checking.TITLES:
        states = [row[4] for row in own if row[3] == name and row[4] != State.UNDEFINED]
        return f"{states.count(State.PASSED)} of {len(states)}"
    without = {checking.KNOWN} if name != "reliable" else set()
    failed = {row[1] for row in own if row[4] == State.FAILED and row[3] not in without}
    places = {row[1] for row in own}
    return f"{len(places - failed)} of {len(places)}"


def _random(predictor: Predictor) -> Predictor:
    network = randomised(predictor.network, stages(predictor.network), 0)
    return Predictor(checkpoints.Checkpoint(replace(predictor.card, estimates={}), network.state_dict()))


def _read(path: Path) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


if __name__ == "__main__":
    main()
