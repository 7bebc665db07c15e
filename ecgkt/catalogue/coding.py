"""From what a source says of an ECG or a stay to rows of labels: 1, 0, or NaN where it says nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from ecgkt.catalogue.files import read
from ecgkt.catalogue.icd import icd10_of
from ecgkt.catalogue.targets import tracing_labels, tracing_relations, visit_labels
from ecgkt.domain import Label

Row = NDArray[np.float32]

HEDGES = re.compile(r"\b(possible|possibly|probable|probably|consider|borderline|suggests|cannot rule out)\b", re.I)
UNREADABLE = re.compile(
    r"no further analysis|unsuitable for analysis|technically unsatisfactory|leads are missing", re.I
)


def tracing_row(
    codes: Mapping[str, Collection[str]],
    doubted: Mapping[str, Collection[str]] | None = None,
    silent: Collection[str] = (),
) -> Row:
    """Return the row of `tracing_labels()` for one ECG's `codes` by vocabulary (scp, snomed, ...).

    A label whose code is in `doubted`, or that is coded only by one of its unclear codes, stays NaN, as does every
    label in `silent` and every label that none of the vocabularies contains. An implied label is 1 (sinus bradycardia
    is sinus rhythm), an excluded one 0 unless it is coded itself (atrial fibrillation is not sinus rhythm).
    """
    row = np.array([_value(label, codes, doubted or {}) for label in tracing_labels()], dtype=np.float32)
    _relate(row)
    for name in silent:
        row[tracing_labels().index(name)] = np.nan
    return row


def statements_row(statements: Iterable[str]) -> Row:
    """Return the row of `tracing_labels()` for the machine statements of one ECG, empty ones left out.

    Phrases are whole words, whatever their case; the longest that fits wins, so "Incomplete RBBB" is no RBBB. A
    phrase behind a hedge ("possible", "consider", ...) leaves its label NaN, and so do statements that the cart made
    no analysis, for all that is not stated. All NaN where there is no statement.
    """
    said = [statement for statement in statements if statement.strip()]
    row = np.full(len(tracing_labels()), np.nan, dtype=np.float32)
    if not said:
        return row
    sure, unsure = set[str](), set[str]()
    for statement in said:
        for phrase, hedged in _phrases_in(statement):
            (unsure if hedged else sure).add(phrase)
    row = tracing_row({"machine": sure}, {"machine": unsure - sure})
    if any(UNREADABLE.search(statement) for statement in said):
        row[row == 0] = np.nan
    return row


def cinc2021_silent(record: str) -> tuple[str, ...]:
    """Return the labels of which the CinC 2021 source of this record says nothing, by the record's name (JS20000)."""
    prefix, number = record.rstrip("0123456789"), record[len(record.rstrip("0123456789")) :]
    for source in read("cinc2021").values():
        if prefix == source["prefix"] and number and source.get("first", 0) <= int(number) <= source.get("last", 10**9):
            return tuple(source["silent"])
    return ()


def visit_row(codes: Iterable[tuple[str, int]]) -> Row:
    """Return the row of `visit_labels()` for the (code, ICD version 9 or 10) pairs of one stay, with or without dots.

    ICD-9 goes to ICD-10 first (`icd10_of`). A stay with no code at all is NaN throughout; one whose codes all have no
    ICD-10 target was coded, and is 0.
    """
    coded = [icd10_of(str(code), int(version)) for code, version in codes if str(code).strip()]
    if not coded:
        return np.full(len(visit_labels()), np.nan, dtype=np.float32)
    known = {code for code in coded if code is not None}
    return np.array([_is_coded(label, known) for label in visit_labels()], dtype=np.float32)


def _value(label: Label, codes: Mapping[str, Collection[str]], doubted: Mapping[str, Collection[str]]) -> float:
    """Return 1 where any vocabulary says so, else NaN where any is unsure or none knows the label, else 0."""
    values = [
        _value_in(label, vocabulary, set(present), set(doubted.get(vocabulary, ())))
        for vocabulary, present in codes.items()
        if vocabulary in label.codes
    ]
    if 1.0 in values:
        return 1.0
    return 0.0 if values and not np.isnan(values).any() else np.nan


def _value_in(label: Label, vocabulary: str, present: set[str], doubted: set[str]) -> float:
    clear, unclear = set(label.codes[vocabulary]), set(label.codes.get(f"{vocabulary}_unclear", ()))
    if present & clear:
        return 1.0
    if present & unclear or doubted & (clear | unclear) or label.name in tracing_relations().absence_unknown:
        return np.nan
    return 0.0


def _relate(row: Row) -> None:
    """Apply what the labels that are 1 imply and exclude, in place."""
    labels, relations = tracing_labels(), tracing_relations()
    for name, implied in relations.implies.items():
        if row[labels.index(name)] == 1:
            row[labels.positions(implied)] = 1
    for name, excluded in relations.excludes.items():
        if row[labels.index(name)] == 1:
            positions = labels.positions(excluded)
            row[positions[row[positions] != 1]] = 0


@lru_cache(maxsize=20_000)
def _phrases_in(statement: str) -> frozenset[tuple[str, bool]]:
    """Return the catalogue phrases in a statement, longest first and each word once, with whether they are hedged."""
    phrases = set()
    rest = statement
    for phrase, pattern in _machine_phrases():
        for found in pattern.finditer(rest):
            phrases.add((phrase, HEDGES.search(statement[: found.start()]) is not None))
        rest = pattern.sub(lambda found: " " * len(found.group()), rest)
    return frozenset(phrases)


@cache
def _machine_phrases() -> Sequence[tuple[str, re.Pattern[str]]]:
    phrases = {
        phrase
        for label in tracing_labels()
        for vocabulary in ("machine", "machine_unclear")
        for phrase in label.codes.get(vocabulary, ())
    }
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return [(phrase, re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.I)) for phrase in longest_first]


def _is_coded(label: Label, codes: Collection[str]) -> bool:
    prefixes = tuple(label.codes["icd10"])
    return any(code.startswith(prefixes) for code in codes)
