"""Fixtures shared by every room's tests."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgkt.domain import LEADS, Domain, Record

if TYPE_CHECKING:
    from ecgkt.data.studies import Study

ROOT = Path(__file__).resolve().parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SLOW = 20  # a slow test takes about as long as twenty others


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Give each process of a parallel run one thread: threads of several that wait for each other's cores take
    many times as long. Files are handed out as they stand in the list, which the processes put in order.
    """
    for name in THREADS:
        os.environ.setdefault(name, "1")
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the files that take long first in a parallel run, so that none of them is left to one process at the end."""
    if not hasattr(config, "workerinput"):
        return
    costs: Counter[Path] = Counter()
    for item in items:
        costs[item.path] += SLOW if item.get_closest_marker("slow") else 1
    items.sort(key=lambda item: -costs[item.path])


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real public records beside the project; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("ECGKT_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "ptb-xl").is_dir():
        pytest.skip(f"no real public records at {folder} (set ECGKT_REAL_DATA)")
    return folder


@pytest.fixture
def random_leads() -> dict[str, NDArray[np.float64]]:
    """Ten seconds of noise on each of the twelve leads, in mV at 500 Hz."""
    generator = np.random.default_rng(7)
    return {lead: generator.normal(0, 0.3, 5000) for lead in LEADS}


@pytest.fixture
def sine_record() -> Record:
    """Ten seconds of 5 Hz sine waves at 500 Hz, 1 mV in I and a little less in each further lead."""
    time = np.arange(5000) / 500
    return Record(np.stack([(1 - 0.05 * i) * np.sin(2 * np.pi * 5 * time) for i in range(12)]), 500, "test")


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an untrained but complete stage-3 checkpoint, `transferred`, of the shipped labels."""
    import torch

    from ecgkt import checkpoints
    from ecgkt.catalogue import all_labels
    from ecgkt.checkpoints import Calibration, Card, Reference
    from ecgkt.domain import Estimate
    from ecgkt.signals.preprocessing import Preprocessing

    labels = all_labels()
    card = Card(
        name="transferred",
        title="Untrained",
        arm="transferred",
        stage="diagnoses",
        labels=labels,
        preprocessing=Preprocessing(),
        architecture={"width": 32, "channels": [16, 24], "strides": [2, 2]},
        training={"split": "hash 0"},
        training_domain=Domain.SIMULATED,
        calibration=Calibration(Domain.SIMULATED, (1.5,) * len(labels), (-0.5,) * len(labels), 100),
        reference=Reference("a set", "made up for tests", 3, ((-1.0, 0.0, 1.0),) * len(labels)),
        parents={"align": "a" * 12, "labs": "b" * 12},
        estimates={"real, a set": {name: Estimate(0.9, 0.8, 0.95, 100, 20) for name in labels.names[:5]}},
    )
    folder = tmp_path_factory.mktemp("models")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        checkpoints.save(folder / "transferred", card, checkpoints.build_network(card).state_dict())
    return folder


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a simulated cohort of 40 patients."""
    from ecgkt.simulation import simulate_cohort

    folder = tmp_path_factory.mktemp("cohort") / "cohort"
    simulate_cohort(folder, 40, 11)
    return folder


@pytest.fixture(scope="session")
def prepared(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that cohort prepared; tests that spoil it take a copy."""
    from ecgkt.data.prepare import prepare

    return prepare([cohort], tmp_path_factory.mktemp("prepared") / "prepared").folder


@pytest.fixture(scope="session")
def study(prepared: Path) -> Study:
    """That cohort, ready to train on."""
    from ecgkt.data.studies import read_study
    from ecgkt.signals.preprocessing import Preprocessing

    return read_study(prepared, Preprocessing())


@pytest.fixture(scope="session")
def stored_results(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stored predictions of three arms on the studies of the simulated cohort."""

    from ecgkt.catalogue import all_labels
    from ecgkt.domain.labels import LabelTable
    from ecgkt.readers.mimic_folder import MimicFolder
    from ecgkt.reports.judged import CohortFacts, Judged, Rows
    from ecgkt.reports.stored import Origin, Stored, store_logits, store_truth

    facts = CohortFacts("c" * 12, "m" * 12, "hash 0", all_labels().fingerprint, Domain.SIMULATED)
    folder = MimicFolder.open(cohort)
    records, subjects = folder.study_ids, folder.subject_ids
    n, k = len(records), len(all_labels())
    generator = np.random.default_rng(3)
    settings = generator.choice(["emergency", "hospital"], n)
    ages, male = generator.integers(18, 90, n).astype(np.float32), generator.integers(0, 2, n).astype(np.float32)
    rows = Rows(records, subjects, np.full(n, "held_out"), ages, male, settings)
    values = (generator.random((n, k)) < 0.4).astype(np.float32)
    out = tmp_path_factory.mktemp("results")
    judged = Judged(out, facts, np.arange(n), rows, LabelTable(all_labels(), values))
    store_truth(judged, out / "predictions")
    for arm, strength in (("baseline", 0.6), ("transferred", 1.4), ("multimodal", 2.5)):
        logits = (values * strength + generator.normal(size=values.shape)).astype(np.float32)
        origin = Origin(f"{arm:x<12}"[:12], arm, arm.title(), arm, "l", facts, (1.0,) * k, (0.0,) * k, Domain.SIMULATED)
        store_logits(Stored(origin, rows, all_labels().names, logits), out / "predictions")
    return out
