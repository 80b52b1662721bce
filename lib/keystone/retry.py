"""Asks Keystone for one step, again where its failure may pass, and notes whether the call has changed anything."""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from lib import call
from lib.errors import KeystoneBusy, KeystoneFailed, Problem, UnclearAnswer
from lib.keystone.refusals import REFUSALS, Gone, PolicyForbids
from lib.keystone.tls import HandshakeTimedOut
from lib.keystone.unreachable import ConnectionStale

# Seconds between the tries of one step, about: enough for a worker to restart or a database lock to pass.
PAUSES = (0.1, 0.5)
# These may pass. The policy's refusal among them, as a Keystone that serves requests in threads refuses those that come
# at the same time as it loads its policy for the first of them (Keystone 30, each time).
TRANSIENT = (KeystoneBusy, KeystoneFailed, PolicyForbids)

# It has cost the time of several tries already.
LONG_WAITED = (HandshakeTimedOut,)

_dice = secrets.SystemRandom()
_Result = TypeVar("_Result")
# From an exception of the Keystone libraries and the step to what it means.
Meaning = Callable[[Exception, str], Problem]


def ask(
    step: str,
    attempt: Callable[[], _Result],
    meaning: Meaning,
    *,
    failed: Callable[[Problem], None] = lambda _: None,
    pauses: Sequence[float] = PAUSES,
) -> _Result:
    """What Keystone answers, tried again after each of the pauses where its failure may pass and time allows.

    Raises Problems only; `failed` is told each of them, and may raise it.
    """
    this = call.current()
    this.asking.append(step)
    left = iter(pauses)
    try:
        while True:
            try:
                return attempt()
            except Exception as error:
                why = meaning(error, step)
            failed(why)
            # One stale connection less is kept, and each of them has answered before: these tries come to an end.
            pause = 0 if isinstance(why, ConnectionStale) else next(left, None)
            spread = (pause or 0) * _dice.uniform(0.5, 1.5)
            passes = isinstance(why, TRANSIENT) and not isinstance(why, LONG_WAITED)
            if pause is None or not passes or spread > this.seconds_left():
                raise why
            time.sleep(spread)
    finally:
        this.asking.remove(step)


def change(step: str, attempt: Callable[[], _Result], meaning: Meaning) -> _Result:
    """As ask, for what writes: unless Keystone refused each try, the call being served has changed something."""
    this = call.current()
    doubtful = False

    def failed(why: Problem) -> None:
        nonlocal doubtful
        if isinstance(why, ConnectionStale) or (isinstance(why, UnclearAnswer) and why.refuses):
            # Most likely Keystone did nothing, or refused: then what it says next is what it would have said.
            doubtful = True
        elif doubtful and isinstance(why, Gone):
            # That may be the work of the try before. Of Taken, the object that was found tells.
            this.changed = True
        elif not isinstance(why, REFUSALS):
            # Its answer may have been lost after it acted.
            this.changed = True

    try:
        result = ask(step, attempt, meaning, failed=failed)
    except REFUSALS:
        raise
    except Problem:
        this.changed = this.changed or doubtful
        raise
    this.changed = True
    return result


def note_if_ours(made_by: str) -> None:
    """Of a create that was refused as taken: whether a try of this very call made the object, whose mark tells."""
    this = call.current()
    if made_by == this.request_id:
        this.changed = True
