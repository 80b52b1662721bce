"""Everything that can go wrong. Each class says how it is answered, and whether to repeat the request helps."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar


class Problem(Exception):
    """A failure whose message is a sentence for a person, safe to show to anyone who may call the service.

    `detail`, `step` and `keystone_request_id` are for the log alone.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    """The code in the answer, which stays the same in later releases."""
    repeat_helps: ClassVar[bool] = False
    """Whether the problem passes by itself, so that to repeat the same request is all that is needed."""

    concerns_cloud: ClassVar[bool] = False
    """Whether the cloud, or the way to it, is the problem, so that requests for anybody else meet it, too."""

    def __init_subclass__(cls, **answered: Any) -> None:
        """Takes status, code and the rest from the class statement. Those left out are inherited."""
        for name, value in answered.items():
            setattr(cls, name, value)

    def __init__(self, message: str, *, detail: str = "", step: str = "", keystone_request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.step = step
        self.keystone_request_id = keystone_request_id


class BadRequest(Problem, status=400, code="bad_request"):
    """The request is wrong, or a rule of Keystone's refuses a value in it."""


class Unauthorized(Problem, status=401, code="unauthorized"):
    """The caller did not show that it may call."""


class AuthUrlNotAllowed(Problem, status=403, code="auth_url_not_allowed", concerns_cloud=True):
    """The site does not let this service connect to the URL in cloud_env."""


class CloudEnvRefused(Problem, status=403, code="cloud_env_refused", concerns_cloud=True):
    """Keystone refuses the credentials in cloud_env."""


class RightsMissing(Problem, status=403, code="rights_missing", concerns_cloud=True):
    """Keystone does not let the account in cloud_env do what is needed."""


class NotConcertims(Problem, status=403, code="not_concertims"):
    """The user or project is not managed by Concertim, so nothing of it is changed."""


class NoSuchPath(Problem, status=404, code="no_such_path"):
    """Nothing is served at this path."""


class NotFound(Problem, status=404, code="not_found"):
    """The user or project that the request names does not exist."""


class MethodNotAllowed(Problem, status=405, code="method_not_allowed"):
    """The path is served for other methods only."""

    def __init__(self, message: str, allowed: str) -> None:
        super().__init__(message)
        self.allowed = allowed


class NameTaken(Problem, status=409, code="name_taken"):
    """The user or project exists, and is another's or disabled, so this request may not use it."""


class StateConflict(Problem, status=409, code="state_conflict"):
    """A state that an operator can change is in the way: a project has subprojects, for instance."""


class LengthRequired(Problem, status=411, code="length_required"):
    """The host hands over a body without saying where it ends."""


class ContentTooLarge(Problem, status=413, code="content_too_large"):
    """The body is larger than the setting `max_body_bytes`."""


class UnsupportedMediaType(Problem, status=415, code="unsupported_media_type"):
    """The body is not JSON."""


class CloudNotPrepared(Problem, status=424, code="cloud_not_prepared", concerns_cloud=True):
    """Something that an operator has to prepare is missing or disabled: a role, an account, a domain, an option."""


class InternalError(Problem, status=500, code="internal_error"):
    """A bug in UserHandler."""


class Misconfigured(Problem, status=500, code="misconfigured", concerns_cloud=True):
    """The settings cannot be used."""


class KeystoneFailed(Problem, status=502, code="keystone_failed", repeat_helps=True, concerns_cloud=True):
    """Keystone cannot be reached, or failed."""


class Unreachable(KeystoneFailed):
    """No answer came at all."""


class UnclearAnswer(KeystoneFailed, code="unclear_answer"):
    """An answer that does not show that it is Keystone's own, such as a proxy's page. It proves nothing."""

    answered = 0
    """The status of that answer."""

    @property
    def refuses(self) -> bool:
        """Whether its status is a refusal. Otherwise it looks like a success, and Keystone may have acted."""
        return self.answered >= 400


class NotKeystone(Problem, status=502, code="not_a_keystone", concerns_cloud=True):
    """What answers at cloud_env's auth_url does not answer as a Keystone v3 does."""


class KeystoneBusy(Problem, status=503, code="keystone_busy", repeat_helps=True, concerns_cloud=True):
    """Keystone says that it is busy."""


class Overloaded(Problem, status=503, code="overloaded", repeat_helps=True):
    """All slots for requests are in use."""


class Stopping(Problem, status=503, code="stopping", repeat_helps=True):
    """The service is being stopped. Another process, or the next one, will serve the repeated request."""


class Unfinished(Problem, status=503, code="unfinished", repeat_helps=True):
    """The request is not finished, or another one is at work on the same user. A repeat finishes it."""


class DeadlineExceeded(Problem, status=504, code="deadline_exceeded", repeat_helps=True, concerns_cloud=True):
    """Keystone did not answer within the time that this request has."""


def kinds() -> Iterator[type[Problem]]:
    """Yields each kind of problem in this file, in order."""
    for kind in globals().values():
        if isinstance(kind, type) and issubclass(kind, Problem) and kind is not Problem:
            yield kind


# Seconds that a client should wait. The UI's own first wait is longer (n⁴ + 2 = 3 s), so it never waits for this.
RETRY_AFTER: Mapping[int, int] = {Unfinished.status: 2}
