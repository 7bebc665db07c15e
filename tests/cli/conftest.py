from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

TINY = """
[encoder]
width = 16
channels = [8, 16]
strides = [2, 4]
[pretrain]
epochs = 1
batch = 16
projector = 32
[labs]
epochs = 1
batch = 16
[diagnoses]
epochs = 1
batch = 16
"""


@pytest.fixture
def tiny_recipe(tmp_path: Path) -> Callable[[str], Path]:
    """Write a recipe of 40 patients and one small epoch per stage, after what its first lines are to say."""

    def write(first: str = "") -> Path:
        path = tmp_path / "tiny.toml"
        path.write_text(f"patients = 40\n{first}{TINY}")
        return path

    return write
