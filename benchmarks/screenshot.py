"""The README's picture: the Case page with a map on a simulated sample.

python -m benchmarks.screenshot OUT.png [--sample TITLE] [--target NAME]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.serving import launch, serve, unfold, wait_for_map, wait_for_scores

SIZE = {"width": 1440, "height": 900}


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sample", default="Inferior ST elevation (simulated)")
    parser.add_argument("--target", default="troponin_t_high")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as private, serve(Path(private)) as address, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport=SIZE)
        page.goto(address)
        wait_for_scores(page)
        unfold(page, "Sample", page.get_by_role("option", name=arguments.sample)).click()
        page.wait_for_selector(f".ecgkt-case b:has-text('{arguments.sample}')")
        page.wait_for_selector(f".st-key-row-{arguments.target} button")
        page.locator(f".st-key-row-{arguments.target} button").click()
        wait_for_map(page)
        wait_for_scores(page)
        page.wait_for_timeout(1000)
        page.screenshot(path=arguments.out)
        browser.close()


if __name__ == "__main__":
    main()
