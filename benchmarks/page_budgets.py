"""From a file, a click or a choice to what is painted in a browser, beside the bare forward pass, in one run.

python -m benchmarks.page_budgets ../shared/data/ptb-xl [--count 20] [--cold 3]
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from playwright.sync_api import FilePayload, Page, sync_playwright

from benchmarks import app_start
from benchmarks.reading_to_scores import upload_of
from benchmarks.serving import INK, ROWS, launch, serve, unfold, wait_for_scores
from benchmarks.twenty_people import forward_seconds
from ecgkt import readers

AIMS = {
    "file to ECG on screen": 0.8,
    "file to full page": 1.5,
    "another target to its map": 1.0,
    "another layout": 0.3,
    "another gain": 0.3,
    "more scores": 0.3,
}
LONGEST_MS = 60_000
WATCH = """
({image, begins}) => {
  const before = document.querySelector(image)?.src;
  const painted = then => requestAnimationFrame(() => requestAnimationFrame(() => then(performance.now())));
  let ran = false, quiet = 0;
  window.begin = null;
  document.addEventListener(begins, () => { window.begin ??= performance.now(); }, {capture: true, once: true});
  window.inked = new Promise(done => {
    const look = () => {
      const shown = document.querySelector(image);
      if (window.begin !== null && shown && shown.src !== before && shown.complete && shown.naturalWidth > 0) {
        ran = true;  // a short run may begin and end between two frames
        shown.decode().then(() => painted(done));
      }
      else requestAnimationFrame(look);
    };
    look();
  });
  const page = document.querySelector('[data-test-script-state]');
  const running = () => page.dataset.testScriptState !== 'notRunning';
  new MutationObserver(() => { ran ||= window.begin !== null && running(); }).observe(page, {attributes: true});
  window.settled = new Promise(done => {
    const look = () => {
      quiet = ran && !running() ? quiet + 1 : 0;
      if (quiet >= 3) done(performance.now()); else requestAnimationFrame(look);
    };
    look();
  });
}
"""


class Watch:
    """Seconds from what a user did to what is painted; `settled` is when the page has nothing left to do."""

    def __init__(self, page: Page, begins: str = "click") -> None:
        self.page = page
        page.evaluate(WATCH, {"image": INK, "begins": begins})

    def inked(self) -> float:
        """Wait until another sheet is painted."""
        return self._wait("inked")

    def settled(self) -> float:
        """Wait until all is painted."""
        return self._wait("settled")

    def _wait(self, name: str) -> float:
        late = f"new Promise((_, fail) => setTimeout(() => fail(new Error('never {name}')), {LONGEST_MS}))"
        told = f"() => Promise.race([window.{name}, {late}]).then(at => (at - window.begin) / 1000)"
        return float(self.page.evaluate(told))


def upload(page: Page, path: Path) -> tuple[float, float]:
    """Return seconds from choosing a record's files to its ECG, and to the whole page."""
    files = [FilePayload(name=name, mimeType="", buffer=content) for name, content in upload_of(path)]
    watch = Watch(page, "change")
    page.locator("input[type=file]").first.set_input_files(files)
    return watch.inked(), watch.settled()


def click(page: Page, row: int) -> float:
    """Return seconds from a click on a score to its map."""
    button = page.locator(f"{ROWS}:visible").nth(row)
    watch = Watch(page)
    button.click()
    seconds = watch.inked()
    if "saliency" not in (page.locator(INK).get_attribute("alt") or ""):
        raise ValueError("the click brought a sheet without a map")
    watch.settled()
    return seconds


def choose(page: Page, label: str, option: str) -> float:
    """Return seconds from choosing in a list to the sheet in its new form."""
    chosen = unfold(page, label, page.get_by_role("option", name=option, exact=True))
    watch = Watch(page)
    chosen.click()
    seconds = watch.inked()
    watch.settled()
    return seconds


def more(page: Page) -> float:
    """Return seconds from the switch for all scores to all of them, and switch back."""
    switch = page.get_by_text(re.compile(r"^All \d+ scores$")).first
    watch = Watch(page)
    switch.click()
    seconds = watch.settled()
    watch = Watch(page)
    switch.click()
    watch.settled()
    return seconds


def measure(page: Page, paths: Sequence[Path]) -> dict[str, list[float]]:
    """Return the seconds of each act on each record; the first record does not count."""
    rows: dict[str, list[float]] = {what: [] for what in AIMS}
    acts: tuple[Callable[[], float], ...] = (
        lambda: click(page, 1),
        lambda: choose(page, "Layout", "6x2"),
        lambda: choose(page, "Gain", "20 mm/mV"),
        lambda: more(page),
    )
    for number, path in enumerate([paths[0], *paths]):
        seconds = [*upload(page, path), *(act() for act in acts)]
        choose(page, "Layout", "3x4 + II")
        choose(page, "Gain", "10 mm/mV")
        for what, took in zip(rows, seconds, strict=True):
            rows[what] += [took] if number else []
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of real records")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--cold", type=int, default=3, help="cold starts to measure; 0 for none")
    options = parser.parse_args()
    every = readers.find_records(options.folder)
    paths = every[:: max(1, len(every) // options.count)][: options.count]
    forward = forward_seconds(paths)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as private:
        browser = launch(playwright)
        with serve(Path(private)) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(address)
            wait_for_scores(page)
            rows = measure(page, paths)
            page.close()
        cold = [app_start.measure(browser) for _ in range(options.cold + 1)][1:] if options.cold else []
        browser.close()
    tell(rows, cold, forward)


def tell(rows: dict[str, list[float]], cold: Sequence[dict[str, float]], forward: float) -> None:
    """Print medians, the longest, the aims, and each as a multiple of a bare forward pass."""
    count = len(next(iter(rows.values())))
    print(f"{count} real records, warm; bare forward pass on one thread: {1000 * forward:.1f} ms.\n")
    print(
        "| what | median s | longest s | aim s | over its aim | over a bare forward pass |\n|---|---|---|---|---|---|"
    )
    for what, times in rows.items():
        middle = statistics.median(times)
        print(
            f"| {what} | {middle:.2f} | {max(times):.2f} | {AIMS[what]:g} | {middle / AIMS[what]:.2f} "
            f"| {middle / forward:.0f} |"
        )
    if cold:
        medians = {what: statistics.median(run[what] for run in cold) for what in cold[0]}
        base, first = list(medians.values())[:2]
        print(f"\n{len(cold)} cold starts.\n\n| what | s |\n|---|---|")
        for what, seconds in medians.items():
            print(f"| {what} | {seconds:.2f} |")
        print(f"\nfirst page over the imports: {first / base:.2f} (aim: 2)")


if __name__ == "__main__":
    main()
