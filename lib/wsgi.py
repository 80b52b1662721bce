"""From WSGI to the functions and back: paths, methods, bodies and headers. Nothing here knows what a function does."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug import exceptions as werkzeug
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import get_content_length

from lib import call, caller, keystone, settings, startup
from lib.endpoint import Endpoint, refuse
from lib.errors import (
    RETRY_AFTER,
    Answer,
    BadRequest,
    ContentTooLarge,
    LengthRequired,
    MethodNotAllowed,
    Misconfigured,
    NoSuchPath,
    Problem,
    Unauthorized,
    UnsupportedMediaType,
)
from lib.places import place

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Routes = Mapping[tuple[str, str], Endpoint]
Application = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]
# From method and path to the function served there, or to what is told instead, with the methods that are allowed.
Choice = Callable[[str, str], tuple[Endpoint | Problem, Collection[str]]]

# Set by hosts, and by the wrappers in lib/hosts.py, where a body without a length ends by itself.
TERMINATED = "wsgi.input_terminated"
SEE_THE_LOG = "The settings of this service cannot be used; its log says why."
# Characters of method and path that the log has; whoever calls may send more.
LONGEST_NAME = 200


def wsgi(served: Routes | Endpoint, open_to_all: Collection[Endpoint] = ()) -> Application:
    """The WSGI application that serves these functions, each at its (method, path). It never raises, as they never do.

    One function alone is served at any path, by any method. Who asks for a function that is not open to all must show
    that they may call, before anything else is looked at; and only so many of those are served at once. A str body is
    answered as text/plain, any other as a JSON object.
    """
    choose = _of_table(served) if isinstance(served, Mapping) else lambda _method, _path: (served, ())

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with call.serving("request") as this:
            allowed: set[str] = set()
            try:
                _make_good(environ)
                answer = _answer(Request(environ), choose, open_to_all, allowed)
            except Misconfigured as error:
                # Whoever asks may be anybody, and what is wrong names files.
                answer = refuse(Misconfigured(SEE_THE_LOG, detail=error.message))
            except Exception as error:
                answer = refuse(error)
            return _response(answer, this.request_id, allowed)(environ, start_response)

    return application


def _make_good(environ: "WSGIEnvironment") -> None:
    """What hosts leave out, or mean otherwise than Werkzeug takes it."""
    # Werkzeug needs it to answer, too.
    environ["REQUEST_METHOD"] = environ.get("REQUEST_METHOD") or "GET"
    environ["PATH_INFO"] = _as_wsgi_has_it(environ.get("PATH_INFO") or "")
    if get_content_length(environ) is not None or not environ.get(TERMINATED):
        # With it, whatever its value, Werkzeug reads to the end: a body cut short would pass for whole.
        environ.pop(TERMINATED, None)


def _as_wsgi_has_it(path: str) -> str:
    """The path with a byte for each character, which some hosts have made characters of already."""
    return path if path.isascii() or max(path) <= "\xff" else path.encode(errors="replace").decode("latin-1")


def _of_table(routes: Routes) -> Choice:
    # No redirect for a slash too many or too few: the UI must not depend on following one.
    rules = [Rule(path, methods=[method], endpoint=function) for (method, path), function in routes.items()]
    paths = Map(rules, merge_slashes=False, strict_slashes=False)

    def choose(method: str, path: str) -> tuple[Endpoint | Problem, Collection[str]]:
        route = paths.bind("", path_info=path, default_method=method)
        try:
            return route.match()[0], ()
        except werkzeug.MethodNotAllowed as error:
            methods = ", ".join(sorted(error.valid_methods or ()))
            return MethodNotAllowed(f"This path is served for {methods} only."), [*route.allowed_methods()]
        except werkzeug.NotFound:
            return NoSuchPath(
                "UserHandler does not serve this path. Key pairs, status updates, invoices, credits, orders, quotas and"
                " statistics belong to other Concertim services."
            ), ()

    return choose


def _answer(request: Request, choose: Choice, open_to_all: Collection[Endpoint], allowed: set[str]) -> Answer:
    """What is answered by the function at this path, if the caller may know; else fills in what is `allowed`."""
    # From UI v0.2.3 on the base URL is free text: one that ends in a slash gives //user.
    path = re.sub("/+", "/", request.path)
    call.current().function = f"{request.method} {path}"[:LONGEST_NAME]
    function, methods = choose(request.method, path)
    call.current().by_anybody = True
    startup.prepare()
    keystone.load_ahead()
    if not isinstance(function, Problem) and function in open_to_all:
        return function(_body(request))
    try:
        caller.authenticate(request.headers.get("Authorization", ""))
    except Unauthorized as refusal:
        refusal.detail = f"{refusal.detail} from {request.remote_addr}".strip()
        raise
    call.current().by_anybody = False
    if isinstance(function, Problem):
        allowed.update(methods)
        raise function
    body = _body(request)
    with place():
        return function(body)


def _body(request: Request) -> dict[str, Any]:
    """The JSON object that came with the request; GET and HEAD need none."""
    if request.method in ("GET", "HEAD"):
        return {}
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if chunked and request.content_length is None and TERMINATED not in request.environ:
        raise LengthRequired("Send the body with a Content-Length: this host does not pass chunked bodies on.")
    if request.mimetype not in ("", "application/json"):
        raise UnsupportedMediaType("Send the body as application/json.")
    return _json_object(_read(request, settings.current().max_body_bytes))


def _read(request: Request, most: int) -> bytes:
    # One more, as Werkzeug cuts a body of unknown length off at its limit without a word.
    request.max_content_length = most + 1
    try:
        data = request.get_data()
    except werkzeug.RequestEntityTooLarge:
        data = None
    except Exception as error:
        # The host's own, for a body that is framed wrongly; its text may quote the body, secrets and all.
        raise BadRequest(
            "request: the body ended before it was complete, or is framed wrongly", detail=type(error).__name__
        ) from None
    if data is None or len(data) > most:
        raise ContentTooLarge(f"The body has more than {most} bytes.")
    return data


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode(), parse_constant=_not_json, object_pairs_hook=_without_repeated_keys)
    except json.JSONDecodeError as error:
        raise BadRequest(f"request: is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise BadRequest("request: is not JSON that can be read: UTF-8, each key once, no NaN, not too deep") from None
    if not isinstance(value, dict):
        raise BadRequest("request: must be an object")
    return value


def _not_json(_: str) -> NoReturn:
    raise ValueError


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        raise ValueError
    return whole


def _response(answer: Answer, request_id: str, allowed: set[str]) -> Response:
    status, body = answer
    headers = {"X-OpenStack-Request-ID": request_id}
    if status in RETRY_AFTER:
        headers["Retry-After"] = str(RETRY_AFTER[status])
    if status == 405:
        headers["Allow"] = ", ".join(sorted(allowed))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="UserHandler"'
    if isinstance(body, str):
        return Response(body, status, headers, mimetype="text/plain")
    return Response(json.dumps(body), status, headers, mimetype="application/json")
