"""From the bytes of a request to the JSON object in them."""

import json
from typing import Any, NoReturn

from werkzeug import exceptions as werkzeug
from werkzeug.wrappers import Request

from lib import settings
from lib.errors import BadRequest, ContentTooLarge, LengthRequired, UnsupportedMediaType

# Set by hosts, and by the wrappers in adapters.py, where a body without a length ends by itself.
TERMINATED = "wsgi.input_terminated"


def body_of(request: Request) -> dict[str, Any]:
    """Returns the JSON object that came with the request. GET and HEAD need none.

    Raises BadRequest, ContentTooLarge, LengthRequired or UnsupportedMediaType.
    """
    if request.method in ("GET", "HEAD"):
        return {}
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if chunked and request.content_length is None and TERMINATED not in request.environ:
        raise LengthRequired("Send the body with a Content-Length: this host does not pass chunked bodies on.")
    if request.mimetype not in ("", "application/json"):
        raise UnsupportedMediaType("Send the body as application/json.")
    return json_object(_read(request, settings.current().max_body_bytes))


def _read(request: Request, most: int) -> bytes:
    # One more byte: Werkzeug silently cuts a body of unknown length off at its limit.
    request.max_content_length = most + 1
    try:
        data = request.get_data()
    except werkzeug.RequestEntityTooLarge:
        data = None
    except Exception as error:
        # This is the host's own error for a wrongly framed body. Its text may quote the body with its secrets.
        raise BadRequest(
            "request: the body ended before it was complete, or is framed wrongly", detail=type(error).__name__
        ) from None
    if data is None or len(data) > most:
        raise ContentTooLarge(f"The body has more than {most} bytes.")
    return data


def json_object(data: bytes) -> dict[str, Any]:
    """Returns the JSON object in the bytes. Raises BadRequest."""
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
