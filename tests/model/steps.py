"""The calls of the model: each is one step, which Keystone executes as a whole.

A step takes what Keystone holds and what the request remembers, and gives both as they are afterwards. CALLS says what
the call looks like on the wire; tests/model/test_code.py compares that with what the real functions ask.
"""

from collections.abc import Callable

from tests.model.world import Keystone, Request, Rules, User

Step = Callable[[Keystone, Request, Rules], tuple[Keystone, Request]]
CALLS: dict[str, str] = {}
STEPS: dict[str, Step] = {}


def call(wire: str) -> Callable[[Step], Step]:
    """Makes a function the step that is named as it is."""

    def add(step: Step) -> Step:
        name = step.__name__.replace("_", " ")
        CALLS[name], STEPS[name] = wire, step
        return step

    return add


def theirs(keystone: Keystone, me: Request) -> User | None:
    """The user that the request is at, if they still exist."""
    user = keystone.user
    return user if user and me.seen and user.id == me.seen.id else None


def calls(me: Request) -> list[str]:
    """Which calls of the request Keystone may execute next."""
    if me.next == "wave":
        return sorted(me.wave)
    return [me.next] if me.next in STEPS else []
