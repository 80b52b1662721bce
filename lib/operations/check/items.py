"""What a check tells: items, be it what was seen, or why it could not be seen."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from lib.answer.operations import CheckItem
from lib.call.concurrency import in_parallel
from lib.errors import AuthUrlNotAllowed, Problem, Stopping

# Keystone failed, or something answered in its place: nobody knows for how long.
AGAIN = "Check again once Keystone answers."
# The end of a sentence that another one follows.
_END = re.compile(r"(?<=[.!]) (?=[A-Z])")
# With these, the whole request is answered.
_OF_THE_REQUEST = (AuthUrlNotAllowed, Stopping)

Check = Callable[[], list[CheckItem]]
_Seen = TypeVar("_Seen")


def ok(check: str, message: str) -> CheckItem:
    """Returns the item of something that is as it should be."""
    return CheckItem(check=check, state="ok", message=message)


def warning(check: str, message: str, remedy: str) -> CheckItem:
    """Returns the item of something that does no harm yet, or not to everybody."""
    return CheckItem(check=check, state="warning", message=message, remedy=remedy)


def problem(check: str, message: str, remedy: str) -> CheckItem:
    """Returns the item of something with which requests will fail."""
    return CheckItem(check=check, state="problem", message=message, remedy=remedy)


def unknown(check: str, message: str, remedy: str) -> CheckItem:
    """Returns the item of something that was not seen."""
    return CheckItem(check=check, state="unknown", message=message, remedy=remedy)


def not_checked(checks: Sequence[str], because: str) -> list[CheckItem]:
    """Returns the items of checks that were not possible, as an earlier one has failed."""
    why = f"This was not checked, because of the problem with {because}."
    return [unknown(check, why, f"Solve the problem with {because} first, and check again.") for check in checks]


def failed(check: str, why: Problem, remedy: str = AGAIN) -> CheckItem:
    """Returns the item of what every request needs and Keystone did not do. `remedy` is for a message without one."""
    return problem(check, *parted(why.message, remedy))


def not_seen(check: str, why: Problem, remedy: str = AGAIN) -> CheckItem:
    """Returns the item of what could not be looked at. `remedy` is for a message without one."""
    return unknown(check, *parted(why.message, remedy))


def parted(message: str, remedy: str) -> tuple[str, str]:
    """Returns the first sentence of a message, and the others as the remedy, or else the remedy that is given."""
    first, *others = _END.split(message, maxsplit=1)
    return first, (others or [remedy])[0].replace("Repeat the request.", AGAIN)


def all_of(checks: Mapping[str, Check], when_raised: Callable[[str, Problem], CheckItem]) -> list[CheckItem]:
    """Returns what all checks tell. They run in parallel. One that raises has the item that is made of the problem."""
    found = in_parallel([partial(_told, check, run, when_raised) for check, run in checks.items()])
    return [item for items in found for item in items]


def _told(check: str, run: Check, when_raised: Callable[[str, Problem], CheckItem]) -> list[CheckItem]:
    told = seen(run)
    return [when_raised(check, told)] if isinstance(told, Problem) else told


def seen(look: Callable[[], _Seen]) -> _Seen | Problem:
    """Returns what a look at Keystone has shown, or the problem that came in its place."""
    try:
        return look()
    except _OF_THE_REQUEST:
        raise
    except Problem as why:
        return why
