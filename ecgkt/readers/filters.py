"""How a file's filters are told: "0.05-150 Hz, notch 60 Hz"."""

from __future__ import annotations


def told_filters(low: float | None, high: float | None, notch: float | None) -> str | None:
    """Return the pass band from `low` to `high` and the notch, all in Hz, in words; None where none is known."""
    band = f"{low:g}-{high:g} Hz" if low and high else f"low-pass {high:g} Hz" if high else ""
    band = band or (f"high-pass {low:g} Hz" if low else "")
    return ", ".join(part for part in (band, f"notch {notch:g} Hz" if notch else "") if part) or None
