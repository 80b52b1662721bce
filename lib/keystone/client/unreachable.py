"""What it means that no answer came: nobody listens, the time is over, the connection was stale, or TLS fails."""

import ssl
import traceback
from collections.abc import Iterator
from http.client import BadStatusLine
from typing import TypeVar

from keystoneauth1 import exceptions as ksa
from requests.exceptions import ConnectTimeout

from lib import call
from lib.errors import DeadlineExceeded, Problem, Unreachable
from lib.keystone.client import tls
from lib.keystone.client.problems import ConnectionStale, HandshakeTimedOut, TlsRefused
from lib.keystone.client.sockets import HandshakeTimeout, Stale

# A refused connection has five causes. Causes may also form a circle.
MOST_CAUSES = 8
# The beginning of an alert of TLS, which is the answer to plain HTTP.
TLS_ALERT = "\x15\x03"

_Error = TypeVar("_Error", bound=BaseException)


def problem_of(error: ksa.ConnectionError, step: str) -> tuple[type[Problem], str]:
    """Returns the kind of problem that it is, and its message."""
    if isinstance(error, ksa.SSLError):
        return tls.problem_of(_cause(error, ssl.SSLError))
    if (
        isinstance(error, ksa.ConnectTimeout)
        and not isinstance(error.__context__, ConnectTimeout)
        and call.current().is_over()
    ):
        return DeadlineExceeded, f"Keystone took too long to {step}. Repeat the request."
    if _cause(error, HandshakeTimeout):
        return HandshakeTimedOut, "Keystone does not begin TLS at cloud_env.auth_url. Repeat the request."
    if _cause(error, Stale):
        return ConnectionStale, f"Keystone closed the connection when asked to {step}. Repeat the request."
    if str(getattr(_cause(error, BadStatusLine), "line", "")).startswith(TLS_ALERT):
        return TlsRefused, tls.SECURED
    return Unreachable, "Keystone cannot be reached at cloud_env.auth_url."


def is_stale(error: BaseException) -> bool:
    """Whether the cause is a cached connection that the other end had closed."""
    return _cause(error, Stale) is not None


def detail(error: BaseException) -> str:
    """Returns the errors that led to this one, what the system calls them, and where it was raised, for the log.

    The texts of libraries are left out, because they quote what was sent and answered.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{', '.join(_causes(error))} at {place.filename}:{place.lineno}"


def _causes(error: BaseException) -> Iterator[str]:
    for one in _chain(error):
        said = one.strerror if isinstance(one, OSError) else None
        yield type(one).__name__ + (f" ({said})" if said else "")


def _cause(error: BaseException, kind: type[_Error]) -> _Error | None:
    """Returns the one of this kind among the errors that led to it."""
    return next((one for one in _chain(error) if isinstance(one, kind)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Returns the error and those that led to it, MOST_CAUSES at most."""
    for _ in range(MOST_CAUSES):
        if error:
            yield error
            # Of some errors, urllib3 keeps the cause only as an argument.
            inner = next((one for one in error.args if isinstance(one, BaseException)), None)
            error = error.__cause__ or error.__context__ or inner
