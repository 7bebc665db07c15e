from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ecgkt import NOTICE, gallery
from ecgkt.catalogue import tracing_labels
from ecgkt.cli import main
from ecgkt.data.collections import Collection
from ecgkt.domain import LabelTable, Record
from ecgkt.errors import InvalidValue, UnknownName
from ecgkt.figures.plates import UNREVIEWED
from ecgkt.readers import find_records
from ecgkt.simulation import SimulationSettings, simulate_arrays

SEARCHED = 60


def labels(*present: str, unknown: tuple[str, ...] = ()) -> LabelTable:
    row = np.zeros((1, len(tracing_labels())), np.float32)
    row[0, tracing_labels().positions(present)] = 1
    row[0, tracing_labels().positions(unknown)] = np.nan
    return LabelTable(tracing_labels(), row)


@pytest.fixture
def collection(cohort: Path) -> Collection:
    """Three readable files that stand in for real records: two in sinus rhythm, the third with nothing known."""
    paths = tuple(find_records(cohort)[:3])
    values = np.vstack([labels("sinus_rhythm").values] * 2 + [labels().values * np.nan])
    return Collection("Stand-in", paths, np.arange(3), LabelTable(tracing_labels(), values))


@pytest.fixture
def made(collection: Collection, tmp_path: Path) -> Path:
    names = ["sinus_rhythm", "complete_av_block"]
    gallery.make_gallery(tmp_path, [collection], gallery.Request(each=1), names, searched=SEARCHED)
    return tmp_path


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.p*")}


def test_each_page_is_a_pdf_and_a_png_and_the_index_lists_it(made):
    assert sorted(path.name for path in made.iterdir()) == [
        *("complete_av_block.pdf", "complete_av_block.png", "gallery.json", "index.html"),
        *("sinus_rhythm.pdf", "sinus_rhythm.png"),
    ]
    index = (made / "index.html").read_text()
    assert UNREVIEWED in index
    assert NOTICE in index
    assert 'href="sinus_rhythm.pdf"' in index
    assert re.search(r"Complete AV block.*</td><td>0 of 0</td></tr>", index)
    assert re.search(r"Sinus rhythm</a>.*</td><td>1 of 2</td></tr>", index)


def test_the_simulated_are_the_first_found_of_the_seed(made):
    block = simulate_arrays(SEARCHED, 0, gallery.SETTINGS, signals=False)
    first = np.flatnonzero(block.labels.column("sinus_rhythm") == 1)
    page = next(page for page in json.loads((made / "gallery.json").read_text())["pages"] if page["real"])
    assert page["shown_simulated"] == first[:1].tolist()
    assert page["simulated"] == len(first)


def test_pages_that_are_there_are_kept_unless_asked_again(made, collection):
    before = stamps(made)
    request = gallery.Request(each=1)
    gallery.make_gallery(made, [collection], request, ["sinus_rhythm", "long_qt"], searched=SEARCHED)
    after = stamps(made)
    assert set(after) == {*before, "long_qt.pdf", "long_qt.png"}
    assert {name: after[name] for name in before} == before
    gallery.make_gallery(made, [collection], request, ["sinus_rhythm"], searched=SEARCHED, again=True)
    assert stamps(made)["sinus_rhythm.pdf"] != before["sinus_rhythm.pdf"]
    assert stamps(made)["complete_av_block.pdf"] == before["complete_av_block.pdf"]


def test_pages_of_another_request_and_lost_pages_are_made_anew(made, collection):
    before = stamps(made)
    (made / "sinus_rhythm.png").unlink()
    gallery.make_gallery(made, [collection], gallery.Request(each=1), ["sinus_rhythm"], searched=SEARCHED)
    assert (made / "sinus_rhythm.png").is_file()
    gallery.make_gallery(made, [collection], gallery.Request(seed=1, each=1), ["sinus_rhythm"], searched=SEARCHED)
    assert stamps(made)["sinus_rhythm.pdf"] != before["sinus_rhythm.pdf"]
    assert "Complete AV block" not in (made / "index.html").read_text()


def test_normal_means_nothing_else_is_present_and_st_t_is_known():
    assert gallery.has("normal", labels("sinus_rhythm"))[0]
    assert not gallery.has("normal", labels("sinus_rhythm", "long_qt"))[0]
    assert not gallery.has("normal", labels())[0]
    assert not gallery.has("normal", labels("sinus_rhythm", unknown=("st_depression",)))[0]
    assert gallery.has("normal", labels("sinus_rhythm", unknown=("left_axis_deviation",)))[0]


def test_there_is_a_page_for_every_tracing_target_and_for_normal():
    assert gallery.conditions() == ("normal", *tracing_labels().names)


def test_an_unknown_condition_and_an_impossible_request_are_refused(collection, tmp_path):
    with pytest.raises(UnknownName, match="choose a name"):
        gallery.make_gallery(tmp_path, [collection], gallery.Request(), ["angina"])
    with pytest.raises(InvalidValue, match="1 to 10"):
        gallery.Request(each=0)


def test_the_command_sets_real_records_beside_simulated_ones(real_data, tmp_path):
    arguments = ["--records", str(real_data / "ptb-xl"), "--out", str(tmp_path), "--each", "1", "--search", "40"]
    assert main(["gallery", *arguments, "--condition", "sinus_bradycardia"]) == 0
    page = json.loads((tmp_path / "gallery.json").read_text())["pages"][0]
    assert page["real"] > 5
    assert re.fullmatch(r"PTB-XL record \d+, real.*", page["shown_real"][0])


def test_measurements_stand_below_what_could_be_measured():
    block = simulate_arrays(8, 3, SimulationSettings(artefacts=0.2, faulty=0))
    row = next(k for k, reading in enumerate(block.readings) if not reading.labels["ventricular_ectopy"])
    said = gallery.measured(Record(block.signals[row], 500, "test"))
    rate = re.search(r"Measured: (\d+)/min.* QRS \d+ ms", said)
    assert rate is not None
    assert float(rate.group(1)) == pytest.approx(block.readings[row].rate, abs=4)
    assert gallery.measured(Record(np.zeros((12, 5000)), 500, "test")) == ""
