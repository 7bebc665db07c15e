"""The app as a user meets it: a real server, a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from benchmarks.serving import launch, serve


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium or Chrome; skipped with a reason where there is none, unless ECGKT_REQUIRE_BROWSER is set."""
    with sync_playwright() as playwright:
        try:
            launched = launch(playwright)
        except Error as error:
            if os.environ.get("ECGKT_REQUIRE_BROWSER"):
                raise
            pytest.skip(f"no Chromium or Chrome to open (set ECGKT_BROWSER): {error.message.splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The only folder in which the server may leave temporary files, and its log."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def app(server_folder: Path) -> Iterator[str]:
    """The address of the running app with its bundled models."""
    with serve(server_folder) as address:
        yield address


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
