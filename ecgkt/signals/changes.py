"""What changed between two ECGs of one patient, measured alike in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ecgkt.domain.records import LEADS
from ecgkt.signals.measurements import Measurements

COMPARED = ("heart_rate", "pr", "qrs", "qt", "qtc_fridericia", "qrs_axis", "t_axis")
ST_SHOWN = 3


@dataclass(frozen=True)
class Change:
    """One measurement of the earlier and the later ECG in `unit`, None where it was refused.

    `limit` is the difference that halves of one ECG stay below in 19 of 20 ECGs, None where it is not known.
    """

    name: str
    unit: str
    earlier: float | None
    later: float | None
    limit: float | None = None
    lead: str = ""

    @property
    def difference(self) -> float | None:
        """Later minus earlier, for an axis the shorter way round; None where one is missing."""
        if self.earlier is None or self.later is None:
            return None
        apart = self.later - self.earlier
        return (apart + 180) % 360 - 180 if self.unit == "deg" else apart

    @property
    def beyond_limit(self) -> bool:
        """Whether it is larger than what halves of one ECG differ by."""
        apart = self.difference
        return apart is not None and self.limit is not None and abs(apart) > self.limit


def changes(earlier: Measurements, later: Measurements, limits: Mapping[str, float]) -> tuple[Change, ...]:
    """Return the changes of rate, intervals and axes, then those of ST in the leads in which it changed most.

    `limits` are by measurement name, `st` in mV for any lead.
    """
    found = [
        Change(name, later.values[name].unit, earlier.values[name].value, later.values[name].value, limits.get(name))
        for name in COMPARED
    ]
    st = [
        Change("st", "mV", earlier.leads["st"][lead].value, later.leads["st"][lead].value, limits.get("st"), lead)
        for lead in LEADS
    ]
    known = [change for change in st if change.difference is not None]
    known.sort(key=lambda change: -abs(change.difference or 0.0))
    return (*found, *known[:ST_SHOWN])
