"""Turns what keystoneauth and keystoneclient raise into problems that say what a person can do."""

import re
import traceback
from collections.abc import Iterator

from keystoneauth1 import exceptions as ksa
from requests.exceptions import ConnectTimeout

from lib import call, log
from lib.errors import (
    BadRequest,
    CloudEnvRefused,
    DeadlineExceeded,
    KeystoneBusy,
    KeystoneFailed,
    NotKeystone,
    Problem,
    RightsMissing,
    Unfinished,
)
from lib.keystone.dialling import Stale
from lib.masking import mask


class Taken(Unfinished):
    """Keystone's 409: the name exists. A step resolves it; one that escapes is answered as "repeat"."""


class Gone(Unfinished):
    """Keystone's 404: what the call named does not exist (any more). A step resolves it, as above."""


class ConnectionStale(KeystoneFailed):
    """Not a failure of Keystone's, as it did not get to know of the call, or ended while at it."""


NO_KEYSTONE = "What answers at cloud_env.auth_url is not a Keystone v3."
# Enough for the rules of a password policy.
LONGEST_TEXT = 1000
# Those of a refused connection are five; and causes may go round in a circle.
MOST_CAUSES = 8
# OpenStack's own have 40 characters.
LONGEST_REQUEST_ID = 80
# By these Keystone says that it did nothing.
REFUSALS = (Taken, Gone, BadRequest, CloudEnvRefused, RightsMissing)
# These may pass: a short wait and another try can do. Rights among them, as a Keystone that serves requests in threads
# refuses those that come at once while it loads its policy for the first of them (Keystone 30, each time).
TRANSIENT = (KeystoneBusy, KeystoneFailed, RightsMissing)


def problem(error: Exception, step: str) -> Problem:
    """The problem that an exception out of the Keystone libraries means, while trying to do `step`."""
    if isinstance(error, Problem):
        error.step = error.step or step
        return error
    kind, message = _meaning(error, step)
    return kind(
        message,
        step=step,
        keystone_request_id=mask(getattr(error, "request_id", None) or "")[:LONGEST_REQUEST_ID],
        detail=_detail(error),
    )


def _meaning(error: Exception, step: str) -> tuple[type[Problem], str]:
    match error:
        case ksa.Unauthorized() | ksa.AuthorizationFailure() | ksa.MissingAuthMethods():
            return CloudEnvRefused, (
                "Keystone refuses the credentials in cloud_env: the user, password or project is wrong or disabled,"
                " or the user has no role on the project."
            )
        case ksa.Forbidden():
            why = f"Keystone does not let the account in cloud_env {step}: {_text(error)}"
            return RightsMissing, f"{why} It needs the role admin, or the policy in SECURITY.md."
        case ksa.NotFound():
            return Gone, f"Keystone does not know what is needed to {step}. Repeat the request."
        case ksa.Conflict():
            return Taken, f"Keystone refuses to {step}: the name is taken. Repeat the request."
        case ksa.BadRequest() | ksa.RequestEntityTooLarge() | ksa.UnprocessableEntity():
            return BadRequest, f"Keystone refuses to {step}: {_text(error)}"
        case ksa.TooManyRequests() | ksa.ServiceUnavailable():
            return KeystoneBusy, f"Keystone is too busy to {step}. Repeat the request."
        case ksa.HttpServerError():
            return KeystoneFailed, f"Keystone failed to {step}, with status {error.http_status}. Repeat the request."
        # Else it is a handshake that took too long.
        case ksa.ConnectTimeout() if not isinstance(error.__context__, ConnectTimeout) and call.current().is_over():
            return DeadlineExceeded, f"Keystone took too long to {step}. Repeat the request."
        case ksa.SSLError():
            return NotKeystone, "The certificate of cloud_env.auth_url cannot be verified. See the setting cacert."
        case ksa.ConnectionError() if any(isinstance(one, Stale) for one in _chain(error)):
            return ConnectionStale, f"Keystone closed the connection when asked to {step}. Repeat the request."
        case ksa.ConnectionError():
            return KeystoneFailed, "Keystone cannot be reached at cloud_env.auth_url."
        case _:
            return NotKeystone, NO_KEYSTONE


def _text(error: Exception) -> str:
    """What Keystone says, without the request's secrets, in one line of bounded length."""
    # Before it is cut to its final length, as half a secret would not be known for one.
    said = mask(str(getattr(error, "message", error)))
    # keystoneauth repeats the status and the request id, which have their own places.
    said = re.sub(r" \(HTTP \d+\).*", "", said, flags=re.DOTALL)
    return " ".join(said.split()).translate(log.ESCAPES)[:LONGEST_TEXT]


def _detail(error: Exception) -> str:
    """For the log: Keystone's status and text; else the errors that led to this one, and what the system calls them.

    Not the texts of libraries, as they quote what was sent and answered.
    """
    if isinstance(error, ksa.HttpError):
        return f"{type(error).__name__} {error.http_status} {_text(error)}"
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{', '.join(_causes(error))} at {place.filename}:{place.lineno}"


def _causes(error: BaseException) -> Iterator[str]:
    for one in _chain(error):
        said = one.strerror if isinstance(one, OSError) else None
        yield type(one).__name__ + (f" ({said})" if said else "")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that led to it, at most so many."""
    for _ in range(MOST_CAUSES):
        if error:
            yield error
            error = error.__cause__ or error.__context__
