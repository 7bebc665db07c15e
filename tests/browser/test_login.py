"""Log-in by OpenID Connect with a provider on this computer: before it nothing of the app is drawn, afterwards all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Browser, Page, expect

from benchmarks.serving import INK, ROWS, free_port, serve, wait_for_scores
from benchmarks.visitor import Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

READY = 60_000
WHO = "reader-7"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that asks for a log-in, and of the provider that it asks."""
    private, port = tmp_path_factory.mktemp("guarded"), free_port()
    with run_server_in_thread(user_claims=[User(sub=WHO, claims={"email": "reader@hospital.invalid"})]) as provider:
        secrets = private / "secrets.toml"
        secrets.write_text(
            f"""[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "{"0123456789abcdef" * 4}"
client_id = "ecgkt"
client_secret = "a secret of the provider"
server_metadata_url = "http://localhost:{provider.server_port}/.well-known/openid-configuration"
"""
        )
        with serve(private, "--login", str(secrets), port=port) as address:
            yield address


def log_in(page: Page) -> None:
    page.get_by_role("button", name="Log in").click()
    page.locator("input[name=sub]").fill(WHO)
    page.get_by_role("button", name="Authorize", exact=True).click()


@pytest.mark.parametrize("path", ["", "about", "compare"])
def test_before_the_log_in_nothing_of_the_app_is_drawn(browser: Browser, guarded: str, path: str) -> None:
    page = browser.new_page()
    page.goto(f"{guarded}/{path}")
    page.get_by_role("button", name="Log in").wait_for(timeout=READY)
    page.wait_for_timeout(1000)
    for drawn in (INK, ROWS, "input[type=file]", "[data-testid='stTopNavLink']", "[data-testid='stSidebar']"):
        expect(page.locator(drawn)).to_have_count(0)
    assert "for diagnosis" in page.locator("body").inner_text()
    page.close()


def test_a_session_without_a_browser_gets_nothing_either(guarded: str) -> None:
    with Visitor(guarded) as visitor:
        assert not visitor.first.sheets and not visitor.targets and not visitor.first.headings


def test_a_reader_logs_in_reads_and_logs_out(browser: Browser, guarded: str, shots: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.goto(guarded)
    page.get_by_role("button", name="Log in").wait_for(timeout=READY)
    page.screenshot(path=shots / "login-1-ask.png")
    log_in(page)
    wait_for_scores(page)
    page.screenshot(path=shots / "login-2-in.png")
    page.get_by_role("link", name="About").first.click()
    page.wait_for_selector("text=How it was made", timeout=READY)
    page.get_by_role("button", name="Log out").click()
    page.wait_for_timeout(2000)
    page.goto(guarded)
    page.get_by_role("button", name="Log in").wait_for(timeout=READY)
    expect(page.locator(INK)).to_have_count(0)
    context.close()
