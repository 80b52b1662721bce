"""`python handler.py`: the command line, and the application in waitress until somebody says stop."""

import argparse
import os
import signal
import sys
import time
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from lib import keystone, log, settings, startup, stopping
from lib.errors import Misconfigured
from lib.places import SPARE_THREADS
from lib.settings import Settings
from lib.wsgi import Application

PORT = 42356
# In which Cloud Run, Knative and OpenFaaS tell a container where it will be asked.
PORT_VARIABLE = "PORT"
# Idle ones and those of slow senders together; each costs a descriptor, and waitress accepts no more beyond them.
CONNECTIONS = 300
# How many more may come at once; so many idle ones are closed for them.
ROOM = 50
# How long a connection may be silent. The UI opens one for each request.
IDLE_SECONDS = 60
# How long a request may take to arrive, which is one packet or a few.
RECEIVE_SECONDS = 30
# A token of Concertim's has some hundred; waitress answers 431 beyond it, in plain text.
HEADER_BYTES = 32 * 1024
# How soon a signal is noticed by a server that nothing else wakes.
NOTICE_SECONDS = 0.25
# Of stop_grace, what is left for answers on their way out after the last call must have ended.
FLUSH_SECONDS = 0.5


def main(application: Application) -> None:
    """Serves until SIGTERM or SIGINT; refuses to start with settings or an address that cannot be used."""
    chosen = _options()
    if chosen.config:
        os.environ[settings.PATH_VARIABLE] = chosen.config
    try:
        ours = settings.current()
    except Misconfigured as error:
        sys.exit(error.message)
    startup.prepare()
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: stopping.begin(ours.stop_grace - FLUSH_SECONDS))
    sockets: dict[int, Any] = {}
    try:
        server = _server(application, chosen.listen, ours, sockets)
    except (OSError, ValueError) as error:
        sys.exit(f"Cannot listen on {chosen.listen}: {error}")
    log.logger.info("listening on %s", _addresses(server))
    keystone.load_ahead()
    _serve(sockets, ours)


def _server(application: Application, listen: str, ours: Settings, sockets: dict[int, Any]) -> Any:
    server = create_server(
        application,
        map=sockets,
        listen=listen,
        threads=ours.max_concurrent_requests + SPARE_THREADS,
        ident="UserHandler",
        # Above our own limit, so that it is our JSON that answers a body which is too large.
        max_request_body_size=16 * ours.max_body_bytes,
        # Above that in turn: a larger body would go into a temporary file, and a read-only container has no place.
        inbuf_overflow=17 * ours.max_body_bytes,
        max_request_header_size=HEADER_BYTES,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=IDLE_SECONDS // 4,
    )
    for one in _listeners(sockets):
        one.channel_class = _Channel
    return server


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="handler.py", description="Creates OpenStack users for Concertim.")
    options.add_argument(
        "--config", metavar="FILE", type=_file, help=f"the settings (default: {settings.DEFAULT_PATH})"
    )
    listen = options.add_argument("--listen", metavar="HOST:PORT", type=_address)
    listen.help = (
        f"where to serve (default: 0.0.0.0 and the port in the environment variable {PORT_VARIABLE}, or {PORT})"
    )
    chosen = options.parse_args()
    chosen.listen = chosen.listen or default_address()
    return chosen


def default_address() -> str:
    """All addresses of this machine, at our port or at that which the environment names."""
    port = os.environ.get(PORT_VARIABLE) or str(PORT)
    if not _is_port(port):
        sys.exit(f"The environment variable {PORT_VARIABLE} names no port: {port!r}")
    return f"0.0.0.0:{port}"


def _file(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("names no file")
    return text


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not _is_port(port):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return text


def _is_port(text: str) -> bool:
    return text.isdecimal() and int(text) <= 65535


def _serve(sockets: dict[int, Any], ours: Settings) -> None:
    while not stopping.begun.done():
        _make_room(sockets)
        wasyncore.loop(timeout=NOTICE_SECONDS, use_poll=True, map=sockets, count=1)
    log.logger.info("stopping: requests in flight have %g s", ours.stop_grace)
    for one in _listeners(sockets):
        # Of the listening socket alone: the server's own close() would also take what wakes the loop.
        wasyncore.dispatcher.close(one)
    # Threads answer into their channels' buffers; it is this loop that sends them.
    while any(map(_in_flight, sockets.values())) and time.monotonic() < stopping.ends() + FLUSH_SECONDS:
        wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)
    log.logger.info("stopped")


class _Channel(HTTPChannel):
    """A connection that is closed when its request takes too long to arrive; waitress bounds only its silence."""

    _since: float | None = None

    def readable(self) -> bool:
        if self.request is None or self.requests:
            self._since = None
        elif self._since is None:
            self._since = time.monotonic()
        elif time.monotonic() - self._since > RECEIVE_SECONDS:
            self.will_close = True
        return bool(super().readable())


def _make_room(sockets: dict[int, Any]) -> None:
    """Closes those connections that have been silent for longest, before there are too many to accept one more."""
    if len(sockets) < CONNECTIONS - ROOM:
        return
    idle = [one for one in sockets.values() if isinstance(one, HTTPChannel) and not _in_flight(one)]
    for one in sorted(idle, key=lambda one: one.last_activity)[:ROOM]:
        one.will_close = True


def _listeners(sockets: dict[int, Any]) -> list[Any]:
    return [one for one in sockets.values() if isinstance(one, BaseWSGIServer)]


def _in_flight(one: Any) -> bool:
    return isinstance(one, HTTPChannel) and bool(one.requests or one.total_outbufs_len)


def _addresses(server: Any) -> str:
    """Where waitress listens: with a host name that has several addresses, on each."""
    one = [(server.effective_host, server.effective_port)] if hasattr(server, "effective_host") else []
    return ", ".join(f"{host}:{port}" for host, port in one or server.effective_listen)
