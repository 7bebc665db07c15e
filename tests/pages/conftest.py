"""Real Streamlit without a browser, with checkpoints that have learnt nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def case_page(untrained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], AppTest]]:
    """Open the Case page in a session of its own."""
    import streamlit as st

    monkeypatch.setenv("ECGKT_MODELS", str(untrained))

    def open_page() -> AppTest:
        page = AppTest.from_file(str(ROOT / "pages" / "case.py"), default_timeout=60).run()
        assert not page.exception
        return page

    yield open_page
    st.cache_resource.clear()
    st.cache_data.clear()
