"""A loopback proxy that passes every byte on. What goes to Keystone is so many milliseconds late."""

import asyncio
import sys
from functools import partial
from typing import Any

from tools.bench.beside import serve_until_orphaned


class _Back(asyncio.Protocol):
    """The connection to Keystone, whose answers are passed back without a delay."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        self._client.close()


class _Forth(asyncio.Protocol):
    """The connection of a caller of Keystone, whose requests are delayed."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._target, self._seconds = (host, port), seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        loop = asyncio.get_running_loop()
        self._keystone = loop.create_task(loop.create_connection(partial(_Back, transport), *self._target))

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(self._seconds, self._hand_on, data)

    def _hand_on(self, data: bytes) -> None:
        # In the order in which they were received: timers of one length end in it, and tasks wake up in it.
        self._keystone.add_done_callback(lambda connected: connected.result()[0].write(data))

    def connection_lost(self, _: Exception | None) -> None:
        self._keystone.add_done_callback(_close)


def _close(connected: "asyncio.Task[Any]") -> None:
    if not connected.cancelled() and connected.exception() is None:
        connected.result()[0].close()


if __name__ == "__main__":
    target, milliseconds = sys.argv[1:]
    host, _, port = target.rpartition(":")
    serve_until_orphaned(partial(_Forth, host, int(port), int(milliseconds) / 1000))
