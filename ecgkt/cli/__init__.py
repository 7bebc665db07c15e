"""The commands: each parses its arguments, calls one function and prints what came of it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from ecgkt import NOTICE, __version__
from ecgkt.errors import EcgktError


@dataclass(frozen=True)
class Command:
    """A command: `module:function` fills its parser; the parser's `run` default is called with the arguments."""

    fill: str
    summary: str


COMMANDS = {
    "open": Command("app:fill_open", "open the app in the browser"),
    "predict": Command("reading:fill_predict", "score ECG files or a folder of them"),
    "explain": Command("reading:fill_explain", "draw the saliency of one target on one ECG"),
    "report": Command("reporting:fill_report", "write one ECG's report as PDF, its scores, map, signal as files"),
    "simulate": Command("cohorts:fill_simulate", "write a simulated cohort in MIMIC's layout"),
    "check": Command("preparing:fill_check", "tell whether downloads are whole and have all that a cohort needs"),
    "prepare": Command("preparing:fill_prepare", "join ECGs to the clinical tables and store the waveforms"),
    "samples": Command("cohorts:fill_samples", "write the bundled simulated samples"),
    "gallery": Command("galleries:fill_gallery", "print simulated ECGs beside real ones, a page per diagnosis"),
    "pretrain": Command("stages:fill_pretrain", "stage 1: align the ECG with the clinical tables"),
    "train-labs": Command("stages:fill_labs", "stage 2: predict laboratory abnormalities"),
    "train-diagnoses": Command("stages:fill_diagnoses", "stage 3: predict diagnoses, from stage 2 or from scratch"),
    "train": Command("stages:fill_train", "all stages and arms of a recipe, cohort included"),
    "reproduce": Command("reproducing:fill_reproduce", "cohort, weights and the README's table from nothing"),
    "evaluate": Command("judging:fill_evaluate", "measure checkpoints on a cohort or a labelled collection"),
    "frequencies": Command(
        "judging:fill_frequencies", "count how often a target was there among ECGs with such a score, into the cards"
    ),
    "reference": Command("judging:fill_reference", "give checkpoints a reference set of real ECGs to rank against"),
    "gate": Command("gates:fill_gate", "let checkpoints abstain from what is unlike a named set of real ECGs"),
    "bridge": Command(
        "bridging:fill_bridge", "fit how far diagnoses go with what a checkpoint knows of each lab, and store it"
    ),
    "bundle": Command("bundling:fill_bundle", "make a run's predictions and cohort small, to travel with the app"),
    "mean-maps": Command("mapping:fill_mean_maps", "what two arms look at, target by target, over held-out patients"),
    "smoke": Command("stages:fill_smoke", "everything once, tiny, in about a minute"),
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; return 0, 1 for an error told in one line, 2 for wrong usage."""
    try:
        parsed = parser_for(arguments).parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        return run(parsed)
    except EcgktError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        where = error.filename or "a file"
        sys.stderr.write(f"Wanted to use {where}, got {error.strerror}: check the path and who may write there.\n")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130


def parser_for(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser; only the named command's module is imported, so that `--help` is quick."""
    parser = argparse.ArgumentParser(
        prog="python -m ecgkt", description=f"ecgkt {__version__}. {NOTICE}.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    named = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name, help=command.summary, description=command.summary, allow_abbrev=False)
        if name == named:
            module, function = command.fill.split(":")
            getattr(import_module(f"ecgkt.cli.{module}"), function)(sub)
    return parser
