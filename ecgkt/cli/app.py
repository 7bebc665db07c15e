"""`open`: the app in the browser."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from ecgkt.checkpoints import list_checkpoints
from ecgkt.errors import InvalidValue


def fill_open(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `open`."""
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of checkpoints (default: the bundled)")
    parser.add_argument("--records", type=Path, metavar="DIR", help="a local MIMIC-IV-ECG folder to open studies from")
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default="127.0.0.1", help="where to listen (default: this computer only)")
    parser.add_argument("--headless", action="store_true", help="do not open a browser window")
    parser.set_defaults(run=run_open)


def run_open(arguments: argparse.Namespace) -> int:
    """Start Streamlit on app.py with the chosen folders."""
    environment = dict(os.environ)
    if arguments.models is not None:
        list_checkpoints(arguments.models)
        environment["ECGKT_MODELS"] = str(arguments.models.resolve())
    if arguments.records is not None:
        if not arguments.records.is_dir():
            raise InvalidValue("a folder for --records", f"none at {arguments.records}", "name a MIMIC-IV-ECG folder")
        environment["ECGKT_RECORDS"] = str(arguments.records.resolve())
    root = Path(__file__).resolve().parents[2]
    headless = str(arguments.headless).lower()
    options = ["--server.address", arguments.address, "--server.port", str(arguments.port)]
    options += ["--server.headless", headless]
    command = [sys.executable, "-m", "streamlit", "run", str(root / "app.py"), *options]
    try:
        return subprocess.run(command, cwd=root, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0
