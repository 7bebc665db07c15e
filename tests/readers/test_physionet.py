"""Fetching on request, against a server on this machine that serves the same paths."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import wfdb

from ecgkt.domain import Domain
from ecgkt.errors import FetchFailed, UnsafeFile
from ecgkt.readers import physionet
from ecgkt.readers.physionet import EXAMPLES, fetch_record


@pytest.fixture
def mirror(monkeypatch):
    """A server of `pages` (path -> bytes, status, or a function of the handler) and the list of what was asked."""
    pages, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            page = pages.get(self.path, 404)
            if callable(page):
                page(self)
                return
            self.send_response(page if isinstance(page, int) else 200)
            self.send_header("Content-Length", str(0 if isinstance(page, int) else len(page)))
            self.end_headers()
            self.wfile.write(b"" if isinstance(page, int) else page)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield f"http://127.0.0.1:{server.server_address[1]}/files/", pages, asked
    server.shutdown()
    server.server_close()
    thread.join()


def serve(pages, files, folder="/files/ptb-xl/1.0.3/records500/00000"):
    pages.update({f"{folder}/{name}": content for name, content in files.items()})


def fetch(index_url, **settings):
    return fetch_record("ptb-xl/1.0.3", "records500/00000/rec", index_url=index_url, **settings)


def test_a_record_is_fetched_as_a_real_one_of_its_collection(mirror, wfdb_files, millivolts):
    index_url, pages, asked = mirror
    serve(pages, wfdb_files(comments=["Age: 50"]))
    record = fetch(index_url)
    np.testing.assert_allclose(record.signal, millivolts, atol=1e-6)
    assert (record.source, record.domain, record.age) == ("PhysioNet ptb-xl/1.0.3", Domain.REAL, 50.0)
    assert [path.rsplit("/", 1)[1] for path in asked] == ["rec.hea", "rec.dat"]


def test_the_index_that_wfdb_is_set_to_is_used(mirror, wfdb_files, monkeypatch):
    index_url, pages, _ = mirror
    serve(pages, wfdb_files())
    monkeypatch.setattr(wfdb.io.download.config, "db_index_url", index_url)
    assert fetch_record("ptb-xl/1.0.3", "records500/00000/rec").domain is Domain.REAL


def test_a_simulated_record_stays_simulated(mirror, wfdb_files):
    index_url, pages, _ = mirror
    serve(pages, wfdb_files(comments=["simulated: ecgkt 0.1.0"]))
    assert fetch(index_url).domain is Domain.SIMULATED


def test_a_header_that_names_a_file_elsewhere_fetches_nothing_more(mirror, wfdb_files):
    index_url, pages, asked = mirror
    serve(pages, wfdb_files(signal_name="../../../secret.dat"))
    with pytest.raises(UnsafeFile):
        fetch(index_url)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("database", "record"),
    [("../etc", "passwd"), ("ptb-xl/1.0.3", "../../x"), ("", "x"), ("ptb-xl", ""), ("a b", "x"), ("ptb-xl//1", "x"),
     ("http://example.org", "x"), ("ptb-xl/1.0.3", "x?y=1"), ("ptb-xl/1.0.3", "/x"), ("ptb-xl/1.0.3", "x" * 201),
     ("s3://bucket", "x"), ("ptb-xl/1.0.3", "x\n")],
)  # fmt: skip
def test_names_that_are_no_names_are_refused_unasked(mirror, refusal, database, record):
    index_url, _, asked = mirror
    assert "as PhysioNet spells it" in refusal(lambda: fetch_record(database, record, index_url=index_url))
    assert asked == []


def test_a_record_that_is_not_there_is_refused(mirror, wfdb_files, refusal):
    index_url, pages, _ = mirror
    assert "there is none" in refusal(lambda: fetch(index_url))
    serve(pages, {"rec.hea": wfdb_files()["rec.hea"]})
    assert "there is none" in refusal(lambda: fetch(index_url))


def test_a_database_under_lock_and_a_login_page_are_refused(mirror, refusal):
    index_url, pages, _ = mirror
    serve(pages, {"rec.hea": 403})
    assert "the answer 403" in refusal(lambda: fetch(index_url))
    serve(pages, {"rec.hea": b"<!DOCTYPE html><html>Sign in</html>"})
    assert "another page" in refusal(lambda: fetch(index_url))


def test_no_network_is_one_sentence(refusal):
    assert "a connection to PhysioNet" in refusal(lambda: fetch("http://127.0.0.1:9/files/"))
    assert "http(s) address" in refusal(lambda: fetch("file:///etc/"))


def test_a_server_that_does_not_answer_is_left_after_the_timeout(mirror, refusal):
    index_url, pages, _ = mirror
    serve(pages, {"rec.hea": lambda handler: time.sleep(0.5)})
    assert "none in time" in refusal(lambda: fetch(index_url, timeout_seconds=0.1))


def test_a_server_that_drips_is_left_after_the_deadline(mirror, refusal):
    index_url, pages, _ = mirror

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b"x" * 70_000)
            time.sleep(0.05)

    serve(pages, {"rec.hea": drip})
    assert "a record in time" in refusal(lambda: fetch(index_url, timeout_seconds=0.1))


def test_a_transfer_that_breaks_off_is_refused(mirror, wfdb_files, refusal):
    index_url, pages, _ = mirror

    def break_off(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "24000")
        handler.end_headers()
        handler.wfile.write(b"x" * 1000)

    serve(pages, {**wfdb_files(), "rec.dat": break_off})
    assert "connection" in refusal(lambda: fetch(index_url))


def test_a_file_beyond_the_limit_is_refused(mirror, wfdb_files, refusal, monkeypatch):
    monkeypatch.setattr(physionet, "MAX_FILE_BYTES", 10_000)
    index_url, pages, _ = mirror
    serve(pages, wfdb_files())
    assert "a larger one" in refusal(lambda: fetch(index_url))


def test_every_example_has_a_name_that_may_be_asked_for(mirror):
    index_url, _, asked = mirror
    for example in EXAMPLES:
        with pytest.raises(FetchFailed, match="there is none"):
            fetch_record(example.database, example.record, index_url=index_url)
    assert asked[0] == "/files/ptb-xl/1.0.3/records500/00000/00001_hr.hea" and len(asked) == len(EXAMPLES)
