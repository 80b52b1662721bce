"""A stand-in for the older Concertim server, on the same web framework: it answers with what it was asked.

`python -m tests.support.older_server --listen HOST:PORT` runs it until it is stopped.
"""

import argparse
import json
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NAME = "the older server"


@dataclass
class OlderServer:
    """A running stand-in.

    Its answer has the server's name, and the method, path, query, headers and body of the request. A query has it
    answer otherwise: `?status=500` with that status, and `?after=2` only after two seconds.
    """

    address: str = ""
    """The host:port at which it listens."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """The method and path of each request, in order. A redirect is one, too."""

    def application(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers one request."""
        request = Request(environ)
        self.asked.append((request.method, request.path))
        if "//" in request.path:
            # As Flask does.
            return redirect(re.sub("/+", "/", request.path), 308)(environ, start_response)
        time.sleep(float(request.args.get("after", 0)))
        told = {
            "server": NAME,
            "method": request.method,
            "path": request.path,
            "query": request.query_string.decode(),
            "headers": dict(request.headers),
            "body": request.get_data(as_text=True),
        }
        response = Response(f"{json.dumps(told)}\n", int(request.args.get("status", 200)), mimetype="application/json")
        return response(environ, start_response)


class _WithoutLog(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's own name for it
        """Writes nothing, as the log of a test is that of what it tests."""


@contextmanager
def older_server(listen: str = "127.0.0.1:0") -> Iterator[OlderServer]:
    """Runs the stand-in at this host:port, by default at a free port of loopback, and yields it."""
    older = OlderServer()
    host, _, port = listen.rpartition(":")
    server = make_server(host, int(port), older.application, threaded=True, request_handler=_WithoutLog)
    older.address = f"{host}:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield older
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Runs a stand-in for the older Concertim server until it is stopped.")
    options.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:42358")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with older_server(options.parse_args().listen) as running:
        print(f"listening on {running.address}", flush=True)
        signal.pause()
