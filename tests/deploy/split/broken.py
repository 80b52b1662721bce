"""Servers that fail, each in its own way, and raw requests to what stands before them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPResponse
from threading import Thread

from tests.deploy.split.fronts import Front


@dataclass
class Breaking:
    """A server that takes each request and closes the connection without an answer. It is healthy when asked."""

    address: str
    requests: int = 0
    """How many requests it got, without health checks."""


@contextmanager
def breaking() -> Iterator[Breaking]:
    """Runs such a server at a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = Breaking(f"127.0.0.1:{listener.getsockname()[1]}")

        def serve() -> None:
            # The listener is shut down at the end.
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        request = connection.recv(1 << 16)
                        if request.startswith(b"GET /readyz "):
                            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
                        # A health check of the older server connects, and sends nothing.
                        elif request:
                            running.requests += 1

        thread = Thread(target=serve)
        thread.start()
        try:
            yield running
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def said_to(front: Front, sent: bytes) -> tuple[int, str | None, bytes] | None:
    """Sends these bytes to a front, without TLS, and returns status, type and body of its answer.

    Returns None if it closes the connection without an answer.
    """
    host, _, port = front.url.rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        # A front may close the connection while there is more to read.
        with suppress(ConnectionError):
            connection.sendall(sent)
        answer = HTTPResponse(connection)
        try:
            answer.begin()
        except (ConnectionError, BadStatusLine):
            return None
        return answer.status, answer.getheader("Content-Type"), answer.read()
