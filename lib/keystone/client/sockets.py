"""HTTP connections to allowed hosts only. Each sends a request in one piece, and a wait for its answer can be ended."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from lib import call
from lib.keystone.client.allowed_hosts import allowed_among


class _Wait:
    """The socket at which a thread waits for Keystone's answer, once there is one."""

    wire: socket.socket | None = None

    def cancel(self) -> None:
        wire = self.wire
        if wire:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


_of_thread = threading.local()


@contextmanager
def cancelled_in_time() -> Iterator[None]:
    """Ends the wait of this thread at one of these connections when the call's time is over.

    A time-out only bounds the wait for the next byte: a peer that sends one now and then could hold a thread for ever.
    """
    _of_thread.wait = wait = _Wait()
    with call.current().waiting(wait.cancel):
        yield


def opened_by_this_thread() -> int:
    """Returns how many connections this thread has opened until now, also in place of others that were closed."""
    return int(getattr(_of_thread, "opened", 0))


class Stale(ConnectionResetError):
    """The other end had closed the cached connection. Some do so after each answer without saying so."""


class HandshakeTimeout(TimeoutError):
    """The connection is open, and the other end does not begin TLS."""


class _Plain(HTTPConnection):
    """A connection to an allowed address."""

    _has_answered = False
    _unsent: bytearray | None = None

    def opened(self) -> socket.socket:
        """Returns the open socket. Raises what urllib3 or the system does."""
        return self._new_conn()

    def _new_conn(self) -> socket.socket:
        self._has_answered = False
        _of_thread.opened = opened_by_this_thread() + 1
        name = self.host
        try:
            found = [str(one[4][0]) for one in socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)]
        except OSError:
            # urllib3 has its own exception for a name that cannot be resolved.
            return super()._new_conn()
        # Connects to an address that was checked: the name might resolve to another one the next time.
        try:
            return self._first_of(allowed_among([*dict.fromkeys(found)]))
        finally:
            self.host = name

    def _first_of(self, addresses: Sequence[str]) -> socket.socket:
        *others, last = addresses
        for address in others:
            self.host = address
            with suppress(HTTPError):
                return super()._new_conn()
        self.host = last
        return super()._new_conn()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Sends the head and the body in one piece, for which the other end need not wake up twice."""
        self._unsent = bytearray()
        try:
            super().request(*args, **kwargs)
        finally:
            whole, self._unsent = self._unsent, None
        self.send(whole)

    def send(self, data: Any) -> None:
        """Holds the parts of a request back until it is complete."""
        if self._unsent is None:
            super().send(data)
        else:
            self._unsent += data

    def getresponse(self) -> Any:
        wait = getattr(_of_thread, "wait", None)
        if wait:
            wait.wire = self.sock
        try:
            answer = super().getresponse()
        except ConnectionError as error:
            if self._has_answered:
                raise Stale from error
            raise
        self._has_answered = True
        return answer


class _Secured(_Plain, HTTPSConnection):
    """A connection with TLS."""

    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError as error:
            raise HandshakeTimeout from error


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecuredPool(HTTPSConnectionPool):
    ConnectionCls = _Secured


# A pool manager of urllib3 makes its connections with these.
POOLS = {"http": _PlainPool, "https": _SecuredPool}


@contextmanager
def opened(url: str, seconds: float) -> Iterator[socket.socket]:
    """Opens a socket to where calls to this URL go. The seconds and the call's time bound each wait at it."""
    where = urlsplit(url)
    bound = min(seconds, call.current().seconds_left())
    with _Plain(where.hostname or "", where.port, timeout=bound).opened() as wire:
        wire.settimeout(bound)
        yield wire
