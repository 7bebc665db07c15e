"""Real Streamlit without a browser, with checkpoints that have learnt nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgkt import checkpoints

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def untrained_app(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An untrained model and no local folder; what one test has loaded is not there for the next."""
    import streamlit as st

    monkeypatch.setenv("ECGKT_MODELS", str(untrained))
    for name in ("RECORDS", "COHORT", "PREDICTIONS"):
        monkeypatch.delenv(f"ECGKT_{name}", raising=False)
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def two_models(untrained_app: None, untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two checkpoints with the same untrained weights under two names, and no local folder."""
    loaded = checkpoints.load(untrained / "transferred")
    for name in ("transferred", "another"):
        checkpoints.save(tmp_path / "models" / name, loaded.card, loaded.weights)
    monkeypatch.setenv("ECGKT_MODELS", str(tmp_path / "models"))


@pytest.fixture
def case_page(untrained_app: None) -> Callable[[], AppTest]:
    """Open the Case page in a session of its own."""

    def open_page() -> AppTest:
        page = AppTest.from_file(str(ROOT / "pages" / "case.py"), default_timeout=60).run()
        assert not page.exception
        return page

    return open_page
