"""What it means that no answer came: nobody is there, the time is over, the connection was stale, or TLS fails."""

import ssl
import traceback
from collections.abc import Iterator
from http.client import BadStatusLine
from typing import TypeVar

from keystoneauth1 import exceptions as ksa
from requests.exceptions import ConnectTimeout

import lib.keystone.tls as tls
from lib import call
from lib.errors import DeadlineExceeded, KeystoneFailed, NotKeystone, Problem, Unreachable
from lib.keystone.dialling import HandshakeTimeout, Stale

# Those of a refused connection are five; and causes may go round in a circle.
MOST_CAUSES = 8
# How a record of TLS begins that says what is wrong: as an answer to plain HTTP.
TLS_ALERT = "\x15\x03"

_Error = TypeVar("_Error", bound=BaseException)


class ConnectionStale(KeystoneFailed):
    """The kept connection was closed before an answer came; most likely Keystone did not get the call."""


def meaning(error: ksa.ConnectionError, step: str) -> tuple[type[Problem], str]:
    """The problem that it is, and its message."""
    if isinstance(error, ksa.SSLError):
        return tls.problem_of(_cause(error, ssl.SSLError))
    if (
        isinstance(error, ksa.ConnectTimeout)
        and not isinstance(error.__context__, ConnectTimeout)
        and call.current().is_over()
    ):
        return DeadlineExceeded, f"Keystone took too long to {step}. Repeat the request."
    if _cause(error, HandshakeTimeout):
        return tls.HandshakeTimedOut, "Keystone does not begin TLS at cloud_env.auth_url. Repeat the request."
    if _cause(error, Stale):
        return ConnectionStale, f"Keystone closed the connection when asked to {step}. Repeat the request."
    if str(getattr(_cause(error, BadStatusLine), "line", "")).startswith(TLS_ALERT):
        return NotKeystone, tls.SECURED
    return Unreachable, "Keystone cannot be reached at cloud_env.auth_url."


def detail(error: BaseException) -> str:
    """For the log: the errors that led to this one, what the system calls them, and where it was raised.

    Not the texts of libraries, as they quote what was sent and answered.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{', '.join(_causes(error))} at {place.filename}:{place.lineno}"


def _causes(error: BaseException) -> Iterator[str]:
    for one in _chain(error):
        said = one.strerror if isinstance(one, OSError) else None
        yield type(one).__name__ + (f" ({said})" if said else "")


def _cause(error: BaseException, kind: type[_Error]) -> _Error | None:
    """The one of this kind among the errors that led to it."""
    return next((one for one in _chain(error) if isinstance(one, kind)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that led to it, at most so many."""
    for _ in range(MOST_CAUSES):
        if error:
            yield error
            # urllib3 has some as an argument alone.
            inner = next((one for one in error.args if isinstance(one, BaseException)), None)
            error = error.__cause__ or error.__context__ or inner
