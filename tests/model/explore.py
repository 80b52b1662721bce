"""Tries requests in every order: each of them goes on, dies, or has a call executed late, at any moment.

How time is left out, so that every real course of things is among those that are tried:

- Any request may go on at any moment, or die: killed, or at the end of its time. The calls that it was about to make
  are left behind, and Keystone executes each of them at any later moment, or never.
- It may also lose the answer to a call and try again, and leave the first try behind.
- A request that has claimed the user waits longer than any other may take from reading the user to claiming them. So
  it goes on only when all who were about to claim when it did have claimed, or have given up: have died. It also waits
  longer than a holder's wave lasts, so a wave that is not over when the wait is, is late.
- A claim is young as long as whoever made it lives, or as a call of a claimer is left behind; after that it is young or
  old. Keystone does not execute what it was sent later than that: the one thing that the protocol relies on.
"""

from collections.abc import Iterator, Sequence

from tests.model.promise import contradiction, unhealed
from tests.model.steps import CALLS, STEPS, calls
from tests.model.world import Keystone, Request, Rules, State

# What only who is at a claim sends.
OF_CLAIMERS = {"claim", "unclaim", "set password", "remove user"}


class Untrue(Exception):
    """The promise is broken; with the way that led there."""


def explore(start: Keystone, requests: Sequence[Request], rules: Rules, deaths: int = 0, lost: int = 0) -> int:
    """How many states there are with so many deaths and lost answers at the most.

    Raises Untrue with one of the shortest ways that break the promise.
    """
    first = State(start, tuple(requests))
    came_from: dict[State, tuple[State, str] | None] = {first: None}
    front = [first]
    healed: set[Keystone] = set()
    while front:
        following = []
        for state in front:
            why = contradiction(state) or unhealed(state, rules, healed)
            if why:
                raise Untrue("\n".join([*way(state, came_from), why]))
            for what, then in moves(state, rules, deaths, lost):
                if then not in came_from:
                    came_from[then] = (state, what)
                    following.append(then)
        front = following
    return len(came_from)


def way(state: State, came_from: dict[State, tuple[State, str] | None]) -> list[str]:
    """What happened, in order."""
    happened = []
    while step := came_from[state]:
        state, what = step
        happened.append(what)
    return happened[::-1]


def moves(state: State, rules: Rules, deaths: int, lost: int) -> Iterator[tuple[str, State]]:
    """All that can happen next, in words."""
    for index, me in enumerate(state.requests):
        if me.next == "wait":
            if may_end_waiting(state, me, rules):
                yield f"{me.name}: has waited", waited(state, index, rules)
        elif me.next:
            for what in calls(me):
                yield f"{me.name}: {what}", goes_on(state, index, what, rules)
        if me.next and state.deaths < deaths:
            yield f"{me.name}: dies", dies(state, index)
        if state.lost < lost:
            for what in may_be_tried_again(me, rules):
                yield f"{me.name}: loses the answer to: {what}", tries_again(state, index, what)
    for one in state.left:
        me, what = one
        keystone, _ = STEPS[what](state.keystone, me, rules)
        yield f"late, of {me.name}: {what}", state._replace(keystone=keystone, left=state.left - {one})
    if state.keystone.later() != state.keystone and may_grow_old(state, rules):
        yield "what is young grows old", state._replace(keystone=state.keystone.later())


def goes_on(state: State, index: int, what: str, rules: Rules) -> State:
    """One call is executed, and answered."""
    keystone, me = STEPS[what](state.keystone, state.requests[index], rules)
    if me.next == "wait":
        me = me._replace(met=frozenset(one.name for one in state.requests if one.next in ("claim", "wave")) - {me.name})
    return state._replace(keystone=keystone, requests=with_one(state.requests, index, me))


def dies(state: State, index: int) -> State:
    """Killed, or out of time: nobody is told anything but a 5xx."""
    me = state.requests[index]
    left = state.left | {(me.left_behind(), what) for what in calls(me) if writes(what)}
    return state._replace(requests=with_one(state.requests, index, me.end(504)), left=left, deaths=state.deaths + 1)


def writes(what: str) -> bool:
    """Whether it matters when Keystone executes the call."""
    return not CALLS[what].startswith(("GET", "POST token"))


def may_be_tried_again(me: Request, rules: Rules) -> list[str]:
    """Which calls are made again when their answer is lost."""
    return [what for what in calls(me) if writes(what) and not (rules.unclaims_once and what == "unclaim")]


def tries_again(state: State, index: int, what: str) -> State:
    """The first try is left behind."""
    me = state.requests[index]
    requests = with_one(state.requests, index, me._replace(tries=me.tries + 1))
    return state._replace(requests=requests, left=state.left | {(me.left_behind(), what)}, lost=state.lost + 1)


def may_end_waiting(state: State, me: Request, rules: Rules) -> bool:
    """Whether all who had read the user before this one's claim have claimed them or given up."""
    bounded = rules.waits and rules.reads_again and rules.gives_up_late
    return not bounded or not any(one.name in me.met and one.next == "claim" for one in state.requests)


def waited(state: State, index: int, rules: Rules) -> State:
    """Waves that began before the claim and are not over are late."""
    me = state.requests[index]
    requests = with_one(state.requests, index, me.to("look", met=frozenset()))
    if not rules.waits:
        return state._replace(requests=requests)
    late = (one._replace(late=True) if one.name in me.met and one.next == "wave" else one for one in requests)
    return state._replace(requests=tuple(late))


def may_grow_old(state: State, rules: Rules) -> bool:
    """Whether the claim may be older than a request can last."""
    assert state.keystone.user
    maker = state.keystone.user.request.partition(" ")[0]
    left = [me.name for me, what in state.left if what in OF_CLAIMERS]
    alive = [me.name for me in state.requests if me.next in OF_CLAIMERS | {"wait", "look", "look at roles"}]
    if rules.old_after_all:
        return not left and not alive
    return maker not in left and maker not in alive


def with_one(requests: tuple[Request, ...], index: int, me: Request) -> tuple[Request, ...]:
    """The requests, with this one as it is now; it does not matter which refusal one was told."""
    if me.told not in (0, 201):
        me = me._replace(told=503)
    return (*requests[:index], me, *requests[index + 1 :])
