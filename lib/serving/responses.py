"""From the status and body of an answer to an HTTP response."""

import json
from collections.abc import Mapping
from types import MappingProxyType

from werkzeug.wrappers import Response

from lib.endpoint import Answer
from lib.errors import RETRY_AFTER


def response_of(answer: Answer, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Returns the response with these headers, and with those that belong to its status."""
    status, body = answer
    belonging = {"Retry-After": str(RETRY_AFTER[status])} if status in RETRY_AFTER else {}
    if isinstance(body, str):
        return Response(body, status, {**headers, **belonging}, mimetype="text/plain")
    return Response(f"{json.dumps(body)}\n", status, {**headers, **belonging}, mimetype="application/json")
