"""A prepared cohort in counts: who is in it and who is not, how common each target is, how often what was measured.

No row of a patient is kept. Counts of real patients below ten are hidden: None here, "<10" in files and on screens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ecgkt.catalogue import all_labels
from ecgkt.domain.cohorts import PARTS
from ecgkt.domain.records import Domain
from ecgkt.errors import EcgktError, InvalidCohort

FEWEST = 10
HIDDEN = f"<{FEWEST}"
Count = int | None
"""A number of ECGs or patients; None where it is hidden."""


@dataclass(frozen=True)
class CohortSummary:
    """One prepared cohort in counts of ECGs, where nothing else is said.

    `parts` maps a part of the split to (ECGs, patients); `groups` maps age, sex and setting to group -> part -> count;
    `labels` maps a label to part -> (known, positive); `values` a role to feature -> ECGs with a value; `machine` the
    cart's measurements likewise. `audit` are (what was looked for, found, of how many, whether one is forbidden).
    """

    domain: Domain
    statement: str
    recipe: str
    fingerprint: str
    manifest: str
    split_rule: str
    catalogue: str
    version: str
    listed: int
    excluded: Mapping[str, Count]
    kept: int
    subjects: int
    parts: Mapping[str, tuple[int, int]]
    joins: Mapping[str, Count]
    groups: Mapping[str, Mapping[str, Mapping[str, Count]]]
    labels: Mapping[str, Mapping[str, tuple[Count, Count]]]
    values: Mapping[str, Mapping[str, Count]]
    machine: Mapping[str, Count]
    audit: tuple[tuple[str, Count, int, bool], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", Domain(self.domain))
        if sum(ecgs for ecgs, _ in self.parts.values()) != self.kept:
            raise InvalidCohort("parts that add up to the kept ECGs", f"{self.parts}", "summarise the cohort again")
        known = [count for count in self.excluded.values() if count is not None]
        if len(known) == len(self.excluded) and self.listed != self.kept + sum(known):
            raise InvalidCohort("exclusions that add up", f"{self.listed} and {self.kept}", "summarise it again")

    def of_all(self, label: str) -> tuple[Count, Count]:
        """Return the known and the positive ECGs of a label over all parts; None where a part's is hidden."""
        known, positive = zip(*self.labels[label].values(), strict=True)
        return _sum(known), _sum(positive)


def told(count: Count) -> str:
    """Return a count for people: "1,234" or "<10"."""
    return HIDDEN if count is None else f"{count:,}"


def share(count: Count, of: Count) -> float | None:
    """Return count / of; None where either is hidden or there is nothing to divide by."""
    return None if count is None or not of else count / of


def summarise(folder: Path) -> CohortSummary:
    """Count a prepared cohort; raise InvalidCohort where `folder` holds none, or one of another version's labels."""
    from ecgkt.data.layout import Prepared
    from ecgkt.data.studies import read_manifest
    from ecgkt.reports.judged import read_judged
    from ecgkt.reports.label_tables import groups_of

    manifest = read_manifest(Prepared(Path(folder)))
    judged = read_judged(folder, PARTS)
    rows, facts = judged.rows, judged.facts
    real = facts.domain is not Domain.SIMULATED
    places = {part: np.flatnonzero(rows.of(part)) for part in PARTS}
    groups: dict[str, dict[str, dict[str, Count]]] = {}
    for part in PARTS:
        for by, group in groups_of(rows, part).items():
            for name in sorted(set(group.tolist())):
                groups.setdefault(by, {}).setdefault(name or "not known", {})[part] = int((group == name).sum())
    labels: dict[str, dict[str, tuple[int, int]]] = {}
    for label in all_labels():
        column = judged.truth.column(label.name)
        labels[label.name] = {
            part: (int((~np.isnan(column[at])).sum()), int(np.nansum(column[at]))) for part, at in places.items()
        }
    summary = CohortSummary(
        domain=facts.domain,
        statement=str(manifest["statement"]),
        recipe=manifest["recipe"],
        fingerprint=facts.fingerprint,
        manifest=facts.manifest,
        split_rule=facts.split_rule,
        catalogue=facts.catalogue,
        version=manifest["version"],
        listed=manifest["listed"],
        excluded=manifest["excluded"],
        kept=manifest["kept"],
        subjects=manifest["subjects"],
        parts={part: (len(at), len(np.unique(rows.subject_ids[at]))) for part, at in places.items()},
        joins=manifest["joins"],
        groups={by: dict(sorted(some.items(), key=lambda item: item[0] == "not known")) for by, some in groups.items()},
        labels=labels,
        values=manifest["values"],
        machine=manifest["measurements"],
        audit=tuple((one["what"], one["count"], one["of"], one["forbidden"]) for one in manifest["audit"]),
    )
    return hide_small(summary) if real else summary


def hide_small(summary: CohortSummary) -> CohortSummary:
    """Return the summary with None in place of every count from 1 to 9 that is not of the whole cohort or a part."""
    kept = {field.name: getattr(summary, field.name) for field in fields(CohortSummary)}
    for name in ("excluded", "joins", "groups", "labels", "values", "machine"):
        kept[name] = _hidden(kept[name])
    audit = tuple((what, _hidden(count), of, forbidden) for what, count, of, forbidden in summary.audit)
    return CohortSummary(**{**kept, "audit": audit})


def write_summary(summary: CohortSummary, path: Path) -> None:
    """Write a summary as JSON, whole or not at all."""
    plain = {**asdict(summary), "domain": str(summary.domain)}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(_said(plain), indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def read_summary(path: Path) -> CohortSummary:
    """Read a summary; raise InvalidCohort where the file is none, or of another version's labels."""
    try:
        plain = _heard(json.loads(Path(path).read_text(encoding="utf-8")))
        summary = CohortSummary(**{field.name: plain[field.name] for field in fields(CohortSummary)})
    except (OSError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, EcgktError):
            raise
        name = Path(path).name
        raise InvalidCohort("the summary of a cohort", f"{name}, which is none", "write it with `bundle`") from error
    if summary.catalogue != all_labels().fingerprint:
        raise InvalidCohort("a cohort with this version's labels", "one with others", "summarise it anew")
    return summary


def _sum(counts: Iterable[Count]) -> Count:
    every = list(counts)
    return None if None in every else sum(count for count in every if count is not None)


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _hidden(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(_hidden(one) for one in value)
    return None if 0 < value < FEWEST else value


def _said(value: Any) -> Any:
    """Write None as it is shown."""
    if isinstance(value, Mapping):
        return {key: _said(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_said(one) for one in value]
    return HIDDEN if value is None else value


def _heard(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _heard(one) for key, one in value.items()}
    if isinstance(value, list):
        return tuple(_heard(one) for one in value)
    return None if value == HIDDEN else value
