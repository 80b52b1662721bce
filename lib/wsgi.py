"""From WSGI to the functions and back: paths, methods, bodies and headers. Nothing here knows what a function does."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug import exceptions as werkzeug
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.wrappers import Request, Response

from lib import call, settings
from lib.endpoint import Endpoint, refuse
from lib.errors import (
    RETRY_AFTER,
    Answer,
    BadRequest,
    ContentTooLarge,
    LengthRequired,
    MethodNotAllowed,
    NoSuchPath,
    UnsupportedMediaType,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Routes = Mapping[tuple[str, str], Endpoint]
Application = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]


def wsgi(routes: Routes) -> Application:
    """The WSGI application that serves these functions, each at its (method, path). It never raises, as they never do.

    A str body is answered as text/plain, any other as a JSON object.
    """
    # No redirect for a slash too many or too few: the UI must not depend on following one.
    rules = [Rule(path, methods=[method], endpoint=function) for (method, path), function in routes.items()]
    paths = Map(rules, merge_slashes=False, strict_slashes=False)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with call.serving("request") as this:
            # Werkzeug needs it to answer, too.
            environ.setdefault("REQUEST_METHOD", "GET")
            allowed: set[str] = set()
            try:
                request = Request(environ)
                # From UI v0.2.3 on the base URL is free text: one that ends in a slash gives //user.
                path = re.sub("/+", "/", request.path)
                route = paths.bind("", path_info=path, default_method=request.method)
                allowed.update(route.allowed_methods())
                function, body = _function(route), _body(request)
            except Exception as error:
                answer = refuse(error)
            else:
                answer = function(body)
            return _response(answer, this.request_id, allowed)(environ, start_response)

    return application


def _function(route: MapAdapter) -> Endpoint:
    try:
        function: Endpoint = route.match()[0]
    except werkzeug.MethodNotAllowed as error:
        methods = ", ".join(sorted(error.valid_methods or ()))
        raise MethodNotAllowed(f"This path is served for {methods} only.") from None
    except werkzeug.NotFound:
        raise NoSuchPath(
            "UserHandler does not serve this path. Key pairs, status updates, invoices, credits, orders, quotas and"
            " statistics belong to other Concertim services."
        ) from None
    return function


def _body(request: Request) -> dict[str, Any]:
    """The JSON object that came with the request; GET and HEAD need none."""
    if request.method in ("GET", "HEAD"):
        return {}
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if chunked and request.content_length is None and not request.environ.get("wsgi.input_terminated"):
        raise LengthRequired("Send the body with a Content-Length: this host does not pass chunked bodies on.")
    if request.mimetype not in ("", "application/json"):
        raise UnsupportedMediaType("Send the body as application/json.")
    request.max_content_length = settings.current().max_body_bytes
    try:
        return _json_object(request.get_data())
    except werkzeug.RequestEntityTooLarge:
        raise ContentTooLarge(f"The body has more than {request.max_content_length} bytes.") from None
    except werkzeug.HTTPException:
        raise BadRequest("request: the body ended before it was complete") from None


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
    if isinstance(body, str):
        return Response(body, status, headers, mimetype="text/plain")
    return Response(json.dumps(body), status, headers, mimetype="application/json")
