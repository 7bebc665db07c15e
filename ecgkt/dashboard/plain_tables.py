"""Tables of words and figures as HTML that can be read aloud: captions, and headings with their scope."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
<style>
.ecgkt-table {border-collapse: collapse; width: 100%; font-size: .86rem; line-height: 1.35;
  font-variant-numeric: tabular-nums;}
.ecgkt-table caption {caption-side: top; text-align: left; font-size: .95rem; font-weight: 700; color: inherit;
  padding: .2rem 0 .15rem;}
.ecgkt-table th, .ecgkt-table td {border: 0; border-bottom: 1px solid rgba(128,128,128,.35);
  padding: .2rem .3rem .2rem .6rem; text-align: right; vertical-align: baseline;}
.ecgkt-table td {white-space: nowrap;}
.ecgkt-table.words td, .ecgkt-table.words thead th {text-align: left; white-space: normal;}
.ecgkt-table thead th {font-weight: 600; font-size: .8rem; vertical-align: bottom; line-height: 1.2;}
.ecgkt-table th:first-child {text-align: left; font-weight: 400; padding-left: 0;}
.ecgkt-table.words tbody th {font-weight: 600; min-width: 9rem;}
.ecgkt-table.pairs thead {position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);}
.ecgkt-wide {overflow-x: auto; position: relative;}
</style>
"""


def table_html(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, words: bool = False) -> str:
    """Return a table whose first column names its rows; `words` for sentences, which stand to the left.

    A cell's line breaks are kept. The headings of two columns of words are there to be heard, not seen.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{_lines(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    kind = "" if not words else " words pairs" if len(columns) == 2 else " words"
    return (
        f'<div class="ecgkt-wide" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="ecgkt-table{kind}">'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _lines(cell: str) -> str:
    return "<br>".join(escape(line) for line in cell.split("\n"))
