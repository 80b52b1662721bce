"""@endpoint: makes a recipe total. Checks the request, calls the recipe, answers any error, logs one line."""

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, Protocol, TypeVar, cast, get_type_hints

from pydantic import ValidationError

from lib import call, settings
from lib.answer.body import Body
from lib.call import log, metrics, shutdown
from lib.call.concurrency import within_deadline
from lib.call.masking import MASK, mask, shown_name
from lib.errors import BadRequest, InternalError, Problem, Stopping, Unfinished
from lib.request.model import Model

Answer = tuple[int, dict[str, Any] | str]
"""What an endpoint returns: the status, and the body as a JSON object or as plain text."""

_Request = TypeVar("_Request", bound=Model)


class Endpoint(Protocol):
    """What an endpoint is to its callers: it takes the request dict, returns (status, body), and never raises."""

    __name__: str
    model: type[Model]
    """What its request is checked against."""
    answer: type[Body]
    """What it answers if all goes well."""

    def __call__(self, request: object, /) -> Answer:
        """Serves one request."""


def endpoint(recipe: Callable[[_Request], Body]) -> Endpoint:
    """Returns the recipe as an endpoint. Its request is checked against the model that the recipe is annotated with.

    What the recipe returns becomes the body of the answer, with the status of its class.
    """
    hints = get_type_hints(recipe)
    model: type[_Request] = hints["request"]

    @wraps(recipe)
    def handle(request: object, /) -> Answer:
        with call.serving(recipe.__name__) as this:
            this.served = recipe.__name__
            try:
                shutdown.raise_if_begun()
                this.ends = this.started + settings.current().deadline
                checked = _check(model, request)
                _note(checked.secrets(), checked.about())
                done = within_deadline(lambda: recipe(checked))
                body = done.value()
            except Exception as error:
                return refuse(error)
            _log(logging.INFO, done.status_code, {})
            return done.status_code, body

    served: Any = handle
    served.model, served.answer = model, hints["return"]
    return cast(Endpoint, served)


def refuse(error: Exception) -> Answer:
    """Returns the answer to what stopped the current call, after its line in the log."""
    status, body = _answer_to(error)
    known = {name: value for name, value in _known_of(error).items() if value}
    _log(_level(error, status), status, {"code": body["error"], **known})
    return status, body


def _level(error: Exception, status: int) -> int:
    # That the service is told to stop is no failure.
    return logging.ERROR if status >= 500 and not isinstance(error, Stopping) else logging.WARNING


def _check(model: type[_Request], request: object) -> _Request:
    try:
        return model.model_validate(request)
    except ValidationError as error:
        # Imported here, as most requests have no mistake.
        from lib.request.refused import about_in, secrets_in
        from lib.request.sentences import sentences

        _note(secrets_in(model, request), about_in(model, request))
        raise BadRequest(sentences(error, model, request, lambda key: mask(key) == MASK)) from None


def _note(secrets: Iterable[str], about: Mapping[str, str]) -> None:
    """Keeps the secrets of a request out of the log, and tells the log whom the request is about."""
    this = call.current()
    this.secrets.update(secrets)
    this.about.update({name: shown_name(value) for name, value in about.items()})


def _answer_to(error: Exception) -> tuple[int, dict[str, Any]]:
    bug = "A bug in UserHandler stopped this request. Its log tells more under this request id."
    problem = error if isinstance(error, Problem) else InternalError(bug)
    this = call.current()
    status, code, message = problem.status, problem.code, problem.message
    if this.changed and status < 500:
        # A 4xx says that nothing was changed.
        status, code = Unfinished.status, Unfinished.code
        message = f"Begun but not finished; repeat the same request once this is mended: {message}"
    return status, {"error": code, "message": message, "request_id": this.request_id}


def _known_of(error: Exception) -> dict[str, str]:
    """Returns what an operator can use to find out why a call failed."""
    if isinstance(error, Problem):
        return {
            "problem": error.message,
            "step": error.step,
            "asked": mask(call.current().last_asked),
            "keystone_request_id": error.keystone_request_id,
            "detail": mask(error.detail),
            "repeat": _whether_a_repeat_helps(error),
        }
    frames = reversed(traceback.extract_tb(error.__traceback__))
    places = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    return {"problem": f"{type(error).__name__}: {mask(str(error))}", "raised_at": places}


def _whether_a_repeat_helps(problem: Problem) -> str:
    if problem.repeat_helps:
        return "helps"
    return "helps once the problem is mended" if call.current().changed else "does not help"


def _log(level: int, status: int, more: dict[str, str]) -> None:
    this = call.current()
    taken = this.seconds()
    metrics.answered(this.served, status, more.get("code", ""), taken)
    milliseconds = round(taken * 1000)
    facts = {"status": status, "milliseconds": milliseconds, **more, **log.calls_to_keystone()}
    log.write(level, "answered", f"{this.function} {status} {milliseconds} ms", facts)
