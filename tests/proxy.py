"""A loopback proxy before Keystone that notes every call and can answer some of them itself."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

Answered = tuple[int, dict[str, str], bytes]


@dataclass
class Proxy:
    """What went through: (method, path without /v3 and query) of each call.

    `instead` may answer one itself; `afterwards` may replace what Keystone has answered.
    """

    auth_url: str
    calls: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    instead: Callable[[str, str], Answered | None] = lambda _method, _path: None
    afterwards: Callable[[str, str], Answered | None] = lambda _method, _path: None

    def tokens(self) -> int:
        """How many times somebody logged in."""
        return self.calls.count(("POST", "/auth/tokens"))


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """Runs a proxy before the Keystone at this URL."""
    host = urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        lock: ClassVar = threading.Lock()

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path.removeprefix("/v3")
            with self.lock:
                seen.calls.append((self.command, path))
                seen.headers.append(dict(self.headers))
            answered = seen.instead(self.command, path) or self.ask_keystone(body)
            status, headers, data = seen.afterwards(self.command, path) or answered
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            # Whoever asked may have been killed meanwhile.
            with suppress(ConnectionError):
                self.wfile.write(data)

        def ask_keystone(self, body: bytes) -> Answered:
            with closing(HTTPConnection(host, timeout=60)) as keystone:
                keystone.request(self.command, self.path, body, dict(self.headers))
                answer = keystone.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = forward  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        seen = Proxy(f"http://127.0.0.1:{server.server_port}/v3")
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield seen
        finally:
            server.shutdown()
