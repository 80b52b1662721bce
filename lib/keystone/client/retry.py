"""Asks Keystone to do one step, again where its failure may pass, and notes whether the call has changed anything."""

import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from lib import call
from lib.call import log, metrics
from lib.errors import KeystoneBusy, KeystoneFailed, Problem, UnclearAnswer
from lib.keystone.client.problems import REFUSALS, ConnectionStale, HandshakeTimedOut, KeystoneNotFound, PolicyForbids

# Seconds between the tries of one step, about: enough for a worker to restart or a database lock to pass.
PAUSES = (0.1, 0.5)
# These may pass. PolicyForbids is one of them: a Keystone that serves requests in threads refuses those that come while
# it loads its policy for the first of them (Keystone 30, each time).
TRANSIENT = (KeystoneBusy, KeystoneFailed, PolicyForbids)

_dice = secrets.SystemRandom()
_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")

ProblemOf = Callable[[Exception, str], Problem]


class Client(Protocol):
    """An object whose methods ask Keystone."""

    def problem_of(self, error: Exception, step: str) -> Problem:
        """Returns the problem that an exception of the Keystone libraries means."""


_Self = TypeVar("_Self", bound=Client)
_Method = Callable[Concatenate[_Self, _Params], _Result]


class _Decorator(Protocol):
    def __call__(self, method: _Method[_Self, _Params, _Result], /) -> _Method[_Self, _Params, _Result]: ...


def asks(step: str, pauses: Sequence[float] | None = PAUSES) -> _Decorator:
    """Decorates a method that reads from Keystone, or that claims a user or probes a right, which count as no change.

    It is tried again after each of the pauses where its failure may pass and time allows. With (), it is tried again
    only after a stale connection. With None, it is never tried again. It raises Problems only.
    """
    return _decorator(partial(_ask, step, pauses=pauses))


def changes(step: str, done: str) -> _Decorator:
    """Decorates a method that changes something: the call has changed something unless Keystone refused each try.

    `done` is what the log says once it is so.
    """
    return _decorator(partial(_change, step, done))


def _decorator(ask: Callable[[Callable[[], Any], ProblemOf], Any]) -> _Decorator:
    def decorate(method: _Method[_Self, _Params, _Result]) -> _Method[_Self, _Params, _Result]:
        @wraps(method)
        def asking(self: _Self, /, *args: _Params.args, **kwargs: _Params.kwargs) -> _Result:
            result: _Result = ask(partial(method, self, *args, **kwargs), self.problem_of)
            return result

        return asking

    return decorate


def none_if_not_found(method: Callable[_Params, _Result]) -> Callable[_Params, _Result | None]:
    """Decorates a method to return None where what it names does not exist."""

    @wraps(method)
    def finding(*args: _Params.args, **kwargs: _Params.kwargs) -> _Result | None:
        try:
            return method(*args, **kwargs)
        except KeystoneNotFound:
            return None

    return finding


def _ask(
    step: str,
    attempt: Callable[[], _Result],
    problem_of: ProblemOf,
    pauses: Sequence[float] | None = PAUSES,
    failed: Callable[[Problem], None] = lambda _: None,
) -> _Result:
    """Asks as `asks` says. Tells `failed` of each try that failed."""
    this = call.current()
    left = iter(pauses or ())
    with this.asking(step):
        while True:
            try:
                return attempt()
            except Exception as error:
                why = problem_of(error, step)
            failed(why)
            # This ends: each stale connection has answered before, and with each try one less is cached.
            again_at_once = isinstance(why, ConnectionStale) and pauses is not None
            pause = 0 if again_at_once else next(left, None)
            spread = (pause or 0) * _dice.uniform(0.5, 1.5)
            # A handshake that timed out has cost the time of several tries already.
            passes = isinstance(why, TRANSIENT) and not isinstance(why, HandshakeTimedOut)
            if pause is None or not passes or spread > this.seconds_left():
                raise why
            this.tried_again = True
            metrics.retried(step)
            time.sleep(spread)


def _change(step: str, done: str, attempt: Callable[[], _Result], problem_of: ProblemOf) -> _Result:
    this = call.current()
    doubtful = uncertain = False
    log.first_change(step)

    def failed(why: Problem) -> None:
        nonlocal doubtful, uncertain
        if isinstance(why, ConnectionStale) or (isinstance(why, UnclearAnswer) and why.refuses):
            # Most likely Keystone did nothing, or refused. If so, it says the same at the next try.
            doubtful = True
        elif (doubtful or uncertain) and isinstance(why, KeystoneNotFound):
            # An earlier try may have removed it. After a conflict, note_found finds out.
            this.note_change()
            this.note_done(done)
        elif not isinstance(why, REFUSALS):
            # Keystone may have acted, and its answer may have been lost.
            uncertain = True
            this.note_change()

    try:
        result = _ask(step, attempt, problem_of, failed=failed)
    except REFUSALS:
        raise
    except Problem:
        if doubtful:
            this.note_change()
        raise
    this.note_change()
    this.note_done(done)
    return result
