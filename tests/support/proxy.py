"""A loopback proxy before Keystone that records every call and can answer, delay or spoil any of them."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

Answered = tuple[int, dict[str, str], bytes]
Fault = Callable[["Exchange"], None]


@dataclass
class Proxy:
    """The calls that went through the proxy, each as its method and its path without /v3 and query.

    `instead` may answer a call itself, or return the fault that serves it; `over` is set when the proxy ends.
    """

    auth_url: str
    calls: list[tuple[str, str]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    """The path of each call, with its query."""
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    instead: Callable[[str, str], Answered | Fault | None] = lambda _method, _path: None
    over: threading.Event = field(default_factory=threading.Event)

    def tokens(self) -> int:
        """Returns how many times a client has logged in."""
        return self.calls.count(("POST", "/auth/tokens"))


class Exchange(BaseHTTPRequestHandler):
    """One call, as a fault sees it."""

    protocol_version = "HTTP/1.1"
    keystone: ClassVar[str]
    seen: ClassVar[Proxy]
    lock: ClassVar[threading.Lock]

    def setup(self) -> None:
        """Counts a new connection."""
        super().setup()
        with self.lock:
            self.seen.connections += 1

    def ask_keystone(self) -> Answered:
        """Passes the call on to Keystone, and returns its answer."""
        with closing(HTTPConnection(self.keystone, timeout=60)) as keystone:
            keystone.request(self.command, self.path, self.body, dict(self.headers))
            answer = keystone.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def reply(self, answered: Answered) -> None:
        """Sends the whole of this answer."""
        self.send(self.as_bytes(answered))

    def as_bytes(self, answered: Answered) -> bytes:
        """Returns the answer as it goes over the wire."""
        status, headers, data = answered
        lines = [f"HTTP/1.1 {status} {self.responses.get(status, [''])[0]}"]
        for name, value in headers.items():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                lines.append(f"{name}: {value}")
        return "\r\n".join([*lines, f"Content-Length: {len(data)}", "", ""]).encode("latin-1") + data

    def send(self, data: bytes) -> None:
        """Sends these bytes, unless the client has disconnected."""
        with suppress(OSError):
            self.wfile.write(data)

    def cut(self) -> None:
        """Closes the connection without an answer."""
        self.close_connection = True

    def serve(self) -> None:
        """Serves one call."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path.removeprefix("/v3")
        with self.lock:
            self.seen.calls.append((self.command, path))
            self.seen.targets.append(self.path)
            self.seen.headers.append(dict(self.headers))
        instead = self.seen.instead(self.command, path)
        if callable(instead):
            instead(self)
        else:
            self.reply(instead or self.ask_keystone())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = serve  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Logs nothing, since BaseHTTPRequestHandler would write every call to standard error."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Twenty clients may connect at the same moment, more than the default queue of five can hold.
    request_queue_size = 128


@contextmanager
def proxy(target: str, tls: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """Runs a proxy before the Keystone at this URL, behind TLS if a context is given."""

    class Handler(Exchange):
        keystone = urlsplit(target).netloc
        lock = threading.Lock()

    with _Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            # A slow handshake must not block the thread that accepts connections, so the serving thread does it.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        Handler.seen = Proxy(f"http://127.0.0.1:{server.server_port}/v3")
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield Handler.seen
        finally:
            Handler.seen.over.set()
            server.shutdown()
