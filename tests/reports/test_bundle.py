"""A run's stored predictions made small enough to travel: the same rows, nearly the same figures, and said so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ecgkt.domain import Domain
from ecgkt.errors import InvalidCohort
from ecgkt.reports.bundle import LEVELS, NOTE, RESAMPLES, read_bundle, write_bundle
from ecgkt.reports.draws import METRIC, draws_path, kept_draws
from ecgkt.reports.measured import measure
from ecgkt.reports.stored import TRUTH, read_predictions, read_truth

ARMS = ("baseline", "transferred", "multimodal")


@pytest.fixture(scope="module")
def bundled(stored_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundled")
    write_bundle(stored_results, out, arms=ARMS)
    return out


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.parquet") if path.name != TRUTH)


def test_every_held_out_ecg_of_the_arms_is_there_and_its_scores_differ_by_rounding_alone(stored_results, bundled):
    for path in files(bundled):
        small, whole = read_predictions(path), read_predictions(stored_results / "predictions" / path.name)
        assert small.origin == whole.origin
        np.testing.assert_array_equal(small.rows.record_ids, whole.rows.record_ids[whole.rows.of("held_out")])
        error = np.abs(small.logits - whole.logits) / whole.logits.std(axis=0)
        assert 0 < error.max() <= 0.5 / LEVELS + 1e-6
    assert len(files(bundled)) == len(ARMS)


def test_it_says_what_was_left_out_and_a_run_of_its_own_says_nothing(stored_results, bundled):
    told = str(read_bundle(bundled))
    assert "held-out ECGs (all of them)" in told and "1/256 of its spread" in told
    assert read_bundle(stored_results / "predictions") is None


def test_of_some_patients_all_ecgs_are_kept_and_that_it_is_a_part_is_said(stored_results, tmp_path):
    bundle = write_bundle(stored_results, tmp_path, arms=ARMS, patients=10)
    rows = read_predictions(files(tmp_path)[0]).rows
    whole = read_predictions(stored_results / "predictions" / files(tmp_path)[0].name).rows
    assert len(set(rows.subject_ids.tolist())) == bundle.patients == 10
    assert np.isin(whole.subject_ids, rows.subject_ids).sum() == len(rows) == bundle.ecgs < bundle.of
    assert f"{bundle.ecgs:,} of {bundle.of:,} ECGs" in str(read_bundle(tmp_path))


def test_the_kept_resamples_are_those_that_measuring_gives(bundled):
    truth = read_truth(bundled / TRUTH)
    for path in files(bundled):
        stored = read_predictions(path)
        kept = kept_draws(path, stored.origin.checkpoint, RESAMPLES)
        assert kept is not None
        (anew,) = measure(truth, {"arm": [stored]}, metrics=[METRIC], resamples=RESAMPLES)["arm"].runs
        assert (kept.names, kept.rows, kept.reasons) == (anew.names, anew.rows, anew.reasons)
        np.testing.assert_allclose(kept.draws[METRIC], anew.draws[METRIC], atol=1e-6)
        np.testing.assert_array_equal(kept.values[METRIC], anew.values[METRIC])


def test_resamples_count_only_for_the_bytes_that_they_were_measured_from(stored_results, tmp_path):
    write_bundle(stored_results, tmp_path, arms=ARMS)
    path = files(tmp_path)[0]
    checkpoint = read_predictions(path).origin.checkpoint
    assert kept_draws(path, checkpoint, RESAMPLES + 1) is None
    truth = tmp_path / TRUTH
    truth.write_bytes(truth.read_bytes() + b"x")
    assert kept_draws(path, checkpoint, RESAMPLES) is None
    draws_path(tmp_path, checkpoint, RESAMPLES).write_bytes(b"no archive")
    assert kept_draws(path, checkpoint, RESAMPLES) is None


def test_an_earlier_bundle_is_replaced_and_nothing_else_is_removed(stored_results, tmp_path):
    write_bundle(stored_results, tmp_path, arms=ARMS)
    write_bundle(stored_results, tmp_path, arms=ARMS[:2])
    assert len(files(tmp_path)) == 2
    (tmp_path / NOTE).unlink()
    with pytest.raises(InvalidCohort, match="an empty folder or an earlier bundle"):
        write_bundle(stored_results, tmp_path, arms=ARMS)
    assert len(files(tmp_path)) == 2


def test_a_missing_arm_is_named(stored_results, tmp_path):
    with pytest.raises(InvalidCohort, match="no ecg_only"):
        write_bundle(stored_results, tmp_path)


def test_predictions_of_real_patients_are_not_bundled(stored_results, tmp_path):
    import pyarrow.parquet as pq

    (tmp_path / "real").mkdir()
    table = pq.read_table(stored_results / "predictions" / TRUTH)
    told = json.loads(table.schema.metadata[b"ecgkt"]) | {"domain": str(Domain.REAL)}
    pq.write_table(table.replace_schema_metadata({b"ecgkt": json.dumps(told)}), tmp_path / "real" / TRUTH)
    with pytest.raises(InvalidCohort, match="predictions of simulated patients, got real ones"):
        write_bundle(tmp_path / "real", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_note_that_is_none_is_refused(tmp_path):
    (tmp_path / NOTE).write_text("{}")
    with pytest.raises(InvalidCohort, match=r"the note bundle\.json"):
        read_bundle(tmp_path)


def test_what_travels_with_the_app_has_the_arms_of_the_gap_and_is_of_the_bundled_checkpoints():
    from ecgkt import checkpoints

    folder = Path(__file__).resolve().parents[2] / "assets" / "predictions"
    stored = {read_predictions(path).origin.arm: read_predictions(path).origin for path in files(folder)}
    released = checkpoints.list_checkpoints(checkpoints.bundled_folder())
    for arm in ARMS:
        assert stored[arm].checkpoint == checkpoints.read_card(released[arm]).id
        assert kept_draws(folder / stored[arm].file_name, stored[arm].checkpoint, RESAMPLES) is not None
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6_000_000
