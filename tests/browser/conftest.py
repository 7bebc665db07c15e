"""The app as a user meets it: a real server, a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium or Chrome; skipped with a reason where there is none, unless ECGKT_REQUIRE_BROWSER is set."""
    named = os.environ.get("ECGKT_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            if named:
                launched = playwright.chromium.launch(executable_path=named, args=QUIET)
            else:
                launched = playwright.chromium.launch(channel="chrome", args=QUIET)
        except Error as error:
            if os.environ.get("ECGKT_REQUIRE_BROWSER"):
                raise
            pytest.skip(f"no Chromium or Chrome to open (set ECGKT_BROWSER): {error.message.splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running app, with a temporary folder of its own, and its bundled models."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    private = tmp_path_factory.mktemp("server")
    environment = {**os.environ, "TMPDIR": str(private), "TEMP": str(private), "TMP": str(private)}
    environment.pop("ECGKT_MODELS", None)
    log = (private / "log.txt").open("w")
    command = [sys.executable, "-m", "ecgkt", "open", "--headless", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


@pytest.fixture(scope="session")
def server_folder(app: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The only folder in which the server may leave temporary files, and its log."""
    return next(path for path in tmp_path_factory.getbasetemp().iterdir() if path.name.startswith("server"))


@pytest.fixture
def open_app(browser: Browser, app: str) -> Iterator[Callable[..., Page]]:
    """Open the app in a new tab; any request that leaves this computer fails the test."""
    contexts, outside = [], []

    def open_page(path: str = "", size: tuple[int, int] = (1280, 720), scheme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: _watch(request.url, app, outside))
        page.goto(f"{app}/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not outside, f"requests to elsewhere: {outside}"


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: ECGKT_SCREENSHOTS, or a folder of the test run."""
    folder = Path(os.environ.get("ECGKT_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _watch(url: str, app: str, outside: list[str]) -> None:
    if not url.startswith((app, app.replace("http", "ws"), "data:", "blob:", "about:")):
        outside.append(url)


def _wait(port: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the app did not start")
