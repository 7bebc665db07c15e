"""What closed tabs leave in memory goes within minutes, although large libraries are kept out of garbage collection.

Streamlit holds a closed tab's session for `server.disconnectedSessionTTL` and then lets go of it when the next tab is
closed; and what was alive while a library was frozen (`loading.ready`) is never looked at again by the collector.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from functools import cache
from weakref import ReferenceType, ref

from streamlit.runtime import Runtime, exists, get_instance
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

SWEEP_SECONDS = 60.0


@cache
def watch() -> None:
    """Begin to look once a minute for sessions that have ended; called as often as one likes, begun once."""
    threading.Thread(target=_watch, name="ended-sessions", daemon=True).start()


def collect() -> None:
    """Free what no session holds any more, also of what was frozen, and freeze the rest again."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _watch() -> None:
    known: dict[str, ReferenceType[AppSession]] = {}
    gone: dict[str, ReferenceType[AppSession]] = {}
    while True:
        time.sleep(SWEEP_SECONDS)
        if not exists():
            continue
        now = _sessions(get_instance())
        before, gone = gone, {session: one for session, one in known.items() if session not in now}
        files = get_instance().media_file_mgr
        for session, ended in (before | gone).items():  # twice: the run of a closed page may still have been ending
            _empty(ended())
            files.clear_session_refs(session)
        if before or gone:
            files.remove_orphaned_files()  # what was offered to save holds the case too
            collect()
        known = now


def _sessions(runtime: Runtime) -> dict[str, ReferenceType[AppSession]]:
    """Return all sessions by id, once Streamlit has let go of those whose time is over; asked in its own loop."""

    async def listed() -> dict[str, ReferenceType[AppSession]]:
        manager = runtime._session_mgr
        if isinstance(manager, WebsocketSessionManager) and isinstance(manager._session_storage, MemorySessionStorage):
            len(manager._session_storage._cache)  # its length is that of what has not expired: the rest goes
        return {one.session.id: ref(one.session) for one in manager.list_sessions()}

    loop = runtime._get_async_objs().eventloop
    return asyncio.run_coroutine_threadsafe(listed(), loop).result()


def _empty(session: AppSession | None) -> None:
    """Clear an ended session that something still holds: Streamlit's loop keeps the last one until the next comes."""
    if session is not None:
        session.session_state.clear()
        session.session_state._new_widget_state.widget_metadata.clear()  # the callbacks of widgets hold the case too
        session._fragment_storage.clear()
