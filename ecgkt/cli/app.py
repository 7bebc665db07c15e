"""`open`: the app in the browser."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from ecgkt.cli.login import check_login
from ecgkt.cli.progress import say
from ecgkt.errors import InvalidValue
from ecgkt.readers.private_folder import sweep

ROOT = Path(__file__).resolve().parents[2]
SECRETS = ROOT / ".streamlit" / "secrets.toml"


def fill_open(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `open`."""
    parser.add_argument("--models", type=Path, metavar="DIR", help="a folder of checkpoints (default: the bundled)")
    parser.add_argument("--records", type=Path, metavar="DIR", help="a local MIMIC-IV-ECG folder to open studies from")
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="DIR",
        help="stored predictions to compare over a cohort: what `evaluate --out` or `reproduce --out` wrote",
    )
    parser.add_argument(
        "--cohort",
        type=Path,
        metavar="PREPARED",
        help="a prepared cohort: the page Cohort, and the measured laboratory values of the studies of --records",
    )
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default="127.0.0.1", help="where to listen (default: this computer only)")
    parser.add_argument(
        "--no-exports", action="store_true", help="offer no file to save on any page (the same as ECGKT_EXPORTS=off)"
    )
    parser.add_argument(
        "--login",
        type=Path,
        nargs="?",
        const=SECRETS,
        metavar="SECRETS",
        help="let only those in who log in by OpenID Connect, as this file says (default: .streamlit/secrets.toml)",
    )
    parser.add_argument("--headless", action="store_true", help="do not open a browser window")
    parser.set_defaults(run=run_open)


def run_open(arguments: argparse.Namespace) -> int:
    """Serve app.py with the chosen folders until it is stopped; the server ends with this command."""
    # glibc keeps a heap for each of the many threads that serve sessions, and gives hardly any of it back.
    environment = {"MALLOC_ARENA_MAX": "2", **os.environ}
    if arguments.models is not None:
        from ecgkt.checkpoints import list_checkpoints

        list_checkpoints(arguments.models)
        environment["ECGKT_MODELS"] = str(arguments.models.resolve())
    if arguments.records is not None:
        if not arguments.records.is_dir():
            raise InvalidValue("a folder for --records", f"none at {arguments.records}", "name a MIMIC-IV-ECG folder")
        environment["ECGKT_RECORDS"] = str(arguments.records.resolve())
    if arguments.predictions is not None:
        from ecgkt.reports.stored import predictions_folder

        environment["ECGKT_PREDICTIONS"] = str(predictions_folder(arguments.predictions).resolve())
    if arguments.cohort is not None:
        from ecgkt.data.layout import Prepared
        from ecgkt.data.studies import read_manifest

        read_manifest(Prepared(arguments.cohort))
        environment["ECGKT_COHORT"] = str(arguments.cohort.resolve())
    if arguments.no_exports:
        environment["ECGKT_EXPORTS"] = "off"
    options = {"address": arguments.address, "port": arguments.port, "headless": str(arguments.headless).lower()}
    flags = [word for name, value in options.items() for word in (f"--server.{name}", str(value))]
    if arguments.login is not None:
        check_login(arguments.login)
        environment["ECGKT_LOGIN"] = "on"
        flags += ["--secrets.files", str(arguments.login.resolve())]
    host = "localhost" if arguments.address in ("127.0.0.1", "0.0.0.0") else arguments.address
    sweep()
    say(f"ecgkt is at http://{host}:{arguments.port}. Stop it with Ctrl+C.")
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), *flags]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as server:
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            return abs(server.wait())
        except KeyboardInterrupt:
            return abs(server.wait())
