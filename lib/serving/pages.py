"""What the service answers by itself: without a function, a token or a slot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Response

from lib.serving import readiness
from lib.serving.responses import response_of


@dataclass(frozen=True)
class Page:
    """Something that anybody may read with GET."""

    response: Callable[[], Response]
    """Makes the response. A Problem that it raises is answered. NoSuchPath means that the page is not served."""


def healthz() -> Response:
    """Answers 200 as long as the process can answer at all, whatever its settings and Keystone are."""
    return response_of((200, {"status": "ok"}))


def readyz() -> Response:
    """Answers 200 where a request would be served now, else the error that it would get."""
    readiness.check()
    return response_of((200, {"status": "ready"}))


PAGES: Mapping[str, Page] = {
    "/healthz": Page(healthz),
    "/readyz": Page(readyz),
}
