"""`report`: one ECG's report as a PDF, its scores, map, signal and drawing as files, from a shell."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path

from ecgkt import NOTICE, readers
from ecgkt.checkpoints import choose_checkpoint
from ecgkt.cli.progress import say
from ecgkt.errors import InvalidValue
from ecgkt.exports.document import reading_json
from ecgkt.exports.drawn import sheet_svg
from ecgkt.exports.maps import attribution_csv, explanation_csv
from ecgkt.exports.reading import Drawing, Reading, read_ecg
from ecgkt.exports.report import report_pdf
from ecgkt.exports.scores import scores_csv
from ecgkt.exports.signal import wfdb_zip
from ecgkt.exports.stamp import Stamp, stamp_of
from ecgkt.figures.page import PAGE_SIZES, page_size
from ecgkt.figures.paper import GAINS, LAYOUTS, SPEEDS, Scale
from ecgkt.inference import Predictor
from ecgkt.signals.display import FILTERS

TITLE = "12-lead ECG"
_ELSE = ", which is the part that was drawn, measured, scored and explained; --wfdb holds the whole recording"
_FILES: dict[str, tuple[str, Callable[[Reading, Stamp], str | bytes]]] = {
    "csv": ("the scores as CSV", scores_csv),
    "json": ("all that was said as JSON", reading_json),
    "map_csv": ("the map by wave and lead as CSV (needs --target)", explanation_csv),
    "samples_csv": ("every sample of the map as CSV (needs --target)", attribution_csv),
    "wfdb": ("the signal as WFDB, zipped", wfdb_zip),
}


def fill_report(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `report`."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--pdf", type=Path, metavar="OUT", help="the report at true scale")
    parser.add_argument("--svg", type=Path, metavar="OUT", help="the ECG as drawn")
    for name, (told, _) in _FILES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path, metavar="OUT", help=told)
    parser.add_argument("--target", metavar="NAME", help="a label whose map is added, such as atrial_fibrillation")
    parser.add_argument("--title", default=TITLE, metavar="TEXT", help=f"what stands above it (default: {TITLE})")
    parser.add_argument("--paper", default="A4", choices=list(PAGE_SIZES))
    parser.add_argument("--layout", default="3x4 + II", choices=list(LAYOUTS))
    parser.add_argument("--speed", type=float, default=SPEEDS[0], choices=SPEEDS, help="mm/s")
    parser.add_argument("--gain", type=float, default=GAINS[0], choices=GAINS, help="mm/mV")
    parser.add_argument("--filter", default="No filter", choices=list(FILTERS), help="for the eye alone")
    parser.add_argument("--dated", action="store_true", help="say on which day it was made")
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of checkpoints (default: the bundled)")
    parser.add_argument("--model", metavar="NAME", help="which of them (default: transferred, or the first)")
    parser.set_defaults(run=run_report)


def run_report(arguments: argparse.Namespace) -> int:
    """Read, score, measure and explain one ECG, and write the files that were asked for."""
    asked = {name: path for name in ("pdf", "svg", *_FILES) if (path := getattr(arguments, name)) is not None}
    if not asked:
        raise InvalidValue("a file to write", "none", "name one, such as --pdf report.pdf")
    if arguments.target is None and {"map_csv", "samples_csv"} & set(asked):
        raise InvalidValue("--target with a file of the map", "none", "name a label")
    predictor = Predictor.open(choose_checkpoint(arguments.models, arguments.model))
    record = readers.read_record(arguments.file)
    drawing = Drawing(LAYOUTS[arguments.layout], Scale(arguments.speed, arguments.gain), FILTERS[arguments.filter])
    reading = read_ecg(predictor, record, arguments.title, arguments.target)
    made_on = date.today() if arguments.dated else None
    say(f"The model saw {reading.saw}{_ELSE if reading.record.seconds < record.seconds else ''}.")
    for name, path in asked.items():
        if name == "pdf":
            content: str | bytes = report_pdf(reading, drawing, page_size(arguments.paper), made_on)
        elif name == "svg":
            content = sheet_svg(reading, drawing, stamp_of(reading, drawing, made_on))
        else:
            of = Reading(arguments.title, record, predictor.card) if name == "wfdb" else reading
            content = _FILES[name][1](of, stamp_of(reading, None, made_on))
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        say(f"Wrote {path}.")
    if reading.predictions is not None and reading.predictions.abstained[0] is not None:
        say(f"The model abstains. {reading.predictions.abstained[0]}")
    say(f"{NOTICE}. {predictor.card.statement}")
    return 0
