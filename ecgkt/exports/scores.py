"""Every score of one ECG as rows: frequencies with their intervals where calibrated, ranks elsewhere, never both."""

from __future__ import annotations

from collections.abc import Iterator

from ecgkt.checkpoints import real_evidence
from ecgkt.errors import InvalidValue
from ecgkt.exports.reading import Reading
from ecgkt.exports.stamp import Stamp, stamp_of
from ecgkt.figures.scores import ScoreRow, score_rows
from ecgkt.opinion.beside import beneath_words
from ecgkt.spreadsheets import Field, write_csv

SCORE_COLUMNS = (
    *("label", "title", "kind", "beside", "told", "frequency", "low", "high", "n", "positives", "prevalence"),
    *("probability", "rank", "reference", "shown_to_work_on_real_ecgs", "calibrated", "message"),
)
STAMP_COLUMNS = ("domain", "model", "checkpoint", "settings", "software", "notice", "made_on")


def score_records(reading: Reading) -> Iterator[dict[str, Field]]:
    """Yield one row per label by column, the highest first in each family; one row with a message where it abstains.

    Raises InvalidValue before the scores are revealed.
    """
    predictions = reading.predictions
    if predictions is None:
        raise InvalidValue("scores that were revealed", "an ECG that waits for its reader", "commit to a read first")
    calibrated, reason = predictions.calibrated, predictions.abstained[0]
    if reason is not None:
        yield {"calibrated": calibrated, "message": f"The model abstains. {reason}"}
        return
    for kind in predictions.labels.kinds:
        for row in score_rows(predictions, kind):
            yield {
                "label": row.name,
                "title": row.title,
                "kind": str(row.kind),
                "beside": beneath_words(row, predictions.labels, reading.beside, reading.measured),
                "told": row.figure,
                **_figures(reading, row),
                "shown_to_work_on_real_ecgs": real_evidence(reading.card, row.name).works,
                "calibrated": calibrated,
            }


def scores_csv(reading: Reading, stamp: Stamp | None = None) -> str:
    """Return the scores as CSV, `SCORE_COLUMNS` then `STAMP_COLUMNS` in every row."""
    columns = (*SCORE_COLUMNS, *STAMP_COLUMNS)
    common = stamp_fields(stamp or stamp_of(reading))
    rows = ({**record, **common} for record in score_records(reading))
    return write_csv(columns, ([row.get(column) for column in columns] for row in rows))


def stamp_fields(stamp: Stamp) -> dict[str, Field]:
    """Return the last fields of every row of a table."""
    plain = stamp.to_json()
    return {column: plain[column] for column in STAMP_COLUMNS}


def _figures(reading: Reading, row: ScoreRow) -> dict[str, Field]:
    """Return the figures of one label: counted and calibrated, or a rank and in what."""
    predictions = reading.predictions
    if predictions is None:
        return {}
    if not predictions.calibrated:
        rank = predictions.rank(row.name)
        return {} if rank is None else {"rank": round(rank, 4), "reference": predictions.reference}
    found: dict[str, Field] = {"probability": round(predictions.probability(row.name), 6)}
    if row.frequency is not None:
        one = row.frequency
        found |= {
            "frequency": round(one.value, 6),
            "low": round(one.low, 6),
            "high": round(one.high, 6),
            "n": one.n,
            "positives": one.positives,
            "prevalence": round(one.prevalence, 6),
        }
    return found
