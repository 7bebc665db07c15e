"""The gallery: simulated recordings beside real ones of the same diagnosis, one page per tracing target.

Neither side is hand-picked: the simulated are the first found in an enriched cohort of the seed, the real are drawn by
the seed from all that have the label. No clinician has reviewed what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgkt import NOTICE, readers
from ecgkt.catalogue import tracing_labels
from ecgkt.data.collections import Collection
from ecgkt.domain import Domain, LabelTable, Record
from ecgkt.errors import EcgktError, InvalidValue, UnknownName
from ecgkt.figures.plates import UNREVIEWED, Exhibit, Plate, draw_plate
from ecgkt.signals.measurements import measure
from ecgkt.signals.quality import assess
from ecgkt.simulation import SimulationSettings, simulate_arrays
from ecgkt.simulation.settings import FS

NORMAL = "normal"
NORMAL_TITLE = "Normal"
NORMAL_RULE = "Sinus rhythm and no other target of the catalogue; of the real, only those whose ST-T labels are known."
SETTINGS = SimulationSettings(enrichment=8.0, faulty=0.0)
BLOCK = 250
DOTS_PER_INCH = 110
_ST_T = ("st_elevation", "st_depression", "t_wave_inversion")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """What a gallery is asked for: the seed, at most `each` recordings of a kind on a page, and 1 or 2 columns."""

    seed: int = 0
    each: int = 3
    columns: int = 2

    def __post_init__(self) -> None:
        if self.seed < 0 or not 1 <= self.each <= 10:
            raise InvalidValue(
                "a seed from 0 and 1 to 10 recordings of a kind", f"{self.seed} and {self.each}", "change it"
            )


@dataclass(frozen=True)
class Page:
    """One page as the index tells it: `real` and `simulated` are how many have the label, of those searched."""

    name: str
    title: str
    real: int
    simulated: int
    searched: int
    shown_real: tuple[str, ...]
    shown_simulated: tuple[int, ...]


def conditions() -> tuple[str, ...]:
    """Return what there is a page for: normal, then every tracing target in the catalogue's order."""
    return (NORMAL, *tracing_labels().names)


def make_gallery(
    folder: Path,
    collections: Sequence[Collection],
    request: Request,
    names: Iterable[str] | None = None,
    *,
    again: bool = False,
    searched: int = 4000,
    searching: Progress = lambda done, total: None,
    drawing: Progress = lambda done, total: None,
) -> Path:
    """Write one PDF and one PNG per condition, and return the path of their index; pages that are there are kept.

    A page is made anew where `again` says so, or where it was made for another request or other collections.
    """
    wanted = tuple(names or conditions())
    for name in wanted:
        if name not in conditions():
            raise UnknownName(f"one of: {', '.join(conditions())}", repr(name), "choose a name from that list")
    folder.mkdir(parents=True, exist_ok=True)
    asked = {**asdict(request), "searched": searched, "collections": [[c.name, len(c)] for c in collections]}
    pages = _kept(folder, asked)
    missing = [name for name in wanted if again or name not in pages]
    found = _search(missing, request, searched, searching) if missing else {}
    for done, name in enumerate(missing):
        drawing(done, len(missing))
        pages[name] = _make(folder, name, collections, found[name], request, searched)
        _write_index(folder, asked, pages)
        drawing(done + 1, len(missing))
    _write_index(folder, asked, pages)
    return folder / "index.html"


def has(name: str, labels: LabelTable) -> NDArray[np.bool_]:
    """Return which rows (n,) are of a condition; unknown is not."""
    if name != NORMAL:
        return np.asarray(labels.column(name) == 1)
    others = [one for one in tracing_labels().names if one != "sinus_rhythm"]
    none = ~(labels.values[:, labels.labels.positions(others)] == 1).any(axis=1)
    known = (labels.values[:, labels.labels.positions(_ST_T)] == 0).all(axis=1)
    return np.asarray(none & known & (labels.column("sinus_rhythm") == 1))


def _search(names: Sequence[str], request: Request, searched: int, progress: Progress) -> dict[str, list[int]]:
    """Return the patient numbers of every condition among the first `searched` of the seed; no signal is made."""
    found: dict[str, list[int]] = {name: [] for name in names}
    for first in range(0, searched, BLOCK):
        size = min(BLOCK, searched - first)
        block = simulate_arrays(size, request.seed, SETTINGS, first=first, signals=False)
        for name in names:
            found[name] += (first + np.flatnonzero(has(name, block.labels))).tolist()
        progress(first + size, searched)
    return found


def _make(
    folder: Path, name: str, collections: Sequence[Collection], numbers: list[int], request: Request, searched: int
) -> Page:
    title, rule = (NORMAL_TITLE, NORMAL_RULE) if name == NORMAL else _told(name)
    simulated = [_simulated(number, request.seed, name) for number in numbers[: request.each]]
    real, count = _real(name, collections, request)
    sources = ", ".join(f"{c.name} ({len(c)} records)" for c in collections)
    plate = Plate(
        title,
        rule,
        tuple(simulated),
        tuple(real),
        f"None of {searched} simulated recordings has this diagnosis.",
        f"No real record has this diagnosis in {sources}." if not count else "No real record of it could be read.",
    )
    figure = draw_plate(plate, request.columns)
    for suffix, options in ((".pdf", {"metadata": {"CreationDate": None}}), (".png", {"dpi": DOTS_PER_INCH})):
        unfinished = folder / f"{name}.tmp{suffix}"
        figure.savefig(unfinished, **options)
        unfinished.replace(folder / f"{name}{suffix}")
    shown = tuple(exhibit.kind for exhibit in real)
    return Page(name, title, count, len(numbers), searched, shown, tuple(numbers[: request.each]))


def _told(name: str) -> tuple[str, str]:
    label = tracing_labels()[name]
    return label.title, f"{label.rule} ({label.source})"


def _simulated(number: int, seed: int, name: str) -> Exhibit:
    one = simulate_arrays(1, seed, SETTINGS, first=number)
    patient = one.plans[0].patient
    record = Record(one.signals[0], FS, "simulated", Domain.SIMULATED, float(round(patient.age)))
    who = f"{'man' if patient.male else 'woman'} of {patient.age:.0f}"
    lines = (measured(record), _also(one.labels.values[0], one.labels, name))
    return Exhibit(record, f"Simulated (seed {seed}, patient {number}), {who}", lines)


def measured(record: Record) -> str:
    """Return rate, PR, QRS and QTc as measured on this recording, by the same code for both kinds; "" without any."""
    values = measure(record.signal, record.fs).values
    shown = {
        "heart_rate": "{:.0f}/min",
        "pr": "PR {:.0f} ms",
        "qrs": "QRS {:.0f} ms",
        "qtc_fridericia": "QTc (Fridericia) {:.0f} ms",
    }
    known = [form.format(values[name].value) for name, form in shown.items() if values[name].value is not None]
    return f"Measured: {' · '.join(known)}" if known else ""


def _also(row: NDArray[np.float32], labels: LabelTable, name: str) -> str:
    """Return the other tracing labels of a record in words, "" without any."""
    columns = labels.labels.positions(tracing_labels().names)
    pairs = zip(tracing_labels(), row[columns], strict=True)
    others = [label.title for label, value in pairs if value == 1 and label.name != name]
    return f"Also labelled: {', '.join(others)}" if others else ""


def _real(name: str, collections: Sequence[Collection], request: Request) -> tuple[list[Exhibit], int]:
    """Return real records of a condition in an order drawn by the seed, and how many have its label in all."""
    pool = [(c, int(row)) for c in collections for row in np.flatnonzero(has(name, c.labels))]
    order = np.random.default_rng([request.seed, *name.encode()]).permutation(len(pool))
    shown: list[Exhibit] = []
    for collection, row in (pool[place] for place in order):
        if len(shown) == request.each:
            break
        try:
            record = readers.read_record(collection.paths[row])
        except EcgktError:
            continue
        if assess(record).good:
            kind = f"{collection.name} record {_number(collection.paths[row])}, real{_person(record)}"
            lines = (measured(record), _also(collection.labels.values[row], collection.labels, name))
            shown.append(Exhibit(record, kind, lines))
    return shown, len(pool)


def _person(record: Record) -> str:
    """Return sex and age as far as the file gives them, with a comma before."""
    who = {"male": "man", "female": "woman", None: "person"}[record.sex]
    if record.age is not None:
        return f", {who} of {record.age:.0f}"
    return f", {who}" if record.sex else ""


def _number(path: Path) -> str:
    """Return a record's name as its source counts: `00123_hr` is 123."""
    return path.stem.removesuffix("_hr").removesuffix("_lr").lstrip("0")


def _kept(folder: Path, asked: dict[str, object]) -> dict[str, Page]:
    """Return the pages that are there and were made for this request."""
    listing = folder / "gallery.json"
    if not listing.is_file():
        return {}
    found = json.loads(listing.read_text(encoding="utf-8"))
    if found["asked"] != json.loads(json.dumps(asked)):
        return {}
    pages = [Page(**page) for page in found["pages"]]
    there = [page for page in pages if all((folder / f"{page.name}{kind}").is_file() for kind in (".pdf", ".png"))]
    return {page.name: page for page in there}


def _write_index(folder: Path, asked: dict[str, object], pages: dict[str, Page]) -> None:
    ordered = [pages[name] for name in conditions() if name in pages]
    listing = {"asked": asked, "pages": [asdict(page) for page in ordered]}
    (folder / "gallery.json").write_text(json.dumps(listing, indent=1) + "\n", encoding="utf-8")
    rows = "\n".join(
        f'<tr><td><a href="{page.name}.pdf">{escape(page.title)}</a></td><td><a href="{page.name}.png">PNG</a></td>'
        f"<td>{len(page.shown_simulated)} of {page.simulated}</td><td>{len(page.shown_real)} of {page.real}</td></tr>"
        for page in ordered
    )
    searched = ordered[0].searched if ordered else 0
    sources = ", ".join(f"{name} ({count} records)" for name, count in _pairs(asked["collections"]))
    text = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Simulated beside real ECGs</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
td, th {{ text-align: left; padding: .2rem 1rem .2rem 0 }}</style>
<h1>Simulated beside real ECGs</h1>
<p><strong>{UNREVIEWED}. {NOTICE}.</strong></p>
<p>Simulated: the first found among {searched} patients of seed {asked["seed"]}, rare causes enriched
{SETTINGS.enrichment:g}-fold. Real: drawn by the seed from {escape(sources)}, by their own labels. Printed at 100 %, a
page is at 25 mm/s and 10 mm/mV.</p>
<table><tr><th>diagnosis</th><th></th><th>simulated, shown</th><th>real, shown</th></tr>
{rows}
</table></html>
"""
    (folder / "index.html").write_text(text, encoding="utf-8")


def _pairs(value: object) -> list[tuple[str, int]]:
    return [(str(name), int(count)) for name, count in value] if isinstance(value, list) else []
