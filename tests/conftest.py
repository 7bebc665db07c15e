"""Fixtures shared by every room's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public records beside the project; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("ECGKT_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "ptb-xl").is_dir():
        pytest.skip(f"no real public records at {folder} (set ECGKT_REAL_DATA)")
    return folder
