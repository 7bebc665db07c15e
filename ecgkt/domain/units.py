"""Units as a reader meets them; a table keeps its own spelling."""

from __future__ import annotations

_PRINTED = {"1": "", "K/uL": "× 10³/µL", "10⁹/L": "× 10⁹/L", "uIU/mL": "µIU/mL"}


def printed_unit(unit: str) -> str:
    """Return a unit as it is printed: "K/uL" is "× 10³/µL", and "1", which has no unit, is empty."""
    return _PRINTED.get(unit, unit)
