"""Everything that can go wrong, and the one table that says with which status and code it is answered."""

from collections.abc import Mapping
from typing import Any

Answer = tuple[int, dict[str, Any] | str]


class Problem(Exception):
    """A failure whose message is a sentence for a person, safe to show to anyone who may call the service.

    `detail`, `step` and `keystone_request_id` are for the log alone.
    """

    def __init__(self, message: str, *, detail: str = "", step: str = "", keystone_request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.step = step
        self.keystone_request_id = keystone_request_id


class BadRequest(Problem):
    """The request itself is wrong, or Keystone's own rules refuse a value in it."""


class Unauthorized(Problem):
    """The caller did not show that it may call."""


class CloudEnvRefused(Problem):
    """Keystone refuses the cloud environment's credentials."""


class RightsMissing(Problem):
    """Keystone's policy does not let the cloud environment's account do what is needed."""


class AuthUrlNotAllowed(Problem):
    """The site does not let this service connect to the URL in the cloud environment."""


class NotConcertims(Problem):
    """The user or project is not one that Concertim made, or is an operator's: nothing of it is changed."""


class NoSuchPath(Problem):
    """No function answers this path."""


class MethodNotAllowed(Problem):
    """The path is served, but not for this method."""


class NotFound(Problem):
    """The user or project that the request names does not exist."""


class NameTaken(Problem):
    """Something of this name exists and is not this request's."""


class StateConflict(Problem):
    """Keystone refuses for a state that an operator can change, as that of a project with subprojects."""


class LengthRequired(Problem):
    """The host hands over a body without saying where it ends."""


class ContentTooLarge(Problem):
    """The body is larger than the setting `max_body_bytes`."""


class UnsupportedMediaType(Problem):
    """The body is not JSON."""


class CloudNotPrepared(Problem):
    """A role or an account that the operator prepares is missing."""


class KeystoneFailed(Problem):
    """Keystone cannot be reached, or failed."""


class Unreachable(KeystoneFailed):
    """No answer came at all."""


class UnclearAnswer(KeystoneFailed):
    """An answer that does not show that it is Keystone's own, as a page of a proxy: it proves nothing."""

    came = 0
    """The status of what came."""

    @property
    def refuses(self) -> bool:
        """Whether it is a refusal by its status; else it looks like a success, and Keystone may have acted."""
        return self.came >= 400


class NotKeystone(Problem):
    """What answers at cloud_env's auth_url does not answer as a Keystone v3 does."""


class KeystoneBusy(Problem):
    """Keystone says that it is busy."""


class Unfinished(Problem):
    """Something was made and not all of it finished: the same request, repeated, finishes it."""


class Overloaded(Problem):
    """As many requests as may be served at once are being served."""


class Stopping(Problem):
    """The service is being stopped: another one, or the next, will serve the repeat."""


class DeadlineExceeded(Problem):
    """Keystone did not answer within the time this request has."""


class Misconfigured(Problem):
    """The settings file cannot be used."""


# The one table: what is answered for each problem. The README's table is tested against it.
STATUSES: Mapping[type[Problem], tuple[int, str]] = {
    BadRequest: (400, "bad_request"),
    Unauthorized: (401, "unauthorized"),
    AuthUrlNotAllowed: (403, "auth_url_not_allowed"),
    CloudEnvRefused: (403, "cloud_env_refused"),
    RightsMissing: (403, "rights_missing"),
    NotConcertims: (403, "not_concertims"),
    NoSuchPath: (404, "no_such_path"),
    NotFound: (404, "not_found"),
    MethodNotAllowed: (405, "method_not_allowed"),
    NameTaken: (409, "name_taken"),
    StateConflict: (409, "state_conflict"),
    LengthRequired: (411, "length_required"),
    ContentTooLarge: (413, "content_too_large"),
    UnsupportedMediaType: (415, "unsupported_media_type"),
    CloudNotPrepared: (424, "cloud_not_prepared"),
    Misconfigured: (500, "misconfigured"),
    KeystoneFailed: (502, "keystone_failed"),
    NotKeystone: (502, "not_a_keystone"),
    UnclearAnswer: (502, "unclear_answer"),
    KeystoneBusy: (503, "keystone_busy"),
    Overloaded: (503, "overloaded"),
    Stopping: (503, "stopping"),
    Unfinished: (503, "unfinished"),
    DeadlineExceeded: (504, "deadline_exceeded"),
}
BUG = (500, "internal_error")

# Those that pass by themselves: to repeat the same request is all that is needed.
REPEATABLE = (KeystoneFailed, KeystoneBusy, Overloaded, Stopping, Unfinished, DeadlineExceeded)

# Seconds a client should wait. Shorter than the UI's own first wait (n⁴+2 = 3 s), so it is never held up by us.
RETRY_AFTER: Mapping[int, int] = {503: 2}


def as_answer(error: Exception, request_id: str, *, changed: bool) -> Answer:
    """The status and body for an error; once something was `changed` it is never a 4xx (the promise)."""
    if not isinstance(error, Problem):
        status, code = BUG
        message = "A bug in UserHandler stopped this request. Its log tells more under this request id."
    else:
        status, code = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
        message = error.message
        if changed and status < 500:
            status, code = STATUSES[Unfinished]
            message = f"Begun but not finished; repeat the same request once this is mended: {message}"
    return status, {"error": code, "message": message, "request_id": request_id}
