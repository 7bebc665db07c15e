"""Who came into a cohort and who was left out, as one SVG: black on white, on screen and in print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ecgkt.figures.ecg import FAINT_INK, FONT, INK

WIDTH, LEFT, GAP, LINE, PAD = 760, 8, 34, 20, 12
TEXT_PX = 15
MAIN_WIDTH, SIDE_WIDTH = 330, 374


@dataclass(frozen=True)
class Flow:
    """What the boxes of a flow say: counts as text, so that a hidden one stays hidden.

    `excluded` are (reason, count), `parts` (name, lines). `mark` stands below: whose patients they are, and the
    notice.
    """

    listed: str
    excluded: tuple[tuple[str, str], ...]
    kept: str
    parts: tuple[tuple[str, ...], ...]
    mark: str

    @property
    def told(self) -> str:
        """The same in one sentence, for those who cannot see it."""
        left = "; ".join(f"{reason} {count}" for reason, count in self.excluded) or "none"
        parts = "; ".join(f"{name}: {', '.join(lines)}" for name, *lines in self.parts)
        return f"Listed: {self.listed}. Left out: {left}. Kept: {self.kept}. {parts}. {self.mark}"


def draw_flow(flow: Flow) -> str:
    """Return a flow as SVG, 760 units wide."""
    out = [f"{reason}: {count}" for reason, count in flow.excluded] or ["none"]
    top = _box(LEFT, 8, MAIN_WIDTH, ["Listed", flow.listed])
    side_height = _height(1 + len(out))
    side_y = 8 + _height(2) + 10
    side = _box(WIDTH - LEFT - SIDE_WIDTH, side_y, SIDE_WIDTH, ["Left out", *out])
    kept_y = side_y + side_height + 10
    kept = _box(LEFT, kept_y, MAIN_WIDTH, ["Kept", flow.kept])
    middle = LEFT + MAIN_WIDTH / 2
    branch = side_y + side_height / 2
    parts_y = kept_y + _height(2) + GAP
    wide = (WIDTH - 2 * LEFT - 12 * (len(flow.parts) - 1)) / max(1, len(flow.parts))
    centres = [LEFT + place * (wide + 12) + wide / 2 for place in range(len(flow.parts))]
    boxes = [_box(x - wide / 2, parts_y, wide, list(part)) for x, part in zip(centres, flow.parts, strict=True)]
    rail = kept_y + _height(2) + GAP / 2
    height = parts_y + _height(max(map(len, flow.parts), default=0)) + 2 * LINE
    arrows = [
        _arrow(f"M{middle} {8 + _height(2)}V{kept_y}"),
        _arrow(f"M{middle} {branch}H{WIDTH - LEFT - SIDE_WIDTH}"),
        f'<path d="M{middle} {kept_y + _height(2)}V{rail}M{min(centres)} {rail}H{max(centres)}" {_STROKE}/>',
        *(_arrow(f"M{x} {rail}V{parts_y}") for x in centres),
    ]
    mark = (
        f'<text x="{LEFT}" y="{height - 12}" font-size="13" font-weight="700" fill="{INK}">{escape(flow.mark)}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" font-family="{FONT}" role="img">'
        f"<title>{escape(flow.told)}</title>"
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{FAINT_INK}"/></marker></defs>'
        f'<rect width="{WIDTH}" height="{height:g}" fill="#ffffff"/>'
        f"{''.join((top, side, kept, *boxes, *arrows))}{mark}</svg>"
    )


_STROKE = f'stroke="{FAINT_INK}" stroke-width="1.4" fill="none"'


def _height(lines: int) -> int:
    return 2 * PAD + LINE * lines - 6


def _box(x: float, y: float, width: float, lines: Sequence[str]) -> str:
    """Return a box whose first line is bold."""
    words = "".join(
        f'<text x="{x + PAD:g}" y="{y + PAD + LINE * (place + 1) - 8:g}" font-size="{TEXT_PX}" fill="{INK}" '
        f'font-weight="{400 if place else 700}">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    frame = f'width="{width:g}" height="{_height(len(lines))}" fill="#ffffff" stroke="{INK}" stroke-width="1.2"'
    return f'<rect x="{x:g}" y="{y:g}" {frame}/>{words}'


def _arrow(path: str) -> str:
    return f'<path d="{path}" {_STROKE} marker-end="url(#tip)"/>'
