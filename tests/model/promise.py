"""The promise as it must hold at every moment, and the course of a request that meets no other."""

from collections.abc import Mapping
from types import MappingProxyType

import tests.model.requests  # noqa: F401 - so that all steps are known
from tests.model.steps import CALLS, STEPS, calls
from tests.model.world import Keystone, Request, Rules, State


def contradiction(state: State) -> str:
    """Returns how the state contradicts a 201 that was told, or an empty string.

    Whoever was told 201 has, from then on, the user, the project and the role, and the password that was sent.
    """
    user = state.keystone.user
    for me in state.requests:
        if me.told == 201:
            assert me.seen
            if user is None or user.id != me.seen.id:
                return f"{me.name} was told 201 of a user who is gone"
            if not me.only_user and not (state.keystone.project and user.role):
                return f"{me.name} was told 201 without project or role"
            if not me.only_user and not me.known and user.password != me.password:
                return f"{me.name} was told 201, and its password does not open the user"
    return ""


def unhealed(state: State, rules: Rules, known: set[Keystone]) -> str:
    """Returns what is wrong if all requests are answered and no repeat would finish, or an empty string.

    A repeat must finish immediately if no request has died and none has set the password of its own user twice, and
    else when no claim and no take-over is young any more.
    """
    if any(me.next for me in state.requests):
        return ""
    twice = any(me.sets_twice for me in state.requests)
    keystone = state.keystone.later() if state.deaths or state.lost or twice else state.keystone
    if keystone in known:
        return ""
    # With an empty password the user is one whom nobody can log in as.
    passwords = {me.password for me in state.requests} | ({keystone.user.password} if keystone.user else set()) - {""}
    repeats = {password: Request("repeat", password, sets_twice=twice) for password in passwords}
    told = {password: alone(keystone, repeat, rules)[0].told for password, repeat in repeats.items()}
    if 201 not in told.values() or set(told.values()) - {201, 409}:
        return f"repeats are told {told}"
    known.add(keystone)
    return ""


def alone(
    keystone: Keystone, me: Request, rules: Rules, after: str = "", changes: Mapping[str, object] = MappingProxyType({})
) -> tuple[Request, list[str]]:
    """Returns the request as it was answered, and the calls that it has made, in their order.

    Another request makes `changes` to Keystone's user as soon as the call `after` has been executed for the first time.
    """
    asked: list[str] = []
    while me.next:
        if me.next == "wait":
            me = me.to("look")
            continue
        what = calls(me)[0]
        keystone, me = STEPS[what](keystone, me, rules)
        if CALLS[what] == after and after not in asked:
            keystone = keystone.set(**changes)
        asked.append(CALLS[what])
    return me, asked
