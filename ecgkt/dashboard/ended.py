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

from streamlit.runtime import Runtime, exists, get_instance
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
    known: frozenset[str] = frozenset()
    again = False
    while True:
        time.sleep(SWEEP_SECONDS)
        if not exists():
            continue
        now = _sessions(get_instance())
        ended = bool(known - now)
        if ended or again:
            collect()
        known, again = now, ended  # once more a minute later: the run of a closed page may still have been ending


def _sessions(runtime: Runtime) -> frozenset[str]:
    """Return the ids of all sessions, once Streamlit has let go of those whose time is over; in its own loop."""

    async def listed() -> frozenset[str]:
        manager = runtime._session_mgr
        if isinstance(manager, WebsocketSessionManager) and isinstance(manager._session_storage, MemorySessionStorage):
            len(manager._session_storage._cache)  # its length is that of what has not expired: the rest goes
        return frozenset(one.session.id for one in manager.list_sessions())

    loop = runtime._get_async_objs().eventloop
    return asyncio.run_coroutine_threadsafe(listed(), loop).result()
