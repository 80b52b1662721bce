"""From WSGI to the functions and back: routes, callers, statuses and headers. It does not know what functions do."""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import get_content_length

from lib import call
from lib.call import context, log
from lib.endpoint import Endpoint, refuse
from lib.errors import MethodNotAllowed, Misconfigured, NoSuchPath, Unauthorized
from lib.keystone.connect import load_ahead
from lib.serving import auth, startup
from lib.serving.admission import slot
from lib.serving.body import TERMINATED, body_of
from lib.serving.contract import pages_beside
from lib.serving.pages import Page
from lib.serving.responses import response_of
from lib.serving.routing import Choose, Routes, by_route

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Application = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]

# Characters of method and path in the log. A caller may send more.
LONGEST_METHOD_AND_PATH = 200
# What in a path could look like further fields of a line in the log.
_UNSAFE = re.compile(r"[^\w ./~%+@-]")


def wsgi(served: Routes | Endpoint, open_to_all: Collection[Endpoint] = ()) -> Application:
    """Returns the WSGI application that serves these functions, each at its (method, path). It never raises.

    The pages of the service itself are served beside them. A single function is served at any path and by any method,
    without pages. A caller must first show that it may call, unless the function is `open_to_all`. At most
    `max_concurrent_requests` of the others are served in parallel. A str body is answered as text/plain, any other as a
    JSON object.
    """
    choose = (
        by_route(served, pages_beside(served, open_to_all))
        if isinstance(served, Mapping)
        else lambda _method, _path: served
    )

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        caller = environ.get("REMOTE_ADDR") or ""
        with call.serving("request", caller=caller, token=context.NOT_SHOWN) as this:
            try:
                _complete(environ)
                response = _response(Request(environ), choose, open_to_all)
            except Exception as error:
                response = response_of(refuse(_told_to_anybody(error)), _headers_of(error))
            response.headers["X-OpenStack-Request-ID"] = this.request_id
            return response(environ, start_response)

    return application


def _complete(environ: "WSGIEnvironment") -> None:
    """Puts right what some hosts leave out of the environment, or mean otherwise than Werkzeug does."""
    # Werkzeug needs the method to answer, too.
    environ["REQUEST_METHOD"] = environ.get("REQUEST_METHOD") or "GET"
    path = environ.get("PATH_INFO") or ""
    # WSGI has a character for each byte, and some hosts have decoded the bytes already.
    decoded = not path.isascii() and max(path) > "\xff"
    environ["PATH_INFO"] = path.encode(errors="replace").decode("latin-1") if decoded else path
    if get_content_length(environ) is not None or not environ.get(TERMINATED):
        # With this key, whatever its value, Werkzeug reads to the end: a body cut short would pass for complete.
        environ.pop(TERMINATED, None)


def _response(request: Request, choose: Choose, open_to_all: Collection[Endpoint]) -> Response:
    # From v0.2.3 on, the UI's base URL is free text. One that ends in a slash leads to //user.
    path = re.sub("/+", "/", request.path)
    this = call.current()
    this.function = _UNSAFE.sub("?", f"{request.method} {path}"[:LONGEST_METHOD_AND_PATH])
    try:
        found = choose(request.method, path)
        if isinstance(found, Page):
            this.served = path.rstrip("/")
            response = found.response()
            if asked := log.calls_to_keystone():
                log.write(logging.DEBUG, "asked Keystone", facts=asked)
            return response
        this.served = found.__name__
    except (MethodNotAllowed, NoSuchPath):
        # Nobody learns without a token which other paths and methods are served.
        startup.prepare()
        auth.authenticate(request)
        raise
    startup.prepare()
    load_ahead()
    if found in open_to_all:
        return response_of(found(body_of(request)))
    auth.authenticate(request)
    body = body_of(request)
    with slot():
        return response_of(found(body))


def _told_to_anybody(error: Exception) -> Exception:
    """Returns the error as any caller may be told of it: what is wrong with the settings names files."""
    if isinstance(error, Misconfigured):
        return Misconfigured("The settings of this service cannot be used; its log says why.", detail=error.message)
    return error


def _headers_of(error: Exception) -> dict[str, str]:
    if isinstance(error, MethodNotAllowed):
        return {"Allow": error.allowed}
    return {"WWW-Authenticate": 'Bearer realm="UserHandler"'} if isinstance(error, Unauthorized) else {}
