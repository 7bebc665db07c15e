"""A visitor of the app without a browser: Streamlit's own messages over a WebSocket, uploads over HTTP."""

from __future__ import annotations

import base64
import http.client
import re
import time
from dataclasses import dataclass, field
from hashlib import sha256
from http.cookies import SimpleCookie
from types import TracebackType
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Button_pb2 import Button
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Selectbox_pb2 import Selectbox
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

COOKIE = "_streamlit_xsrf"
INK = re.compile(r'<path class="ink"[^>]*? d="([^"]*)"')
PATCH = re.compile(r'<image data-lead="[^"]*"[^>]* href="([^"]*)"')
SHEET = re.compile(r'<img class="ecgkt-sheet" alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)"')
HEADING = re.compile(r'<p class="ecgkt-case"><b>([^<]*)</b>')
Files = list[tuple[str, bytes]]


def digest(parts: list[str]) -> str:
    """Return a short fingerprint of some text."""
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Sheet:
    """One drawn ECG: what it says of itself, a fingerprint of its ink, and one of its map ("" without)."""

    alt: str
    ink: str
    map: str
    at: float

    @classmethod
    def read(cls, alt: str, svg: str, at: float = 0.0) -> Sheet:
        """Take the fingerprints of an SVG."""
        patches = PATCH.findall(svg)
        return cls(alt, digest(INK.findall(svg)), digest(patches) if patches else "", at)


@dataclass
class Run:
    """What one run of the page sent: seconds from the request to its end, and what was drawn.

    `rows` are the scores by label: title and figure, without what stands beneath and depends on what is chosen.
    """

    seconds: float = 0.0
    sheets: list[Sheet] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    rows: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    bytes: int = 0


class Visitor:
    """One session. What it chose stays chosen, as in a browser; triggers are sent once."""

    def __init__(self, address: str, seconds: float = 60.0) -> None:
        self.host, self.seconds = urlsplit(address).netloc, seconds
        self.token = self._cookie()
        self._socket = connect(
            f"ws://{self.host}/_stcore/stream",
            subprotocols=["streamlit", self.token],  # type: ignore[list-item]
            additional_headers={"Cookie": f"{COOKIE}={self.token}"},
            max_size=None,
            compression=None,
            open_timeout=seconds,
        )
        self._widgets: dict[str, WidgetState] = {}
        self._page = self.session = self._uploader = ""
        self._lists: dict[str, tuple[Selectbox, str]] = {}
        self._buttons: dict[str, tuple[Button, str]] = {}
        self.first = self._ask("")

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the tab."""
        self._socket.close()

    def open_sample(self, title: str) -> Run:
        """Choose a bundled sample."""
        return self.choose("Sample", title)

    def choose(self, label: str, option: str) -> Run:
        """Choose in a list."""
        shown, fragment = self._lists[label]
        return self._ask(fragment, WidgetState(id=shown.id, string_value=option))

    def open_files(self, files: Files) -> Run:
        """Upload a record's files and open it; the seconds include the upload."""
        begin = time.perf_counter()
        request = BackMsg()
        request.file_urls_request.request_id = "files"
        request.file_urls_request.session_id = self.session
        request.file_urls_request.file_names.extend(name for name, _ in files)
        self._socket.send(request.SerializeToString())
        while (message := self._receive()).WhichOneof("type") != "file_urls_response":
            pass
        chosen = WidgetState(id=self._uploader)
        for (name, content), urls in zip(files, message.file_urls_response.file_urls, strict=True):
            self._put(urls, name, content)
            one = chosen.file_uploader_state_value.uploaded_file_info.add()
            one.name, one.size, one.file_id = name, len(content), urls.file_id
            one.file_urls.CopyFrom(urls)
        return self._ask("", chosen, begin=begin)

    @property
    def targets(self) -> list[str]:
        """The labels whose scores are shown, in their order."""
        return list(self._buttons)

    def click(self, target: str) -> Run:
        """Ask for a target's map."""
        button, fragment = self._buttons[target]
        return self._ask(fragment, trigger=WidgetState(id=button.id, trigger_value=True))

    def _ask(
        self, fragment: str, chosen: WidgetState | None = None, trigger: WidgetState | None = None, begin: float = 0.0
    ) -> Run:
        begin = begin or time.perf_counter()
        if chosen is not None:
            self._widgets[chosen.id] = chosen
        request = BackMsg()
        state = request.rerun_script
        state.page_script_hash, state.fragment_id = self._page, fragment
        state.widget_states.widgets.extend([*self._widgets.values(), *([trigger] if trigger else [])])
        self._socket.send(request.SerializeToString())
        run = Run()
        buttons: dict[str, tuple[Button, str]] = {}
        while not _is_last(message := self._receive(run)):
            self._read(message, run, buttons, begin)
        run.seconds = time.perf_counter() - begin
        self._buttons = buttons or self._buttons
        return run

    def _read(self, message: ForwardMsg, run: Run, buttons: dict[str, tuple[Button, str]], begin: float) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
            self.session = message.new_session.initialize.session_id or self.session
        if kind != "delta" or message.delta.WhichOneof("type") != "new_element":
            return
        element, fragment = message.delta.new_element, message.delta.fragment_id
        what = element.WhichOneof("type")
        if what == "html":
            body = element.html.body
            run.headings += HEADING.findall(body)
            for alt, packed in SHEET.findall(body):
                svg = base64.b64decode(packed).decode()
                run.sheets.append(Sheet.read(alt, svg, time.perf_counter() - begin))
            run.told += [body] if "before you" in body else []
        elif what == "button" and "row-" in element.button.id:
            name = element.button.id.rpartition("row-")[2]
            buttons[name] = (element.button, fragment)
            run.rows[name] = element.button.label.rpartition("**")[0]
        elif what in ("exception", "alert"):
            run.faults.append(str(element)[:300])
        else:
            self._remember(what, element, fragment)

    def _remember(self, what: str | None, element: Element, fragment: str) -> None:
        if what == "file_uploader" and element.file_uploader.label.startswith("Your ECG"):
            if element.file_uploader.id == self._uploader:
                return
            self._widgets.pop(self._uploader, None)
            self._uploader = element.file_uploader.id
        elif what == "selectbox":
            shown = element.selectbox
            self._lists[shown.label] = (shown, fragment)
            if shown.set_value and shown.raw_value:
                self._widgets[shown.id] = WidgetState(id=shown.id, string_value=shown.raw_value)
            elif shown.set_value:
                self._widgets.pop(shown.id, None)

    def _receive(self, run: Run | None = None) -> ForwardMsg:
        data = self._socket.recv(timeout=self.seconds)
        message = ForwardMsg()
        message.ParseFromString(data if isinstance(data, bytes) else data.encode())
        if run is not None:
            run.bytes += len(data)
        return message

    def _cookie(self) -> str:
        line = http.client.HTTPConnection(self.host, timeout=self.seconds)
        line.request("GET", "/_stcore/health")
        answer = line.getresponse()
        answer.read()
        jar = SimpleCookie(answer.getheader("Set-Cookie") or "")
        line.close()
        return jar[COOKIE].value

    def _put(self, urls: FileURLs, name: str, content: bytes) -> None:
        edge = "----a-record-of-this-visitor"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        body = (
            f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content + f"\r\n--{edge}--\r\n".encode()
        )
        line = http.client.HTTPConnection(self.host, timeout=self.seconds)
        told = {
            "Content-Type": f"multipart/form-data; boundary={edge}",
            "Cookie": f"{COOKIE}={self.token}",
            "X-Xsrftoken": self.token,
        }
        line.request("PUT", urls.upload_url, body, told)
        answer = line.getresponse()
        answer.read()
        line.close()
        if answer.status != 204:
            raise ConnectionError(f"the upload of {name} was answered {answer.status}")


def _is_last(message: ForwardMsg) -> bool:
    """Whether nothing more comes; a run that ends early goes on as another one."""
    early = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
    return message.WhichOneof("type") == "script_finished" and message.script_finished != early
