"""What every file carries that leaves: notice, origin of the ECG, checkpoint, settings, version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ecgkt import NOTICE, __version__
from ecgkt.explain.told import made
from ecgkt.exports.reading import ORIGIN, Drawing, Reading


@dataclass(frozen=True)
class Stamp:
    """Where a file comes from: the same facts in each format.

    `domain` is the word of the ECG's domain, `origin` the same in words; `drawing` is empty where nothing is drawn and
    `map` where nothing is explained. `made_on` is None unless the date was asked for.
    """

    domain: str
    origin: str
    model: str
    checkpoint: str
    statement: str
    preprocessing: str
    drawing: str = ""
    map: str = ""
    made_on: date | None = None
    notice: str = NOTICE
    software: str = f"ecgkt {__version__}"

    @property
    def settings(self) -> str:
        """How the ECG was drawn, what the model saw, how the map was made, in one line."""
        return " · ".join(filter(None, (self.drawing, f"the model saw {self.preprocessing}", self.map)))

    @property
    def by(self) -> str:
        """Which model spoke, and what made the file."""
        on = f" · made on {self.made_on.isoformat()}" if self.made_on else ""
        return f"{self.model}, checkpoint {self.checkpoint} · {self.software}{on}"

    @property
    def lines(self) -> tuple[str, str, str]:
        """Three lines for a file that people read."""
        origin = f"{self.origin[:1].upper()}{self.origin[1:]}"
        return f"{self.notice}. {origin}. {self.statement}", self.by, self.settings

    def to_json(self) -> dict[str, str | None]:
        """Return the same as plain data."""
        return {
            "notice": self.notice,
            "domain": self.domain,
            "origin": self.origin,
            "model": self.model,
            "checkpoint": self.checkpoint,
            "statement": self.statement,
            "settings": self.settings,
            "software": self.software,
            "made_on": self.made_on.isoformat() if self.made_on else None,
        }


def stamp_of(reading: Reading, drawing: Drawing | None = None, made_on: date | None = None) -> Stamp:
    """Return the stamp of what is saved of a reading."""
    card = reading.card
    return Stamp(
        domain=str(reading.record.domain),
        origin=ORIGIN[reading.record.domain],
        model=card.title,
        checkpoint=card.id,
        statement=card.statement,
        preprocessing=f"{reading.saw} (preprocessing {card.preprocessing.fingerprint})",
        drawing="" if drawing is None else drawing.settings,
        map="" if reading.mapped is None else f"map: {made(reading.mapped.explanation)}",
        made_on=made_on,
    )
