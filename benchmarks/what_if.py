"""What a turn of a dial costs: simulation, scores, sheet, map and sweep beside the bare forward pass, and in a browser.

python -m benchmarks.what_if [--count 12] [--threads 1] [--no-browser]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from playwright.sync_api import Page, sync_playwright

from benchmarks.serving import INK, launch, serve, wait_for_map
from ecgkt import checkpoints
from ecgkt.catalogue import dials
from ecgkt.explain.methods import explain
from ecgkt.explain.moves import moves
from ecgkt.explain.silence import Parts, silence
from ecgkt.figures.sheet import draw_sheet
from ecgkt.inference import Predictor
from ecgkt.simulation.dial import Position, simulate

TARGET, SWEPT, READY = "potassium_high", 31, 300_000
ROW = "tr:has([data-target='potassium_high'])"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=12, help="positions of the dial")
    parser.add_argument("--threads", type=int, default=1, help="of torch, in this process; the app gives each job one")
    parser.add_argument("--no-browser", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tell(
        f"in one process, {arguments.threads} thread(s), warm, medians of {arguments.count}: clock, processor",
        parts(arguments.count),
    )
    if not arguments.no_browser:
        tell(f"in a browser, from key to paint, medians of {arguments.count}", painted(arguments.count))


def parts(count: int) -> dict[str, tuple[float, float]]:
    """Return medians in seconds, on the clock and of the processor, of what a turn is made of."""
    predictor = Predictor.open(checkpoints.choose_checkpoint())
    start = Position("dialysis")
    positions = [start.at("potassium", value) for value in dials()["potassium"].values()[-count:]]
    made = {position.values["potassium"]: simulate([position])[0] for position in positions}
    records = [one.record for one in made.values()]
    inputs = [torch.from_numpy(predictor.card.preprocessing.apply(record))[None] for record in records]

    def forward(place: int) -> None:
        with torch.inference_mode():
            predictor.network(inputs[place])

    def whole(place: int) -> None:
        record = simulate([positions[place]])[0].record
        predictor.predict([record])
        draw_sheet(record)

    values = dials()["potassium"].values()[::2][:SWEPT]
    return {
        "bare forward pass": median(forward, count),
        "simulating one ECG with its truth": median(lambda place: simulate([positions[place]]), count),
        "scoring it": median(lambda place: predictor.predict([records[place]]), count),
        "drawing the sheet": median(lambda place: draw_sheet(records[place]), count),
        "a turn: simulate, score, draw": median(whole, count),
        "the map (integrated gradients)": median(
            lambda place: explain(predictor, records[place], TARGET), min(count, 4)
        ),
        f"a sweep: {len(values)} ECGs simulated and scored": median(
            lambda _: predictor.predict([one.record for one in simulate([start.at("potassium", v) for v in values])]), 2
        ),
        "silencing a wave and an electrode, scored before and after": median(
            lambda place: moves(
                predictor, records[place], silence(records[place], Parts(electrodes=("V3",), waves=("T",)))
            ),
            min(count, 4),
        ),
    }


def painted(count: int) -> dict[str, tuple[float, ...]]:
    """Return medians in seconds from a key on the dial to what the screen shows."""
    found: dict[str, list[float]] = {"ECG and truth": [], "scores": [], "map": []}
    with tempfile.TemporaryDirectory() as private, sync_playwright() as playwright, serve(Path(private)) as address:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        begin = time.perf_counter()
        page.goto(f"{address}/what_if?potassium=5.6")
        page.wait_for_selector(".ecgkt-notice", timeout=READY)
        first = time.perf_counter() - begin
        page.wait_for_selector("img.ecgkt-sweep", timeout=READY)
        wait_for_map(page)
        whole = time.perf_counter() - begin
        page.wait_for_timeout(1000)
        for step in range(count):
            _turn(page, f"{5.7 + 0.1 * step:.1f} mmol/L", found)
        browser.close()
    told: dict[str, tuple[float, ...]] = {
        "the page's notice, cold server": (first,),
        "all of it, cold server": (whole,),
    }
    return told | {name: (statistics.median(seconds),) for name, seconds in found.items()}


def _turn(page: Page, told: str, found: dict[str, list[float]]) -> None:
    """Press the key once, and note when each part is on the screen."""
    page.get_by_role("slider", name="Potassium").focus()
    begin = time.perf_counter()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"{INK}[alt*='{told}']", timeout=READY)
    page.wait_for_function(f'document.querySelector("{INK}")?.complete', timeout=READY)
    found["ECG and truth"].append(time.perf_counter() - begin)
    page.locator(ROW).filter(has_text=told).wait_for(timeout=READY)
    found["scores"].append(time.perf_counter() - begin)
    page.wait_for_selector(f"{INK}[alt*='{told}'][alt*='saliency']", timeout=READY)
    found["map"].append(time.perf_counter() - begin)
    page.wait_for_timeout(300)


def median(work: Callable[[int], object], count: int) -> tuple[float, float]:
    """Return the median seconds of `work` at each place, on the clock and of the processor, after one unmeasured run.

    On a machine that others use, the processor's are those that can be compared.
    """
    work(0)
    clock, processor = [], []
    for place in range(count):
        begin, begun = time.perf_counter(), time.process_time()
        work(place)
        clock.append(time.perf_counter() - begin)
        processor.append(time.process_time() - begun)
    return statistics.median(clock), statistics.median(processor)


def tell(heading: str, rows: Mapping[str, tuple[float, ...]]) -> None:
    """Print rows in milliseconds: on the clock, and of the processor where that was measured."""
    print(f"\n{heading}")
    for name, seconds in rows.items():
        print("".join(f"{1000 * one:9.0f} ms" for one in seconds) + f"  {name}")


if __name__ == "__main__":
    main()
