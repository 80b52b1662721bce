"""The promise as it must hold at every moment, and the course of a request that meets no other."""

from tests.model.orders.steps import CALLS, STEPS, begun, calls
from tests.model.orders.world import YOUNG, Keystone, Request, Rules, State


def contradiction(state: State, rules: Rules) -> str:
    """Returns how the state contradicts a 201 that was told, or an empty string."""
    user, project = state.keystone.user, state.keystone.project
    for me in state.requests:
        if me.told == 201:
            assert me.user
            if user is None or user.id != me.user.id:
                return f"{me.name} was told 201 of a user who is gone"
            if me.only_user:
                continue
            if project is None or project.id != me.project or user.role != me.project:
                return f"{me.name} was told 201 without project or role"
            if rules.project_first and rules.promises_default and user.default != me.project:
                return f"{me.name} was told 201 and the default project is not that one"
            if not me.known and user.password != me.password:
                return f"{me.name} was told 201, and its password does not open the user"
    return ""


def broken_by_refusal(keystone: Keystone, me: Request, then: Request) -> str:
    """Returns what a request that is just told a 4xx has changed, or an empty string."""
    if not 400 <= then.told < 500:
        return ""
    if me.maker and keystone.project and keystone.project.id == me.project:
        return f"{me.name} was told {then.told} and has made a project that stands"
    if (
        me.owner
        and me.user
        and keystone.user
        and keystone.user.id == me.user.id
        and keystone.user.password == me.password
    ):
        return f"{me.name} was told {then.told} and has made a user, or set a password, that stands"
    return ""


def unhealed(state: State, rules: Rules, known: set[tuple[Keystone, bool]]) -> str:
    """Returns what is wrong if all requests are answered and no repeat would finish, or an empty string.

    Somebody must finish at once if no request has died and no answer was lost. When no lease is young any more,
    everybody must be told 201 or 409.
    """
    if any(me.next for me in state.requests):
        return ""
    user, project = state.keystone.user, state.keystone.project
    # What a request has claimed that was dead at the start.
    claimed = (user and user.claim and user.request == "earlier") or (
        project and project.claim == YOUNG and project.maker == "earlier"
    )
    calm = not (state.deaths or state.lost or claimed or any(me.sets_twice for me in state.requests))
    if (state.keystone, calm) in known:
        return ""
    twice = any(me.sets_twice for me in state.requests)
    passwords = {
        me.password for me in state.requests if me.refused not in ("password", "user", "reset") and not me.repair
    } | {"new"}
    if state.keystone.user:
        passwords |= {state.keystone.user.password} - {""}

    def tell(keystone: Keystone) -> dict[str, int]:
        repeats = {one: Request("repeat", one, sets_twice=twice) for one in passwords}
        return {one: alone(keystone, repeat, rules)[0].told for one, repeat in repeats.items()}

    if calm and 201 not in (told := tell(state.keystone)).values():
        return f"repeats are told {told}"
    told = tell(state.keystone.user_later().project_later())
    if 201 not in told.values() or set(told.values()) - {201, 409}:
        return f"later repeats are told {told}"
    known.add((state.keystone, calm))
    return ""


def alone(keystone: Keystone, me: Request, rules: Rules) -> tuple[Request, list[str]]:
    """Returns the request as it was answered, and the calls that it has made, in their order."""
    asked: list[str] = []
    me = begun(me, rules)
    while me.next:
        if me.next == "wait":
            asked.append("(wait)")
            me = me.to("look")
            continue
        what = calls(me)[0]
        keystone, me = STEPS[what](keystone, me, rules)
        asked.append(CALLS[what])
    return me, asked
