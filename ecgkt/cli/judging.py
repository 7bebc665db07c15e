"""`evaluate` and `reference`: what a checkpoint is worth, measured and written into its card."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecgkt import checkpoints, readers, reports
from ecgkt.cli.progress import bar, counter, say
from ecgkt.data.collections import open_collection
from ecgkt.data.studies import read_study
from ecgkt.errors import InvalidValue
from ecgkt.inference import Predictor
from ecgkt.parallel import usual_workers


def fill_evaluate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `evaluate`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--cohort", type=Path, metavar="DIR", help="a prepared cohort")
    what.add_argument(
        "--collection",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="a labelled public collection (PTB-XL, LUDB, CinC), or several, which are taken together",
    )
    parser.add_argument(
        "--models",
        type=Path,
        nargs="+",
        default=[Path("models")],
        metavar="DIR",
        help="checkpoints or folders of them",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="store predictions there, and write tables and figures")
    parser.add_argument(
        "--predictions", type=Path, nargs="+", default=[], metavar="FILE", help="further stored predictions, with --out"
    )
    parser.add_argument("--without-comparators", action="store_true", help="fit no trees on age, sex and intervals")
    parser.add_argument("--resamples", type=int, default=1000, help="draws of patients behind each interval")
    parser.add_argument("--part", choices=["tuning", "held_out"], default="held_out", help="of the cohort's split")
    parser.add_argument("--write", action="store_true", help="write the estimates into the cards")
    parser.set_defaults(run=run_evaluate)


def fill_reference(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `reference`."""
    parser.add_argument("--records", type=Path, required=True, metavar="DIR", help="real ECGs")
    parser.add_argument("--name", required=True, help='what the set is called on screen, such as "PTB-XL 1-250"')
    parser.add_argument("--source", required=True, help="where it comes from, and its licence")
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.set_defaults(run=run_reference)


def fill_frequencies(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `frequencies`."""
    parser.add_argument(
        "--predictions", type=Path, required=True, metavar="DIR", help="what `evaluate --out` or `reproduce` stored"
    )
    parser.add_argument(
        "--models",
        type=Path,
        nargs="+",
        default=[Path("models")],
        metavar="DIR",
        help="which cards to fill",
    )
    parser.add_argument("--part", choices=["tuning", "held_out"], default="held_out", help="of the cohort's split")
    parser.set_defaults(run=run_frequencies)


def run_frequencies(arguments: argparse.Namespace) -> int:
    """Count how often each target was there among ECGs with such a score, from stored predictions, into the cards."""
    folder = reports.predictions_folder(arguments.predictions)
    truth = reports.read_truth(folder / reports.TRUTH)
    stored = {reports.read_origin(path).checkpoint: path for path in folder.glob("*-*.parquet")}
    where = f"{truth.cohort.domain}, {arguments.part.replace('_', ' ')}"
    command = f"python -m ecgkt frequencies --predictions DIR --part {arguments.part}"
    for name, checkpoint in _named(arguments.models):
        path = stored.get(checkpoints.read_card(checkpoint).id)
        if path is None:
            say(f"{name}: no stored predictions of this checkpoint; left as it is.")
            continue
        observed = reports.count_stored(truth, reports.read_predictions(path), arguments.part)
        card = reports.add_observed(checkpoint, where, observed, command)
        say(f"{name}: {len(observed)} of {len(card.labels)} targets counted, {where}.")
    return 0


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Measure every checkpoint: a whole report with --out, else AUROC per label with its interval."""
    if arguments.out is not None:
        return _report(arguments)
    if arguments.predictions:
        raise InvalidValue("--out with --predictions", "none", "name a folder for the report")
    for name, folder in _named(arguments.models):
        predictor = Predictor.open(folder)
        if arguments.cohort is None and predictor.needs_tables:
            say(f"{name}: reads clinical tables, which a collection of ECGs has not; left out.")
            continue
        if arguments.cohort is not None:
            study = read_study(arguments.cohort, predictor.card.preprocessing, progress=counter("read"))
            reports.refuse_other_split(predictor.card, study)
            where = f"{study.cohort.domain}, {arguments.part.replace('_', ' ')}"
            estimates = reports.evaluate_study(predictor, study, arguments.part, arguments.cohort)
            errors = reports.calibration_errors(predictor, study, arguments.part, arguments.cohort)
        else:
            collections = [open_collection(folder) for folder in arguments.collection]
            where = f"real, {' + '.join(one.name for one in collections)}"
            estimates = reports.evaluate_collections(predictor, collections, bar("score"))
            errors, study = {}, None
        sys.stdout.write(f"{name}: AUROC, {where}\n")
        for label, estimate in estimates.items():
            sys.stdout.write(f"  {label:40s} {estimate}  [{estimate.positives}/{estimate.n}]\n")
        for kind, value in reports.macro_by_kind(predictor.card, estimates).items():
            if math.isfinite(value):
                sys.stdout.write(f"  macro {kind:34s} {value:.3f}\n")
        for kind, error in errors.items():
            sys.stdout.write(f"  mean calibration error {kind:17s} {error:.3f}\n")
        if arguments.write:
            reports.add_estimates(folder, where, estimates, _command(arguments), errors)
            if study is not None:
                observed = reports.count_study(predictor, study, arguments.part, arguments.cohort)
                reports.add_observed(folder, where, observed, _command(arguments))
    return 0


def _report(arguments: argparse.Namespace) -> int:
    """Store what is not stored yet, write tables and figures, and print the main ones."""
    if arguments.cohort is None:
        raise InvalidValue("--cohort with --out", "a collection", "prepare a cohort, or leave --out away")
    stored = reports.store_all(
        arguments.cohort,
        arguments.models,
        arguments.out,
        comparators=not arguments.without_comparators,
        workers=usual_workers(),
        read=counter("read"),
        progress=bar("score"),
    )
    chosen = {"part": arguments.part, "resamples": arguments.resamples}
    written = reports.write_report(arguments.out, [*stored.values(), *arguments.predictions], **chosen)
    for table in written.tables[:5]:
        sys.stdout.write(f"{reports.to_markdown(table)}\n")
    say(f"{len(written.tables)} tables and {len(written.charts)} figures are in {arguments.out}.")
    if arguments.write:
        truth = reports.read_truth(arguments.out / reports.PREDICTIONS / reports.TRUTH)
        where = f"{truth.cohort.domain}, {arguments.part.replace('_', ' ')}"
        for _, folder in _named(arguments.models):
            path = stored.get(checkpoints.read_card(folder).id)
            if path is not None:
                one = reports.read_predictions(path)
                estimates, errors = reports.card_figures(truth, one, **chosen)
                reports.add_estimates(folder, where, estimates, _command(arguments), errors)
                observed = reports.count_stored(truth, one, arguments.part)
                reports.add_observed(folder, where, observed, _command(arguments))
    return 0


def _named(models: Sequence[Path]) -> list[tuple[str, Path]]:
    return [item for folder in models for item in checkpoints.list_checkpoints(folder).items()]


def run_reference(arguments: argparse.Namespace) -> int:
    """Store the score quantiles of a set of real ECGs in every checkpoint's card."""
    paths = readers.find_records(arguments.records)
    for name, folder in checkpoints.list_checkpoints(arguments.models).items():
        predictor = Predictor.open(folder)
        if predictor.needs_tables:
            say(f"{name}: reads clinical tables, which these records have not; left out.")
            continue
        reference = reports.reference_of(predictor, paths, arguments.name, arguments.source, bar("score"))
        command = f"python -m ecgkt reference --records DIR --name {shlex.quote(arguments.name)}"
        commands = {**predictor.card.commands, "reference set": command}
        checkpoints.update_card(folder, replace(predictor.card, reference=reference, commands=commands))
        say(f"{name}: ranks among {reference.records} of {len(paths)} records of {reference.name}.")
    return 0


def _command(arguments: argparse.Namespace) -> str:
    """Return the command that measured, without the paths of this machine."""
    if arguments.cohort is not None:
        out = " --out DIR" if arguments.out is not None else ""
        return f"python -m ecgkt evaluate --cohort DIR --part {arguments.part}{out} --write"
    folders = arguments.collection
    names = ", ".join(folder.name for folder in folders)
    return f"python -m ecgkt evaluate --collection {' '.join(['DIR'] * len(folders))} --write (DIR: {names})"
