"""The app as a user meets it: a server on a free port, and a headless browser to look at it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Playwright
from playwright.sync_api import TimeoutError as LateError

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
QUIET += ("--disable-component-update", "--disable-sync")
ROWS = "[class*='st-key-row-'] button"
INK = "img.ecgkt-sheet"


@contextmanager
def serve(private: Path, *options: str, port: int | None = None) -> Iterator[str]:
    """Run the app with its bundled models and yield its address; it writes its log and temporary files to `private`.

    `options` are further words of `python -m ecgkt open`; `port` is a free one where none is named.
    """
    port = port or free_port()
    environment = {**os.environ, "TMPDIR": str(private), "TEMP": str(private), "TMP": str(private)}
    environment.pop("ECGKT_MODELS", None)
    command = [sys.executable, "-m", "ecgkt", "open", "--headless", "--port", str(port), *options]
    with (private / "log.txt").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for_port(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def launch(playwright: Playwright) -> Browser:
    """Start the browser that ECGKT_BROWSER names, or an installed Chromium or Chrome."""
    named = os.environ.get("ECGKT_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if named:
        return playwright.chromium.launch(executable_path=named, args=list(QUIET))
    return playwright.chromium.launch(channel="chrome", args=list(QUIET))


def wait_for_ink(page: Page) -> None:
    """Wait until an ECG is drawn."""
    page.wait_for_selector(INK, state="attached", timeout=60_000)
    page.wait_for_function(f"document.querySelector('{INK}')?.naturalWidth > 0", timeout=60_000)


def wait_for_map(page: Page) -> None:
    """Wait until the sheet that is shown carries a map."""
    page.wait_for_selector(f"{INK}[alt*='saliency']", state="attached", timeout=60_000)
    wait_for_ink(page)


def wait_for_scores(page: Page) -> None:
    """Wait until an ECG is drawn, scored, and nothing is being computed."""
    wait_for_ink(page)
    page.wait_for_selector(ROWS, timeout=60_000)
    page.wait_for_selector("[data-testid='stSpinner']", state="detached", timeout=60_000)


def unfold(page: Page, label: str | re.Pattern[str], option: Locator) -> Locator:
    """Open the list with this label and return its option, seen.

    A list closes when the page below it scrolls or is drawn again; as a person would, click again.
    """
    where = page.get_by_label(label).first
    where.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    for patience in (3_000, 10_000, 30_000):
        where.click()
        try:
            option.wait_for(timeout=patience)
            page.wait_for_timeout(200)
            if option.is_visible():
                return option
        except LateError:
            continue
    raise LateError(f"the list '{label}' did not stay open")


def free_port() -> int:
    """Return a port of this computer that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
    return found


def wait_for_port(port: int, seconds: float = 60) -> None:
    """Wait until a server listens; raise TimeoutError where none does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"the app did not start within {seconds:g} s")
