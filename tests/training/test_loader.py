from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from ecgkt.errors import InvalidCohort
from ecgkt.training.loader import Asked, Crops, Order, Read, loader, named
from ecgkt.training.settings import Fit


@pytest.fixture
def signals(tmp_path):
    """A map of 30 rows in which every value says its row, lead and sample."""
    path = tmp_path / "signals.npy"
    row, lead, sample = np.ogrid[:30, :12, :100]
    np.save(path, (row * 10_000 + lead * 500 + sample).astype(np.float32))
    return np.load(path, mmap_mode="r")


def test_a_crop_is_a_window_of_its_own_row(signals):
    read = Crops(signals, 40).__getitems__(Asked(np.array([4, 9, 9]), np.array([[0, 60, 17], [3, 2, 1]])))
    assert [view.shape for view in read.views] == [(3, 12, 40)] * 2
    for view, starts in zip(read.views, ([0, 60, 17], [3, 2, 1]), strict=True):
        for crop, row, start in zip(view.numpy(), read.rows, starts, strict=True):
            np.testing.assert_array_equal(crop, signals[row, :, start : start + 40])


def test_a_worker_is_sent_the_maps_place_and_not_its_content(signals):
    sent = pickle.dumps(Crops(signals, 40))
    assert len(sent) < 2000 < signals.nbytes
    asked = Asked(np.array([29]), np.array([[60]]))
    whole, part = (pickle.loads(one) for one in (sent, pickle.dumps(Crops(signals[5:], 40))))  # noqa: S301
    np.testing.assert_array_equal(whole.__getitems__(asked).views[0][0], signals[29, :, 60:])
    np.testing.assert_array_equal(part.__getitems__(asked._replace(rows=np.array([0]))).views[0][0], signals[5, :, 60:])


@pytest.mark.slow
def test_workers_read_what_one_process_reads(signals):
    order = Order(np.arange(30), Fit(epochs=2, batch=8), 60, views=2)
    one, two = (list(loader(Crops(signals, 40), order, workers)) for workers in (0, 2))
    assert len(one) == len(two) == len(order) == 6
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.rows, b.rows)
        assert all(torch.equal(x, y) for x, y in zip(a.views, b.views, strict=True))


def test_an_epoch_takes_each_row_at_most_once_in_an_order_of_its_own():
    order = list(Order(np.arange(100, 130), Fit(epochs=3, batch=8), 60))
    epochs = [np.concatenate([asked.rows for asked in order[3 * e : 3 * e + 3]]) for e in range(3)]
    for rows in epochs:
        assert len(set(rows.tolist())) == 24
        assert set(rows.tolist()) <= set(range(100, 130))
    assert set(epochs[0].tolist()) != set(epochs[1].tolist())
    assert set(np.concatenate(epochs).tolist()) == set(range(100, 130))
    starts = np.concatenate([asked.starts[0] for asked in order])
    assert starts.min() >= 0
    assert starts.max() <= 60
    assert len(set(starts.tolist())) > 30


def test_an_order_that_begins_later_goes_on_as_the_whole_one():
    whole = Order(np.arange(30), Fit(epochs=3, batch=8), 60)
    for asked, again in zip(list(whole)[5:], whole.starting(5), strict=True):
        np.testing.assert_array_equal(asked.rows, again.rows)
        np.testing.assert_array_equal(asked.starts, again.starts)


def test_processes_share_a_batch_without_repetition_and_with_the_crops_of_one():
    settings = Fit(epochs=2, batch=9)
    one = list(Order(np.arange(30), Fit(epochs=2, batch=8), 60))
    two = [list(Order(np.arange(30), settings, 60, rank=rank, processes=2)) for rank in (0, 1)]
    for whole, first, second in zip(one, *two, strict=True):
        np.testing.assert_array_equal(whole.rows, np.concatenate([first.rows, second.rows]))
        np.testing.assert_array_equal(whole.starts, np.concatenate([first.starts, second.starts], axis=1))


def test_values_that_are_not_finite_are_refused_with_their_records():
    views = [torch.zeros(3, 12, 5), torch.zeros(3, 12, 5)]
    Read(views, np.array([0, 2, 3])).refuse_gaps(np.array([70, 71, 72, 73]))
    views[1][1, 4, 4] = torch.inf
    views[0][2, 0, 0] = torch.nan
    with pytest.raises(InvalidCohort, match=r"NaN or infinity in records 72, 73"):
        Read(views, np.array([0, 2, 3])).refuse_gaps(np.array([70, 71, 72, 73]))


def test_of_many_records_the_first_few_are_named():
    assert named(np.array([7])) == "record 7"
    assert named(np.arange(8)) == "records 0, 1, 2, 3, 4 and 3 more"
