"""The house rules that a machine can check: layers, style, types, pins, and that the project speaks of itself alone."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP_LEVEL = {"app.py", "pages", "ecgkt", "models", "assets", "requirements.txt", "tests"}


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of the project's own files")
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_the_fixed_top_level_is_there():
    assert {path.name for path in ROOT.iterdir()} >= TOP_LEVEL


def test_imports_point_down_and_no_room_is_unnamed():
    run("-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))")


def test_style_and_format():
    run("-m", "ruff", "check", "--no-cache", ".")
    run("-m", "ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.slow
def test_types():
    run("-m", "mypy")


def test_every_direct_dependency_has_a_tested_range():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if line and not line.startswith(("#", "-r")):
                assert "==" in line or ("<" in line and ">=" in line), f"{name}: {line}"


def test_importing_the_package_changes_nothing_and_stays_light():
    code = (
        "import sys, ecgkt.domain, ecgkt.readers, ecgkt.checkpoints, ecgkt.inference, ecgkt.cli;"
        "import ecgkt.explain.methods, ecgkt.figures.ecg, ecgkt.catalogue;"
        "heavy = {'torch', 'pandas', 'captum', 'streamlit', 'plotly', 'wfdb', 'pydicom', 'matplotlib', 'scipy'};"
        "loaded = heavy & set(sys.modules); sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_pages_are_thin_and_files_are_short():
    for path in tracked():
        lines = path.read_text(encoding="utf-8").count("\n") if path.suffix == ".py" else 0
        if path.parent.name == "pages" and path.parent.parent == ROOT:
            assert lines <= 90, f"{path.name} has {lines} lines"
        elif ROOT / "ecgkt" in path.parents:
            assert lines <= 330, f"{path.relative_to(ROOT)} has {lines} lines"


def test_what_is_measured_does_not_lean_on_what_tests_it():
    for path in (ROOT / "benchmarks").rglob("*.py"):
        assert not re.search(r"^\s*(from|import) tests\b", path.read_text(encoding="utf-8"), re.MULTILINE), path.name


def test_the_strictly_typed_rooms_are_in_the_list():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = [one["module"] for one in settings["tool"]["mypy"]["overrides"] if one.get("disallow_untyped_defs")]
    (strict,) = rooms
    assert set(strict) >= {"ecgkt.errors", "ecgkt.domain.*"}


def test_the_project_speaks_of_itself_alone():
    machine = re.compile("|".join(("/" + "work/", "/" + "tmp/venv", "pypi" + r"\.org", "registry" + r"\.npmjs")))
    for path in tracked():
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".json", ".txt", ".csv", ".hea", ""}:
            assert not machine.search(path.read_text(encoding="utf-8", errors="replace")), path
