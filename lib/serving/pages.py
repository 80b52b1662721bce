"""What the service answers by itself: without a function, a token or a slot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Response

from lib.answer.body import Alive, Body, Ready
from lib.serving import readiness
from lib.serving.responses import response_of


@dataclass(frozen=True)
class Page:
    """Something that anybody may read with GET."""

    response: Callable[[], Response]
    """Makes the response. A Problem that it raises is answered."""
    body: type[Body] | None = None
    """What it answers, where that is a JSON object with a model."""
    media_type: str = "application/json"
    in_contract: bool = True
    """Whether the contract tells of it."""
    is_served: Callable[[], bool] = lambda: True
    """Whether the settings let it be served. Otherwise its path is answered as any other that is not."""


def healthz() -> Response:
    """Says that the process can answer at all, whatever its settings and Keystone are."""
    return response_of((Alive.status_code, Alive().value()))


def readyz() -> Response:
    """Says that a request would be served now, or answers the error that the request would get.

    Errors: 500 the settings cannot be used; 502 Keystone does not answer at the setting `readiness_auth_url`; 503 the
    service is being stopped, or all slots are in use.
    """
    readiness.check()
    return response_of((Ready.status_code, Ready().value()))


PAGES: Mapping[str, Page] = {
    "/healthz": Page(healthz, Alive),
    "/readyz": Page(readyz, Ready),
}
