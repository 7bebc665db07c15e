"""A folder scored into one table: whole, in shards, broken off and taken up again."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ecgkt import NOTICE, checkpoints, readers
from ecgkt.errors import InvalidValue
from ecgkt.inference import Predictor
from ecgkt.readers.mimic_folder import MimicFolder
from ecgkt.worklist import folder_run
from ecgkt.worklist.folder_run import FolderRun
from ecgkt.worklist.shards import Shard
from ecgkt.worklist.sources import WorkFolder

WHOLE = Shard()
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def model(untrained: Path) -> Path:
    return untrained / "transferred"


@pytest.fixture(scope="module")
def undisturbed(many: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "scores.parquet"
    FolderRun(WorkFolder.open(many), model, out).score(WHOLE)
    return out


def test_the_table_says_what_predict_says_of_each_record(many, model, undisturbed):
    found = pq.read_table(undisturbed).to_pylist()
    predictor = Predictor.open(model)
    assert [row["record"] for row in found] == [str(path.relative_to(many)) for path in readers.find_records(many)]
    for row in found[:: len(found) // 9]:
        if row["outcome"] != "scored":
            continue
        record = readers.read_record(many / row["record"])
        made = predictor.predict([record])
        assert (row["domain"], row["seconds"], row["reason"]) == ("simulated", record.seconds, None)
        for name in made.labels.names:
            assert row[f"{name}_probability"] == pytest.approx(made.probability(name), abs=1e-6)


def test_what_cannot_be_read_and_what_the_model_abstains_from_keep_their_line_and_reason(undisturbed):
    found = pq.read_table(undisturbed).to_pylist()
    (refused,) = [row for row in found if row["outcome"] == "refused"]
    (abstained,) = [row for row in found if row["record"].startswith("flat/")]
    assert abstained["outcome"] == "abstained"
    assert refused["reason"].startswith("Wanted ")
    assert (refused["domain"], refused["seconds"]) == (None, None)
    assert "lead V1 is flat" in abstained["reason"]
    assert abstained["domain"] == "unknown"
    for row in (refused, abstained):
        assert {value for name, value in row.items() if name.endswith(("_rank", "_probability"))} == {None}


def test_a_record_has_probabilities_or_ranks_and_a_kind_that_no_record_has_is_left_out(
    many, model, undisturbed, tmp_path
):
    names = pq.read_schema(undisturbed).names
    assert not [name for name in names if name.endswith("_rank")]
    header = readers.find_records(many)[0]
    (tmp_path / header.name).write_text(header.read_text().replace("# simulated", "# note"))
    (tmp_path / header.with_suffix(".dat").name).write_bytes(header.with_suffix(".dat").read_bytes())
    FolderRun(WorkFolder.open(tmp_path), model, tmp_path / "one.parquet").score(WHOLE)
    (row,) = pq.read_table(tmp_path / "one.parquet").to_pylist()
    made = Predictor.open(model).predict([readers.read_record(tmp_path / header.name)])
    assert not [name for name in row if name.endswith("_probability")]
    for name in made.labels.names:
        assert row[f"{name}_rank"] == pytest.approx(made.rank(name), abs=1e-6)


def test_the_header_travels_with_the_table(model, undisturbed, many, tmp_path):
    card = checkpoints.read_card(model)
    told = {key.decode(): value.decode() for key, value in pq.read_schema(undisturbed).metadata.items()}
    assert (told["notice"], told["checkpoint"], told["calibrated_in"]) == (NOTICE, card.id, "simulated")
    assert json.loads(told["domains"]) == {"simulated": 298, "unknown": 1}
    outcomes = pq.read_table(undisturbed)["outcome"].to_pylist()
    assert json.loads(told["outcomes"]) == {what: outcomes.count(what) for what in ("scored", "abstained", "refused")}
    FolderRun(WorkFolder.open(many / "flat"), model, tmp_path / "flat.csv").score(WHOLE)
    beside = json.loads((tmp_path / "flat.json").read_text())
    assert (beside["notice"], beside["checkpoint"], beside["outcomes"]) == (NOTICE, card.id, {"abstained": 1})
    assert beside["software"].startswith("ecgkt ")


def test_a_file_that_is_called_as_a_formula_is_none_in_the_csv_and_itself_in_parquet(many, model, tmp_path):
    names = ["+1.hea", "-2+3.hea", "=1+1.hea", "@SUM.hea", "plain.hea"]
    header = readers.find_records(many)[0]
    (tmp_path / "in").mkdir()
    for name in names:
        (tmp_path / "in" / name).write_bytes(header.read_bytes())
    for form in ("csv", "parquet"):
        FolderRun(WorkFolder.open(tmp_path / "in"), model, tmp_path / f"out.{form}").score(WHOLE)
    with (tmp_path / "out.csv").open(newline="") as stream:
        found = [row["record"] for row in csv.DictReader(stream)]
    assert sorted(found) == sorted([*(f"'{name}" for name in names[:4]), "plain.hea"])
    assert sorted(pq.read_table(tmp_path / "out.parquet")["record"].to_pylist()) == names


@pytest.mark.slow
def test_shards_equal_the_whole_to_the_last_digit_and_the_last_one_writes_the_table(many, model, undisturbed, tmp_path):
    out = tmp_path / "scores.parquet"
    for index in (2, 0):
        found = FolderRun(WorkFolder.open(many), model, out).score(Shard(index, 3))
        assert found.counts is None
        assert not out.exists()
    assert FolderRun(WorkFolder.open(many), model, out).merge().missing == 1
    assert FolderRun(WorkFolder.open(many), model, out).score(Shard(1, 3)).missing == 0
    assert pq.read_table(out).equals(pq.read_table(undisturbed))
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.slow
def test_a_run_taken_up_again_scores_nothing_twice_and_a_finished_one_nothing_at_all(
    many, model, undisturbed, tmp_path, monkeypatch
):
    out = tmp_path / "scores.parquet"
    run = FolderRun(WorkFolder.open(many), model, out)
    run.score(Shard(1, 3))
    stamp = next(run.parts.glob("*.parquet")).stat()
    begun = []
    score = folder_run._score_part
    monkeypatch.setattr(folder_run, "_score_part", lambda part, *rest: (begun.append(part.name), score(part, *rest)))
    places = []
    run.score(WHOLE, progress=lambda done, total: places.append((done, total)))
    assert begun == ["000000000.parquet", "000000256.parquet"]
    assert places == [(128, 300), (256, 300), (300, 300)]
    assert stamp.st_size
    assert pq.read_table(out).equals(pq.read_table(undisturbed))
    assert run.score(WHOLE).counts is not None
    assert len(begun) == 2


@pytest.mark.slow
def test_another_model_or_another_folder_is_refused_with_a_sentence(many, model, untrained, cohort, tmp_path):
    out = tmp_path / "scores.parquet"
    FolderRun(WorkFolder.open(many), model, out).score(Shard(2, 3))
    checkpoints.save(tmp_path / "models" / "other", *_other(model))
    with pytest.raises(InvalidValue, match="got other model: give that command again"):
        FolderRun(WorkFolder.open(many), tmp_path / "models" / "other", out).score(WHOLE)
    with pytest.raises(InvalidValue, match="got other records: give that command again"):
        FolderRun(WorkFolder.open(many).without_names(), model, out).score(WHOLE)
    FolderRun(WorkFolder.open(many), model, out).score(WHOLE)
    with pytest.raises(InvalidValue, match="got another one: choose another --out"):
        FolderRun(WorkFolder.open(many / "0"), model, out).score(WHOLE)


def _other(model: Path):
    loaded = checkpoints.load(model)
    weights = dict(loaded.weights)
    name = next(iter(weights))
    weights[name] = weights[name] + 1
    return loaded.card, weights


def test_a_mimic_folder_is_scored_by_its_list_with_study_numbers_as_ids(cohort, model, tmp_path):
    mimic = MimicFolder.open(cohort)
    FolderRun(WorkFolder.open(cohort), model, tmp_path / "scores.parquet").score(WHOLE)
    found = pq.read_table(tmp_path / "scores.parquet").to_pylist()
    assert [row["record"] for row in found] == [str(study) for study in mimic.study_ids]
    assert {row["domain"] for row in found} == {"simulated"}


def test_hidden_names_leave_no_name_in_the_table(many, model, tmp_path):
    planted = tmp_path / "in" / "Jane Doe 1961-04-03"
    planted.mkdir(parents=True)
    header = readers.find_records(many)[0]
    for file in (header, header.with_suffix(".dat")):
        (planted / file.name).write_bytes(file.read_bytes())
    (planted / "broken.hea").write_bytes(header.read_bytes())
    for name in ("scores.parquet", "scores.csv"):
        out = tmp_path / name
        FolderRun(WorkFolder.open(tmp_path / "in").without_names(), model, out).score(WHOLE)
        assert b"Doe" not in out.read_bytes()
        assert b"Doe" not in b"".join(file.read_bytes() for file in tmp_path.glob("scores.*"))
    assert pq.read_table(tmp_path / "scores.parquet")["record"].to_pylist() == ["1", "2"]


def test_records_in_zips_have_a_line_each_and_a_zip_of_other_things_has_none(many, model, tmp_path):
    header = readers.find_records(many)[0]
    for zipped, names in (("ward.zip", ("a", "b")), ("letter.docx", ())):
        with zipfile.ZipFile(tmp_path / zipped, "w") as archive:
            archive.writestr("word/document.xml", "<a/>")
            for name in names:
                for file in (header, header.with_suffix(".dat")):
                    archive.write(file, f"{name}/{file.name}")
    (tmp_path / "broken.zip").write_bytes((tmp_path / "ward.zip").read_bytes()[:-400])
    FolderRun(WorkFolder.open(tmp_path), model, tmp_path / "scores.parquet").score(WHOLE)
    found = pq.read_table(tmp_path / "scores.parquet").to_pylist()
    wanted = [("broken.zip", "refused"), *((f"ward.zip/{name}/{header.name}", "scored") for name in ("a", "b"))]
    assert [(row["record"], row["outcome"]) for row in found] == wanted


def test_a_file_name_that_is_no_utf8_has_a_line(many, model, tmp_path):
    folder = os.fsencode(tmp_path) + b"/in\xff"
    Path(os.fsdecode(folder)).mkdir()
    header = readers.find_records(many)[0]
    for file in (header, header.with_suffix(".dat")):
        Path(os.fsdecode(folder), file.name).write_bytes(file.read_bytes())
    FolderRun(WorkFolder.open(tmp_path), model, tmp_path / "scores.parquet").score(WHOLE)
    (row,) = pq.read_table(tmp_path / "scores.parquet").to_pylist()
    assert row["record"] == f"in\\xff/{header.name}"
    assert row["outcome"] == "scored"


def test_a_shard_that_another_process_scores_is_left_to_it(many, model, tmp_path):
    run = FolderRun(WorkFolder.open(many), model, tmp_path / "scores.parquet")
    run.parts.mkdir()
    with folder_run._alone(run.parts, WHOLE), pytest.raises(InvalidValue, match="another process"):
        run.score(WHOLE)


@pytest.mark.slow
def test_killed_at_any_time_and_taken_up_again_the_rows_are_those_of_an_undisturbed_run(
    many, untrained, undisturbed, tmp_path
):
    out = tmp_path / "scores.parquet"
    command = [sys.executable, "-m", "ecgkt", "predict", str(many), "--out", str(out), "--workers", "2"]
    environment = {**os.environ, "ECGKT_MODELS": str(untrained), "OMP_NUM_THREADS": "1"}
    parts = tmp_path / "scores.parquet.parts"
    kills = 0
    for least in (1, 2, 3):
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        while running.poll() is None and len(list(parts.glob("0*.parquet"))) < least:
            time.sleep(0.01)
        if running.poll() is None:
            running.send_signal(signal.SIGKILL)
            kills += 1
        running.wait()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert kills >= 1
    found, wanted = pq.read_table(out), pq.read_table(undisturbed)
    assert found["record"].to_pylist() == wanted["record"].to_pylist()
    assert found.equals(wanted)
    assert np.unique(found["record"].to_numpy(zero_copy_only=False)).size == len(found)
    assert list(tmp_path.iterdir()) == [out]
