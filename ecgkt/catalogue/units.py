"""Laboratory values and cut-offs in words: in the units that MIMIC prints, or in SI units."""

from __future__ import annotations

from ecgkt.catalogue.panel import Lab
from ecgkt.domain.units import printed_unit


def value_words(lab: Lab, value: float, si: bool = False) -> str:
    """Return a value (given in `lab.unit`) with its unit, in SI units on request; three significant digits."""
    number, unit = (value * lab.si_factor, lab.si_unit) if si else (value, lab.unit)
    return _with_unit(number, unit)


def limit_words(lab: Lab, direction: str, si: bool = False) -> str:
    """Return the limit beyond which a value is a label: "> 180 mg/dL", "> about 5.1 mEq/L".

    "about" where each row's own printed range decides and the usual one is told.
    """
    limit = lab.cutoff(direction)
    usual = lab.usual_limit(direction)
    sign = "<" if direction == "low" else ">"
    if limit is not None:
        return f"{sign} {value_words(lab, limit, si)}"
    return sign if usual is None else f"{sign} about {value_words(lab, usual, si)}"


def _with_unit(number: float, unit: str) -> str:
    told = f"{float(f'{number:.3g}'):,.10g}"
    return f"{told} {printed_unit(unit)}".rstrip()
