"""Defines the calls of the model, each of which is one step that Keystone executes as a whole.

A step takes what Keystone holds and what the request remembers, and returns both as they are afterwards. CALLS says
what the call looks like on the wire; tests/model/test_code.py compares that with what the real functions ask.
"""

from collections.abc import Callable

from tests.model.world import Keystone, Request, Rules, User

Step = Callable[[Keystone, Request, Rules], tuple[Keystone, Request]]
CALLS: dict[str, str] = {}
STEPS: dict[str, Step] = {}


def call(wire: str) -> Callable[[Step], Step]:
    """Makes a function the step that has its name, with `wire` as the call that it stands for."""

    def add(step: Step) -> Step:
        name = step.__name__.replace("_", " ")
        CALLS[name], STEPS[name] = wire, step
        return step

    return add


def theirs(keystone: Keystone, me: Request) -> User | None:
    """Returns the user that the request is working on, if they still exist."""
    user = keystone.user
    return user if user and me.seen and user.id == me.seen.id else None


def calls(me: Request) -> list[str]:
    """Returns the calls of the request that Keystone may execute next."""
    if me.next == "wave":
        return sorted(me.wave)
    return [me.next] if me.next in STEPS else []
