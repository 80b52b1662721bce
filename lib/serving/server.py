"""The application in waitress, with what waitress lacks: an end for slow requests, and a stop that answers."""

import time
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from lib.call import log, shutdown
from lib.serving.admission import SPARE_THREADS
from lib.serving.wsgi import Application
from lib.settings.settings import Settings

# Connections that are idle or send slowly count, too. Each costs a descriptor. Waitress accepts no more than these.
CONNECTIONS = 300
# How many more may come at the same time: so many idle ones are closed for them.
ROOM = 50
# How long a connection may be silent. The UI opens one for each request.
IDLE_SECONDS = 60
# How long a request may take to arrive. It is one packet or a few.
RECEIVE_SECONDS = 30
# A token of Concertim's has some hundred. Beyond this, waitress answers 431 in plain text.
HEADER_BYTES = 32 * 1024
# What ends the head of a request.
END_OF_HEAD = b"\r\n\r\n"
# How soon a server that nothing else wakes notices a signal.
NOTICE_SECONDS = 0.25
# This much of stop_grace is for answers that are on their way out after the last call must have ended.
FLUSH_SECONDS = 0.5


class Server:
    """The application, listening at an address."""

    def __init__(self, application: Application, listen: str, settings: Settings) -> None:
        self._settings = settings
        self._sockets: dict[int, Any] = {}
        self._server: Any = create_server(
            application,
            map=self._sockets,
            listen=listen,
            threads=settings.max_concurrent_requests + SPARE_THREADS,
            ident="UserHandler",
            # Above our own limit, so that a body which is too large is answered by our JSON.
            max_request_body_size=16 * settings.max_body_bytes,
            # Above that in turn: a larger body would go into a temporary file, and a read-only container has no place.
            inbuf_overflow=17 * settings.max_body_bytes,
            max_request_header_size=HEADER_BYTES,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=IDLE_SECONDS // 4,
        )
        for listener in self._listeners():
            listener.channel_class = _Channel

    @property
    def addresses(self) -> str:
        """Where it listens. A host name that has several addresses is listened to on each."""
        server = self._server
        one = [(server.effective_host, server.effective_port)] if hasattr(server, "effective_host") else []
        listening = one or server.effective_listen
        return ", ".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in listening)

    def serve_until_stopped(self, meanwhile: Callable[[], None]) -> None:
        """Serves until the process begins to stop, then answers what is in flight. `meanwhile` is called often."""
        while not shutdown.begun.done():
            meanwhile()
            self._close_stalled()
            self._make_room()
            wasyncore.loop(timeout=NOTICE_SECONDS, use_poll=True, map=self._sockets, count=1)
        log.logger.info("stopping: requests in flight have %g s", self._settings.stop_grace)
        for listener in self._listeners():
            # This closes the listening socket alone. The server's own close() would also close what wakes the loop.
            wasyncore.dispatcher.close(listener)
        # Threads write their answers into buffers, from which this loop sends them.
        while any(map(_in_flight, self._sockets.values())) and time.monotonic() < shutdown.ends() + FLUSH_SECONDS:
            wasyncore.loop(timeout=0.05, use_poll=True, map=self._sockets, count=1)
        log.logger.info("stopped")

    def _listeners(self) -> list[Any]:
        return [one for one in self._sockets.values() if isinstance(one, BaseWSGIServer)]

    def _close_stalled(self) -> None:
        """Closes the connections whose client has read nothing of its answer for long. Waitress would wait for ever."""
        for one in self._channels():
            if one.total_outbufs_len and not one.requests and one.last_activity < time.time() - IDLE_SECONDS:
                one.handle_close()

    def _make_room(self) -> None:
        """Closes the connections that have been silent for longest, before there are too many to accept one more."""
        if len(self._sockets) < CONNECTIONS - ROOM:
            return
        silent = [one for one in self._channels() if not one.requests]
        for one in sorted(silent, key=lambda one: one.last_activity)[:ROOM]:
            one.handle_close()

    def _channels(self) -> list[Any]:
        return [one for one in self._sockets.values() if isinstance(one, HTTPChannel)]


class _Channel(HTTPChannel):
    """A connection that is closed when its request takes too long to arrive. Waitress bounds only its silence.

    Of several requests that are sent at once, one is served at a time, and the next once its answer was read. Otherwise
    a client that reads nothing could hold a thread, and any amount of memory.
    """

    _since: float | None = None
    _held_back = b""

    def received(self, data: bytes) -> bool:
        """Takes what has arrived, up to the end of the first request or the second."""
        *heads, rest = data.split(END_OF_HEAD)
        pieces = [*(head + END_OF_HEAD for head in heads), rest]
        while pieces and not self.requests:
            super().received(pieces.pop(0))
        self._held_back = b"".join(pieces)
        return True

    def readable(self) -> bool:
        if self._held_back and not self.requests and not self.total_outbufs_len:
            self.received(self._held_back)
        if self._held_back:
            return False
        if self.request is None or self.requests:
            self._since = None
        elif self._since is None:
            self._since = time.monotonic()
        elif time.monotonic() - self._since > RECEIVE_SECONDS:
            self.will_close = True
        return bool(super().readable())


def _in_flight(one: Any) -> bool:
    return isinstance(one, HTTPChannel) and bool(one.requests or one.total_outbufs_len)
