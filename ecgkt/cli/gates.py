"""`gate`: let checkpoints abstain from what is unlike a named set of real ECGs, and tell from how much they do."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from ecgkt import checkpoints, reports
from ecgkt.checkpoints import Gate
from ecgkt.cli.progress import bar, say
from ecgkt.domain.records import Domain
from ecgkt.reports.gates import BESIDE, SEED_FITTED, SEED_MEASURED
from ecgkt.signals.preprocessing import Preprocessing


def fill_gate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `gate`."""
    parser.add_argument("--records", type=Path, required=True, metavar="DIR", help="real ECGs to fit it on")
    parser.add_argument("--name", required=True, help='what the set is called on screen, such as "PTB-XL 1-250"')
    parser.add_argument("--source", required=True, help="where it comes from, and its licence")
    parser.add_argument(
        "--also", type=Path, nargs="+", default=[], metavar="DIR", help="further real ECGs, only to measure on"
    )
    parser.add_argument(
        "--simulated",
        type=int,
        default=400,
        metavar="N",
        help="simulated ECGs to measure on, for checkpoints that were trained on such",
    )
    parser.add_argument("--models", type=Path, nargs="+", default=[Path("models")], metavar="DIR")
    parser.set_defaults(run=run_gate)


def run_gate(arguments: argparse.Namespace) -> int:
    """Fit one gate for each way of preparing ECGs, measure it, and write it into the cards."""
    gates: dict[tuple[str, Domain], Gate] = {}
    for root in arguments.models:
        for name, folder in checkpoints.list_checkpoints(root).items():
            card = checkpoints.read_card(folder)
            if card.table_names:
                say(f"{name}: reads clinical tables, which these records have not; left out.")
                continue
            key = (card.preprocessing.fingerprint, card.training_domain)
            if key not in gates:
                gates[key] = _gate(arguments, card.preprocessing, card.training_domain)
                for rate in gates[key].rates:
                    sys.stdout.write(f"{rate.kind:24s} {rate.what:48s} {rate}\n")
            commands = {**card.commands, "gate": _command(arguments)}
            checkpoints.update_card(folder, replace(card, gate=gates[key], commands=commands))
            say(f"{name}: abstains from what is unlike {gates[key].name}.")
    return 0


def _gate(arguments: argparse.Namespace, preprocessing: Preprocessing, domain: Domain) -> Gate:
    _, records, subjects = reports.read_records(arguments.records)
    reference = reports.see(arguments.name, records, subjects, preprocessing, bar("reference"))
    simulated = beside = None
    if domain is Domain.SIMULATED:
        beside = reports.simulate_seen(min(BESIDE, len(records)), SEED_FITTED, preprocessing)
        simulated = reports.simulate_seen(arguments.simulated, SEED_MEASURED, preprocessing)
    gate = reports.fit_gate(reference, arguments.name, arguments.source, beside)
    others = [reports.see(*reports.read_records(folder), preprocessing, bar(folder.name)) for folder in arguments.also]
    bad, refused = reports.spoil_all(records, subjects, preprocessing, progress=bar("spoil"))
    return reports.measure_gate(reference, bad, refused, others, simulated, gate, beside)


def _command(arguments: argparse.Namespace) -> str:
    """Return the command, without the paths of this machine."""
    also = f" --also {' '.join(folder.name for folder in arguments.also)}" if arguments.also else ""
    return f"python -m ecgkt gate --records DIR --name {shlex.quote(arguments.name)}{also}"
