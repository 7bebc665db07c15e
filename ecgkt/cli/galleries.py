"""`gallery`: simulated recordings beside real ones of the same diagnosis, to be looked at by whoever reads ECGs."""

from __future__ import annotations

import argparse
from pathlib import Path

from ecgkt.cli.progress import counter, say

SEARCHED = 4000


def fill_gallery(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `gallery`."""
    parser.add_argument(
        "--records",
        type=Path,
        nargs="+",
        required=True,
        metavar="DIR",
        help="PTB-XL, LUDB or CinC 2021",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--condition", nargs="+", metavar="NAME", help="only these targets, or normal (default: all)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="chooses simulated and real recordings")
    parser.add_argument("--each", type=int, default=3, metavar="N", help="at most this many of each kind on a page")
    parser.add_argument(
        "--columns", type=int, default=2, choices=[1, 2], help="2: side by side; 1: one above the other"
    )
    parser.add_argument("--search", type=int, default=SEARCHED, metavar="N", help="simulated patients to search")
    parser.add_argument("--again", action="store_true", help="make the pages anew that are there already")
    parser.set_defaults(run=run_gallery)


def run_gallery(arguments: argparse.Namespace) -> int:
    """Make the pages and their index; a run that was stopped goes on where it was."""
    from ecgkt.data.collections import open_collection
    from ecgkt.gallery import Request, make_gallery

    request = Request(arguments.seed, arguments.each, arguments.columns)
    index = make_gallery(
        arguments.out,
        [open_collection(folder) for folder in arguments.records],
        request,
        arguments.condition,
        again=arguments.again,
        searched=arguments.search,
        searching=counter("search"),
        drawing=counter("pages"),
    )
    say(f"SIMULATED recordings beside real ones: {index}.")
    return 0
