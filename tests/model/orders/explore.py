"""Tries requests in every order, as tests/model/explore.py does, with leases.

- Any request may go on at any moment, die, or have its host suspended for longer than it may last (then its wall clock
  tells, and no monotonic one). The calls that the dead were about to make are executed at any later moment, or never.
- A request may also lose the answer to a call and try again, and leave the first try behind.
- A taker that has claimed goes on only when all that were about to claim at that moment have claimed, or are over.
- A lease, and a claim of a project, is young as long as any request that was alive when it began lives, or has calls
  left behind; requests that began later may be alive when it grows old. The suspended do not hold it up.
"""

from collections.abc import Iterator, Sequence

from tests.model.orders.promise import broken_by_refusal, contradiction, unhealed
from tests.model.orders.steps import CALLS, STEPS, begun, calls
from tests.model.orders.world import YOUNG, Keystone, Request, Rules, State

BEGIN_LEASE = {"create user", "claim", "set password"}


class Untrue(Exception):
    """The promise is broken; the message tells the way that led there."""


def explore(start: Keystone, requests: Sequence[Request], rules: Rules, deaths: int = 0, lost: int = 0) -> int:
    """Returns how many states there are with at most so many deaths and lost answers.

    Raises Untrue with one of the shortest ways that break the promise.
    """
    first = State(start, tuple(requests))
    first = pruned(first._replace(user_under=alive(first), project_under=alive(first)))
    came_from: dict[State, tuple[State, str] | None] = {first: None}
    front = [first]
    healed: set[tuple[Keystone, bool]] = set()
    while front:
        following = []
        for state in front:
            why = contradiction(state, rules) or unhealed(state, rules, healed)
            if why:
                raise Untrue("\n".join([*way(state, came_from), why]))
            for what, then in moves(state, rules, deaths, lost):
                if isinstance(then, str):
                    raise Untrue("\n".join([*way(state, came_from), what, then]))
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


def moves(state: State, rules: Rules, deaths: int, lost: int) -> Iterator[tuple[str, State | str]]:
    """Yields all that can happen next, in words, each with the state that follows, or with what is wrong."""
    for index, fresh in enumerate(state.requests):
        if not fresh.next:
            continue
        me = begun(fresh, rules)
        if me.over and rules.checks_clock and (me.owner or me.claims):
            yield f"{me.name}: finds that its time is over", settled(state, index, me.end(503))
            continue
        if me.next == "wait":
            if may_end_waiting(state, me, rules):
                yield f"{me.name}: has waited", settled(state, index, me.to("look", met=frozenset()))
        else:
            for what in calls(me):
                yield f"{me.name}: {what}", goes_on(state, index, me, what, rules)
        if state.deaths < deaths and fresh.next != "begin":
            yield from ((f"{me.name}: {how}", then) for how, then in dies(state, index, me))
            if not me.over:
                then = settled(state, index, me._replace(over=True))
                yield f"{me.name}: is suspended", pruned(then._replace(deaths=state.deaths + 1))
        elif state.deaths < deaths:
            yield from ((f"{me.name}: {how}", then) for how, then in dies(state, index, me))
        if state.lost < lost:
            for what in may_be_tried_again(me, rules):
                yield f"{me.name}: loses the answer to: {what}", tries_again(state, index, me, what)
    for one in state.left:
        me, what = one
        keystone, _ = STEPS[what](state.keystone, me, rules)
        then = state._replace(keystone=keystone)
        then = stamped(then, state.keystone, what)._replace(left=state.left - {one})
        yield f"late, of {me.name}: {what}", pruned(then)
    keystone = state.keystone
    if keystone.user and keystone.user.lease == YOUNG and not (rules.old_after_all and state.user_under):
        yield "the user's lease ends", state._replace(keystone=keystone.user_later())
    if keystone.project and keystone.project.claim == YOUNG and not (rules.old_after_all and state.project_under):
        yield "the project's claim grows old", state._replace(keystone=keystone.project_later())


def alive(state: State) -> frozenset[str]:
    """Returns who may still have a call executed: begun and not answered nor suspended, or with calls left behind."""
    going = {one.name for one in state.requests if one.next not in ("", "begin") and not one.over}
    return frozenset(going | {one.name for one, _ in state.left})


def stamped(state: State, before: Keystone, what: str) -> State:
    """Returns the state with who is alive, where the call has begun a lease or claimed the project."""
    now = state.keystone
    if what in BEGIN_LEASE and now.user and now.user != before.user:
        state = state._replace(user_under=alive(state))
    if what == "claim project" and now.project and now.project.claim == YOUNG:
        state = state._replace(project_under=alive(state))
    return state


def pruned(state: State) -> State:
    """Returns the state without the names of those that are over, and with none for what is not young."""
    now, keystone = alive(state), state.keystone
    user = state.user_under & now if keystone.user and keystone.user.lease == YOUNG else frozenset()
    project = state.project_under & now if keystone.project and keystone.project.claim == YOUNG else frozenset()
    return state._replace(user_under=user, project_under=project)


def settled(state: State, index: int, me: Request) -> State:
    """Returns the state with this request as it is now. All refusals count as the same."""
    if me.told not in (0, 201):
        me = me._replace(told=503)
    return pruned(state._replace(requests=(*state.requests[:index], me, *state.requests[index + 1 :])))


def goes_on(state: State, index: int, me: Request, what: str, rules: Rules) -> State | str:
    """Returns the state after one call was executed and answered, or what is wrong with a 4xx."""
    before = state._replace(requests=(*state.requests[:index], me, *state.requests[index + 1 :]))
    keystone, then = STEPS[what](state.keystone, me, rules)
    if wrong := broken_by_refusal(keystone, me, then):
        return wrong
    if then.next == "wait":
        claiming = (one.name for one in state.requests if one.next == "claim" and not one.over)
        then = then._replace(met=frozenset(claiming) - {me.name})
    return settled(stamped(before._replace(keystone=keystone), state.keystone, what), index, then)


def dies(state: State, index: int, me: Request) -> Iterator[tuple[str, State]]:
    """Yields the state after the request has died, with the calls that it was about to make left behind, or lost."""
    after = state._replace(deaths=state.deaths + 1)
    yield "dies", settled(after, index, me.end(504))
    left = {(me.left_behind(), what) for what in calls(me) if writes(what)}
    if left:
        yield "dies, and leaves its calls behind", settled(after._replace(left=state.left | left), index, me.end(504))


def writes(what: str) -> bool:
    """Returns whether it matters when Keystone executes the call."""
    return not CALLS[what].startswith(("GET", "POST token"))


def may_be_tried_again(me: Request, rules: Rules) -> list[str]:
    """Returns the calls that are made again when their answer is lost."""
    return [what for what in calls(me) if writes(what) and not (rules.unclaims_once and what == "unclaim")]


def tries_again(state: State, index: int, me: Request, what: str) -> State:
    """Returns the state after an answer was lost, with the first try of the call left behind."""
    left = state.left | {(me.left_behind(), what)}
    return settled(state._replace(left=left, lost=state.lost + 1), index, me._replace(tries=me.tries + 1))


def may_end_waiting(state: State, me: Request, rules: Rules) -> bool:
    """Returns whether all requests that had read the user before this one's claim have claimed them or given up."""
    bounded = rules.waits and rules.reads_again and rules.gives_up_late
    return not bounded or not any(one.name in me.met and one.next == "claim" and not one.over for one in state.requests)
