"""The tables of docs/explanations.md, from what benchmarks.plausibility and benchmarks.faithfulness have stored.

python -m benchmarks.explanation_tables [--methods NAME ...] [--plausibility FILE] [--faithfulness FILE]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ecgkt.domain.estimates import Estimate
from ecgkt.explain.judged import FAITHFULNESS, PLAUSIBILITY, read_judged
from ecgkt.explain.judging import ARMS, CEILING, PEAKS, RANDOM


def told(estimate: Mapping[str, Any]) -> str:
    """Return an estimate in two decimals with its interval."""
    found = Estimate(**estimate)
    if found.value is None:
        return f"{found.n} only"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def line(*cells: object) -> str:
    """Return one line of a table."""
    return f"| {' | '.join(map(str, cells))} |"


def head(*cells: str) -> Iterator[str]:
    """Return the first two lines of a table."""
    yield line(*cells)
    yield "|" + "---|" * len(cells)


def pooled(table: Mapping[str, Any]) -> Iterator[str]:
    """Return a line per method: the mean over all causes by arm, and transferred minus baseline."""
    yield from head("method", "maps", *ARMS, RANDOM, PEAKS, CEILING, "transferred - baseline")
    for method in table["methods"]:
        row, arms = table["pooled"][method], table["arms"][method]["pooled"]
        cells = [told(row[name]) for name in (*ARMS, RANDOM, PEAKS, CEILING)]
        yield line(method, row[ARMS[0]]["n"], *cells, told(arms["difference"]))


def causes(table: Mapping[str, Any], method: str) -> Iterator[str]:
    """Return a line per cause and target, by one method."""
    by = {(r["cause"], r["target"], r["model"], r["method"]): r["score"] for r in table["causes"]}
    answers = {(r["cause"], r["target"], r["model"]): r for r in table["answers"]}
    differences = {(r["cause"], r["target"]): r for r in table["arms"][method]["causes"]}
    yield from head(
        "cause", "target", "n", *ARMS, RANDOM, PEAKS, CEILING, "transferred - baseline", "q", "score fell in"
    )
    for cause, target in sorted({key[:2] for key in by}):

        def score(model: str, name: str, key: tuple[str, str] = (cause, target)) -> str:
            return told(by[*key, model, name]) if (*key, model, name) in by else ""

        some = by.get((cause, target, ARMS[0], method))
        if some is None:
            continue
        difference = differences.get((cause, target))
        fell = answers[cause, target, ARMS[0]]["fell_in"]
        yield line(
            cause,
            target,
            some["n"],
            *(score(arm, method) for arm in (*ARMS, RANDOM)),
            score("", PEAKS),
            score("", CEILING),
            told(difference["difference"]) if difference else "",
            f"{difference['q']:.3f}" if difference else "",
            f"{fell:.0%}",
        )


def good(path: Path, table: Mapping[str, Any]) -> Iterator[str]:
    """Return a line per target: which methods are good enough for the transferred arm and for the baseline."""
    judged = read_judged(path)
    if judged is None:
        return
    yield from head("target", "of causes", *(f"good enough: {arm}" for arm in ARMS))
    for target in sorted({key[0] for key in judged.worth}):
        worth = next(w for w in judged.worth.values() if w.target == target)
        cells = [", ".join(judged.good_methods(target, table["checkpoints"][arm])) or "none" for arm in ARMS]
        yield line(target, ", ".join(worth.causes), *cells)


def faithful(table: Mapping[str, Any]) -> Iterator[str]:
    """Return the shortcut's table, then the curves'."""
    rows = table["rows"]
    yield from head("model", "method", "n", "on the marks", "their area", "score", "logit rises by the mark")
    for row in rows:
        if row["part"] == "shortcut":
            cells = told(row["on_mark"]), f"{row['area']:.3f}", told(row["score"]), told(row["rises"])
            yield line(row["model"], row["method"], row["records"], *cells)
    yield ""
    yield from head("ECGs", "model", "method", "n", "deletion gain", "insertion gain")
    for row in rows:
        if row["part"] != "shortcut":
            cells = told(row["deletion"]), told(row["insertion"])
            yield line(row["part"], row["model"], row["method"], row["records"], *cells)


def main() -> None:
    """Print every table that there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plausibility", type=Path, default=PLAUSIBILITY)
    parser.add_argument("--faithfulness", type=Path, default=FAITHFULNESS)
    parser.add_argument("--methods", nargs="*", help="whose tables by cause are printed; all where left out")
    given = parser.parse_args()
    if given.plausibility.exists():
        table = json.loads(given.plausibility.read_text(encoding="utf-8"))
        print("\n".join(pooled(table)))
        for method in table["methods"] if given.methods is None else given.methods:
            print(f"\n{method}\n")
            print("\n".join(causes(table, method)))
        print()
        print("\n".join(good(given.plausibility, table)))
    if given.faithfulness.exists():
        print()
        print("\n".join(faithful(json.loads(given.faithfulness.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()
