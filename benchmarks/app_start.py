"""From starting the app to the first case on screen and a click to its map, beside the bare imports, in one run.

python -m benchmarks.app_start [--runs 3]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.serving import ROWS, launch, serve, wait_for_ink, wait_for_scores


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    rows: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for _ in range(runs + 1):
            for what, seconds in measure(browser).items():
                rows.setdefault(what, []).append(seconds)
        browser.close()
    medians = {what: statistics.median(times[1:]) for what, times in rows.items()}
    print(f"Medians of {runs} runs after one that does not count.\n\n| what | s |\n|---|---|")
    for what, seconds in medians.items():
        print(f"| {what} | {seconds:.2f} |")
    base, first, scored, *_ = medians.values()
    print(f"\nover the imports: first ECG {first / base:.2f}, first scores {scored / base:.2f} (aim: 2)")


def measure(browser: Browser) -> dict[str, float]:
    """Return seconds of one cold start."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import streamlit, torch"], check=True)
    imports = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as private:
        start = time.perf_counter()
        with serve(Path(private)) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(address)
            wait_for_ink(page)
            first = time.perf_counter() - start
            wait_for_scores(page)
            scored = time.perf_counter() - start
            clicks = [click(page, row) for row in (0, 1, 2)]
            page.close()
    return {
        "importing streamlit and torch": imports,
        "start of the app to the first ECG on screen": first,
        "start of the app to its scores on screen": scored,
        "first click on a target to its map (captum is imported)": clicks[0],
        "next click to its map": statistics.median(clicks[1:]),
    }


def click(page: Page, row: int) -> float:
    """Return seconds from a click on a score to its map on the sheet."""
    button = page.locator(f"{ROWS}:visible").nth(row)
    title = button.inner_text().split("\n")[0]
    start = time.perf_counter()
    button.click()
    page.wait_for_selector(f".ecgkt-basis b:has-text('{title}')", timeout=60_000)
    page.wait_for_selector(f"img.ecgkt-sheet[alt*='saliency of {title}']", state="attached", timeout=60_000)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
