"""`predict` and `explain`: the model's opinion from a shell."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ecgkt import NOTICE, readers
from ecgkt.checkpoints import Card, choose_checkpoint, real_evidence
from ecgkt.cli.progress import bar, say
from ecgkt.domain.predictions import Predictions
from ecgkt.domain.records import Domain
from ecgkt.errors import EcgktError, InvalidValue, UnreadableRecord
from ecgkt.figures.scores import HEADINGS, basis, score_rows
from ecgkt.inference import Predictor
from ecgkt.signals.windows import told, windows
from ecgkt.spreadsheets import write_csv

SHOWN = 5


def fill_predict(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `predict`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="ECG files, or folders of them")
    _add_models(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything as JSON on standard output")
    form.add_argument("--csv", action="store_true", help="one line per record and label on standard output")
    _add_table(parser)
    parser.set_defaults(run=run_predict)


def fill_explain(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `explain`."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--target", required=True, metavar="NAME", help="a label, such as atrial_fibrillation")
    parser.add_argument("--png", required=True, type=Path, metavar="OUT", help="where to draw it")
    parser.add_argument("--method", metavar="NAME", help="attribution method (default: integrated gradients)")
    parser.add_argument("--baseline", metavar="NAME", help="what the ECG is compared with (default: zero signal)")
    parser.add_argument("--minus", metavar="NAME", help="explain the score of --target less that of this label")
    parser.add_argument(
        "--steps", type=int, help="even steps of the path integral (default: as many as its sum needs, from 16 on)"
    )
    _add_models(parser)
    parser.set_defaults(run=run_explain)


def run_predict(arguments: argparse.Namespace) -> int:
    """Score every file; one that cannot be read is told in one sentence and the others go on."""
    if arguments.out is not None:
        from ecgkt.cli.work_list import score_into_table

        return score_into_table(arguments)
    if arguments.shard is not None or arguments.merge or arguments.workers is not None or arguments.hide_names:
        raise InvalidValue("--out with --shard, --merge, --workers or --hide-names", "no --out", "name the table")
    predictor = Predictor.open(choose_checkpoint(arguments.models, arguments.model))
    paths = _expand(arguments.files)
    results = [_score(predictor, paths[row]) for row in bar("predict")(range(len(paths)))]
    write = _write_json if arguments.json else _write_csv if arguments.csv else _write_text
    write(predictor, results)
    return 1 if any("error" in result for result in results) else 0


def run_explain(arguments: argparse.Namespace) -> int:
    """Draw one target's saliency on the ECG, with the residual of the map."""
    from ecgkt.explain.baselines import ZERO
    from ecgkt.explain.methods import DEFAULT, explain
    from ecgkt.exports.reading import saw
    from ecgkt.figures.print import write_png

    predictor = Predictor.open(choose_checkpoint(arguments.models, arguments.model))
    labels = predictor.card.labels
    labels.index(arguments.target)
    part = windows(readers.read_record(arguments.file), predictor.card.preprocessing.seconds)[0]
    method, baseline = arguments.method or DEFAULT, arguments.baseline or ZERO
    found = explain(
        predictor,
        part.record,
        arguments.target,
        method=method,
        baseline=baseline,
        minus=arguments.minus,
        steps=arguments.steps,
    )
    title = labels[found.target].title + ("" if found.minus is None else f" minus {labels[found.minus].title}")
    seen = saw(predictor.card, part)
    write_png(part.record, arguments.png, explanation=found, title=title, model_saw=seen)
    share = found.relative_residual
    missed = "" if share is None else f"completeness residual {share:.1%} of the score difference; "
    say(f"{title}: {found.method}, baseline {found.baseline}; {missed}checkpoint {found.checkpoint_id}.")
    say(f"The model saw {seen}.")
    say(f"{NOTICE}. {predictor.card.statement}")
    return 0


def _add_table(parser: argparse.ArgumentParser) -> None:
    table = parser.add_argument_group("a whole folder into one table")
    table.add_argument(
        "--out", type=Path, metavar="TABLE", help=".parquet or .csv; the same command goes on where it broke off"
    )
    table.add_argument("--workers", type=int, metavar="N", help="processes of one thread each (default: one per core)")
    table.add_argument("--shard", metavar="I/N", help="score the I-th of N shares (default: as torchrun or SLURM say)")
    table.add_argument("--merge", action="store_true", help="score nothing: put the shards' parts together")
    table.add_argument("--hide-names", action="store_true", help="running numbers in place of file names")


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of checkpoints (default: the bundled)")
    parser.add_argument("--model", metavar="NAME", help="which of them (default: transferred, or the first)")


def _expand(files: Sequence[Path]) -> list[Path]:
    paths: list[Path] = []
    for file in files:
        paths += readers.find_records(file) if file.is_dir() else [file]
    if not paths:
        raise UnreadableRecord("at least one ECG", "none in the folder", "name a folder with WFDB or DICOM records")
    return paths


def _score(predictor: Predictor, path: Path) -> dict[str, Any]:
    try:
        record = readers.read_record(path)
        predictions = predictor.predict([record])
    except EcgktError as error:
        return {"file": str(path), "error": str(error)}
    return {
        "file": str(path),
        "source": record.source,
        "age": record.age,
        "sex": record.sex,
        "notes": [*record.notes, *filter(None, [told(record, predictor.card.preprocessing.seconds)])],
        "predictions": predictions,
    }


def _write_json(predictor: Predictor, results: list[dict[str, Any]]) -> None:
    plain = []
    for result in results:
        predictions: Predictions | None = result.pop("predictions", None)
        plain.append({**result, **(predictions.to_json() if predictions is not None else {})})
    document = {
        "notice": NOTICE,
        "model": predictor.card.name,
        "checkpoint": predictor.card.id,
        "statement": predictor.card.statement,
        "records": plain,
    }
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


def _write_csv(predictor: Predictor, results: list[dict[str, Any]]) -> None:
    columns = ["file", "label", "kind", "frequency", "low", "high", "probability", "rank", "reference"]
    columns += ["shown_to_work_on_real_ecgs", "domain", "calibrated", "message", "checkpoint", "notice"]
    rows = []
    for result in results:
        common = {"file": result["file"], "checkpoint": predictor.card.id, "notice": NOTICE}
        rows += [{**common, **row} for row in _csv_rows(result, predictor.card)]
    sys.stdout.write(write_csv(columns, ([row.get(column) for column in columns] for row in rows)))


def _csv_rows(result: dict[str, Any], card: Card) -> Iterator[dict[str, Any]]:
    predictions: Predictions | None = result.get("predictions")
    if predictions is None:
        yield {"message": result["error"]}
        return
    plain = predictions.to_json()
    common = {"domain": plain["domain"], "calibrated": plain["calibrated"], "reference": plain.get("reference", "")}
    if plain["abstained"] is not None:
        yield {**common, "message": f"The model abstains. {plain['abstained']}"}
        return
    for label in predictions.labels:
        values = {key: plain[many][label.name] for key, many in _VALUES if many in plain}
        counted = plain.get("frequencies", {}).get(label.name, {})
        values |= {key: counted[of] for key, of in _COUNTED if of in counted}
        works = "yes" if real_evidence(card, label.name).works else "no"
        yield {
            **common,
            "label": label.name,
            "kind": str(label.kind),
            **values,
            "shown_to_work_on_real_ecgs": works,
        }


_VALUES = (("probability", "probabilities"), ("rank", "ranks"))
_COUNTED = (("frequency", "value"), ("low", "low"), ("high", "high"))


def _write_text(predictor: Predictor, results: list[dict[str, Any]]) -> None:
    lines = [f"{NOTICE}. {predictor.card.statement}", f"Model {predictor.card.name}, checkpoint {predictor.card.id}."]
    for result in results:
        lines += ["", result["file"], *(f"  note: {note}" for note in result.get("notes", ()))]
        predictions: Predictions | None = result.get("predictions")
        if predictions is None:
            lines.append(f"  {result['error']}")
        elif predictions.abstained[0] is not None:
            lines.append(f"  The model abstains. {predictions.abstained[0]}")
        else:
            lines += _told(predictions, predictor.card)
    sys.stdout.write("\n".join(lines) + "\n")


def _told(predictions: Predictions, card: Card) -> Iterator[str]:
    """Tell the highest scores of each family as the pages do: counted frequencies where calibrated, ranks elsewhere.

    What was not shown to work on real ECGs is left out on all that is not simulated, and counted.
    """
    yield f"  Origin of the ECG: {predictions.domain}. {basis(predictions)}."
    if not predictions.calibrated and predictions.reference is None:
        return
    for kind in predictions.labels.kinds:
        rows = score_rows(predictions, kind)
        open_rows = [row for row in rows if not _held_back(predictions, card, row.name)]
        yield f"  {HEADINGS[kind]}:"
        for row in open_rows[:SHOWN]:
            interval = f"({row.interval})" if row.interval else ""
            yield f"    {row.figure:>16}  {interval:<26}{row.title}".rstrip()
        if folded := len(rows) - len(open_rows):
            yield f"    {folded} not shown to work on real ECGs; --csv and --json have their ranks"


def _held_back(predictions: Predictions, card: Card, name: str) -> bool:
    """Whether a score was not shown to work on ECGs such as this one, which is not simulated."""
    return predictions.domain is not Domain.SIMULATED and not real_evidence(card, name).works
