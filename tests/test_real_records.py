"""Real public records through the bundled model: scores, or one clear sentence why not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import wfdb
from pydicom.data import get_testdata_file
from scipy.signal import resample_poly

from ecgkt import checkpoints, readers
from ecgkt.cli import main
from ecgkt.domain import LEADS, Record
from ecgkt.inference import Predictor
from ecgkt.mimic import waveforms as mimic

SENTENCE = re.compile(r"^Wanted .+, got .+: .+\.$")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.open(checkpoints.choose_checkpoint())


def scores(predictor: Predictor, record: Record) -> np.ndarray:
    predictions = predictor.predict([record])
    assert predictions.abstained[0] is None
    return predictions.probabilities[0]


def write(folder: Path, signal: np.ndarray, order: tuple[str, ...], fs: float, unit: str, gain: float) -> Path:
    """Write (12, n) in `unit` as format 16, leads in `order`."""
    folder.mkdir()
    rows = signal[[LEADS.index(lead) for lead in order]].T
    wfdb.wrsamp(
        "record",
        fs=fs,
        units=[unit] * 12,
        sig_name=list(order),
        p_signal=rows.astype(np.float64),
        fmt=["16"] * 12,
        adc_gain=[gain] * 12,
        baseline=[0] * 12,
        write_dir=str(folder),
    )
    return folder / "record.hea"


@pytest.fixture(scope="module")
def real(real_data: Path) -> list[Record]:
    paths = readers.find_records(real_data / "ptb-xl")[:6]
    return [readers.read_record(path) for path in paths]


def test_mimics_lead_order_gives_the_same_scores_as_the_clinical_one(predictor, real, tmp_path):
    for number, record in enumerate(real):
        quantised = np.round(record.signal * mimic.GAIN_PER_MV) / mimic.GAIN_PER_MV
        paths = [
            write(tmp_path / f"{number}-{name}", quantised, order, 500, "mV", mimic.GAIN_PER_MV)
            for name, order in (("mimic", mimic.LEADS), ("clinical", LEADS))
        ]
        ours, theirs = (scores(predictor, readers.read_record(path)) for path in paths)
        np.testing.assert_array_equal(ours, theirs)


def test_microvolts_and_millivolts_give_the_same_scores(predictor, real, tmp_path):
    for number, record in enumerate(real):
        milli = write(tmp_path / f"{number}-mV", record.signal, LEADS, 500, "mV", 1000.0)
        micro = write(tmp_path / f"{number}-uV", record.signal * 1000, LEADS, 500, "uV", 1.0)
        one, other = (scores(predictor, readers.read_record(path)) for path in (milli, micro))
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_500_and_1000_hz_give_the_same_scores(predictor, real):
    for record in real:
        doubled = resample_poly(record.signal.astype(np.float64), 2, 1, axis=1, padtype="line")
        fast = Record(doubled, 1000, "test")
        np.testing.assert_allclose(scores(predictor, record), scores(predictor, fast), atol=0.01)


@pytest.mark.slow
def test_every_real_record_is_scored_or_refused_in_one_sentence(real_data, capsys, tmp_path):
    dicoms = [get_testdata_file("waveform_ecg.dcm", download=False), real_data / "vendor" / "dicom" / "Example.dcm"]
    files = [str(path) for path in (real_data / "ptb-xl", real_data / "cinc2021", *dicoms)]
    assert main(["predict", *files, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    labels = checkpoints.read_card(checkpoints.choose_checkpoint()).labels.names
    abstained = []
    for record in document["records"]:
        assert "error" not in record
        if record["abstained"] is not None:
            abstained.append(record["abstained"])
            continue
        assert tuple(record["ranks"]) == labels
        assert all(0 <= rank <= 1 for rank in record["ranks"].values())
    assert len(document["records"]) == 250 + 25 + 2
    assert all(SENTENCE.match(sentence) for sentence in abstained)
    assert sum("is flat" in sentence for sentence in abstained) == 1
    assert sum("18 years or more, got one of 5" in sentence for sentence in abstained) == 1
    unlike = [sentence for sentence in abstained if "like those that the model was checked on" in sentence]
    assert len(unlike) == len(abstained) - 2
    assert len(unlike) <= 0.03 * len(document["records"])


def test_the_reference_set_of_the_bundled_models_is_real_and_named():
    for folder in checkpoints.list_checkpoints(checkpoints.models_folder()).values():
        card = checkpoints.read_card(folder)
        reference = card.reference
        if card.table_names:
            assert reference is None, "no real record has its tables"
            continue
        assert reference is not None
        assert reference.records >= 200
        assert "PTB-XL" in reference.name
        assert "CC BY 4.0" in reference.source
