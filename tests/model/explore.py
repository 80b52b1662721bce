"""Tries requests in every order: at any moment each of them goes on, dies, or has a call executed late.

The model leaves time out. So that every real course of events is still among those that are tried:

- Any request may go on at any moment, or die: killed, or at the end of its time. The calls that it was about to make
  are left behind, and Keystone executes each of them at any later moment, or never.
- A request may also lose the answer to a call and try again, and leave the first try behind.
- A request that has claimed the user waits longer than any other may take from reading the user to claiming them. So
  it goes on only when all requests that were about to claim at that moment have claimed, have given up, or have died.
  It also waits longer than the last calls of a holder may take, so a holder that is not done when the wait is, is late.
- A claim is young as long as the request that made it lives, or as a call of a claimer is left behind; after that it is
  young or old. That Keystone executes nothing later than this is the one thing that the protocol relies on.
"""

from collections.abc import Iterator, Sequence

from tests.model.promise import contradiction, unhealed
from tests.model.steps import CALLS, STEPS, calls
from tests.model.world import Keystone, Request, Rules, State

# Only a request that claims or has claimed the user sends these.
OF_CLAIMERS = {"claim", "unclaim", "set password", "remove user"}


class Untrue(Exception):
    """The promise is broken; the message tells the way that led there."""


def explore(start: Keystone, requests: Sequence[Request], rules: Rules, deaths: int = 0, lost: int = 0) -> int:
    """Returns how many states there are with at most so many deaths and lost answers.

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
    """Returns what has happened until this state, in order."""
    happened = []
    while step := came_from[state]:
        state, what = step
        happened.append(what)
    return happened[::-1]


def moves(state: State, rules: Rules, deaths: int, lost: int) -> Iterator[tuple[str, State]]:
    """Yields all that can happen next, in words, each with the state that follows."""
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
    """Returns the state after one call was executed and answered."""
    keystone, me = STEPS[what](state.keystone, state.requests[index], rules)
    if me.next == "wait":
        me = me._replace(met=frozenset(one.name for one in state.requests if one.next in ("claim", "wave")) - {me.name})
    return state._replace(keystone=keystone, requests=with_one(state.requests, index, me))


def dies(state: State, index: int) -> State:
    """Returns the state after the request has died; its client was told nothing but a 5xx."""
    me = state.requests[index]
    left = state.left | {(me.left_behind(), what) for what in calls(me) if writes(what)}
    return state._replace(requests=with_one(state.requests, index, me.end(504)), left=left, deaths=state.deaths + 1)


def writes(what: str) -> bool:
    """Returns whether it matters when Keystone executes the call."""
    return not CALLS[what].startswith(("GET", "POST token"))


def may_be_tried_again(me: Request, rules: Rules) -> list[str]:
    """Returns the calls that are made again when their answer is lost."""
    return [what for what in calls(me) if writes(what) and not (rules.unclaims_once and what == "unclaim")]


def tries_again(state: State, index: int, what: str) -> State:
    """Returns the state after an answer was lost, with the first try of the call left behind."""
    me = state.requests[index]
    lost = me.lost or what in ("claim", "set password")
    requests = with_one(state.requests, index, me._replace(tries=me.tries + 1, lost=lost))
    return state._replace(requests=requests, left=state.left | {(me.left_behind(), what)}, lost=state.lost + 1)


def may_end_waiting(state: State, me: Request, rules: Rules) -> bool:
    """Returns whether all requests that had read the user before this one's claim have claimed them or given up."""
    bounded = rules.waits and rules.reads_again and rules.gives_up_late
    return not bounded or not any(one.name in me.met and one.next == "claim" for one in state.requests)


def waited(state: State, index: int, rules: Rules) -> State:
    """Returns the state after the wait.

    Holders that began their last calls before the claim and are not done are late.
    """
    me = state.requests[index]
    requests = with_one(state.requests, index, me.to("look", met=frozenset()))
    if not rules.waits:
        return state._replace(requests=requests)
    late = (one._replace(late=True) if one.name in me.met and one.next == "wave" else one for one in requests)
    return state._replace(requests=tuple(late))


def may_grow_old(state: State, rules: Rules) -> bool:
    """Returns whether the claim may be older than a request can last."""
    assert state.keystone.user
    maker = state.keystone.user.request.partition(" ")[0]
    left = [me.name for me, what in state.left if what in OF_CLAIMERS]
    alive = [me.name for me in state.requests if me.next in OF_CLAIMERS | {"wait", "look", "look at roles"}]
    # An earlier try of its create may have made the user under its claim.
    alive += [me.name for me in state.requests if me.sets_twice and me.next in ("create user", "find user")]
    if rules.old_after_all:
        return not left and not alive
    return maker not in left and maker not in alive


def with_one(requests: tuple[Request, ...], index: int, me: Request) -> tuple[Request, ...]:
    """Returns the requests with this one as it is now.

    All refusals count as the same, since the promise does not tell them apart.
    """
    if me.told not in (0, 201):
        me = me._replace(told=503)
    return (*requests[:index], me, *requests[index + 1 :])
