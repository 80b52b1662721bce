"""The calls of a sign-up until it holds the user, one by one, as ensure_user and lib/keystone/claims.py make them."""

from tests.model.granting import holding
from tests.model.steps import call, theirs
from tests.model.world import FREE, YOUNG, Keystone, Request, Rules, User

# ensure_user: the user is made, found, proved or taken over.


@call("GET user by id")
def read_user(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """The request reads the user whose id it carries, and makes one if there is none."""
    user = keystone.user
    if user is None or user.id != me.known:
        return keystone, me.to("create user")
    return keystone, me.to("read known user", seen=user)


@call("GET user by name")
def read_known_user(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """The request reads the user by name, since a read by id may come from Keystone's cache and not show a claim."""
    user = theirs(keystone, me)
    if user is None or (user.claim == YOUNG and rules.heeds_claims_by_id):
        return keystone, me.end(503)
    return keystone, holding(me, user)


@call("POST user")
def create_user(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """The user's name is unique in Keystone, so of two requests only one makes the user."""
    if keystone.user:
        return keystone, me.to("find user")
    made = User(keystone.made + 1, me.password, me.name, finished=me.only_user)
    if me.sets_twice:
        # The password opens nothing.
        made = made._replace(password="", claim=YOUNG if rules.creates_claimed else FREE)
    me = me.to("set password", seen=made) if me.sets_twice else holding(me, made)
    return keystone._replace(user=made, made=made.id), me


@call("GET user by name")
def find_user(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """A request that reads a user under a young claim writes nothing."""
    user = keystone.user
    if user and user.claim != FREE and user.request == me.name:
        # An earlier try has created the user.
        return keystone, me.to("set password", seen=user)
    if user is None or (user.claim == YOUNG and rules.heeds_claims):
        return keystone, me.end(503)
    return keystone, me.to("try password", seen=user)


@call("POST token")
def try_password(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """With the right password the request holds the user; with another it may take over a user who is unfinished."""
    user = theirs(keystone, me)
    if user is None or user.password != me.password:
        return keystone, me.to("read roles")
    assert me.seen
    if me.only_user and rules.reports_finished and not (me.seen.finished or me.seen.default):
        return keystone, me.to("report user")
    return keystone, holding(me, me.seen)


@call("PATCH finished")
def report_user(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """POST /user marks the user as reported.

    From then on no sign-up takes the user back, unless one has claimed them before.
    """
    if theirs(keystone, me) is None:
        return keystone, me.end(503)
    keystone = keystone.set(finished=True)
    assert keystone.user
    assert me.seen
    return keystone, holding(me, keystone.user) if keystone.user.request == me.seen.request else me.end(503)


@call("GET roles")
def read_roles(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """A user who holds a role cannot be taken over."""
    user = theirs(keystone, me)
    if user and user.role:
        return keystone, me.end(409)
    return keystone, me.to("read again" if rules.reads_again else "claim")


# claims.py: the calls of requests that take a user over or take one back.


@call("GET user by name")
def read_again(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """The request reads the user again directly before it claims them."""
    user = theirs(keystone, me)
    if user is None or (user.claim == YOUNG and rules.heeds_claims):
        return keystone, me.end(503)
    may_change = user.request != me.name or (me.lost and rules.keeps_after_lost)
    if user.taken == YOUNG and may_change and rules.heeds_take_overs:
        return keystone, me.end(503)
    assert me.seen
    same = (user.request, user.default, user.finished) == (me.seen.request, me.seen.default, me.seen.finished)
    return keystone, me.to("claim") if same else me.end(503)


@call("PATCH claim")
def claim(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """The request claims the user and then waits, which is no call but time that passes (see explore.py)."""
    if theirs(keystone, me) is None:
        return keystone, me.end(503)
    time = me.tries if rules.dates_tries else 0
    keystone = keystone.set(request=me.signature, claim=YOUNG, time=time)
    return keystone, me.to("wait" if rules.looks else act(me), time=time)


@call("GET user by name")
def look(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """The request gives up if another request's claim, or another try's, has replaced its own.

    If its own claim still stands, no other request can have one.
    """
    user = theirs(keystone, me)
    if user is None or (user.request, user.time) != (me.signature, me.time):
        return keystone, me.end(503)
    assert me.seen
    same = (user.default, user.finished) == (me.seen.default, me.seen.finished)
    return keystone, me.to("look at roles" if same else "unclaim")


@call("GET roles")
def look_at_roles(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """A role shows that a holder was faster, since its last calls are over by now."""
    user = theirs(keystone, me)
    return keystone, me.to("unclaim" if user and user.role else act(me))


def act(me: Request) -> str:
    """Returns the call for which the user was claimed."""
    return "remove user" if me.removing else "set password"


@call("PATCH unclaim")
def unclaim(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """The request takes its claim off and gives up, since a holder was faster."""
    if theirs(keystone, me) and rules.unclaims:
        keystone = keystone.set(claim=FREE)
    return keystone, me.end(503)


@call("PATCH password")
def set_password(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """The call that sets the password also signs it, dates it, and ends the claim."""
    if theirs(keystone, me) is None:
        return keystone, me.end(503)
    keystone = keystone.set(password=me.password, request=me.name, taken=YOUNG)
    if me.only_user:
        keystone = keystone.set(finished=True)
    if rules.takes_claim_off:
        keystone = keystone.set(claim=FREE)
    assert keystone.user
    return keystone, holding(me, keystone.user)


@call("DELETE user")
def remove_user(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """Keystone removes the user without comparing anything."""
    return keystone._replace(user=None) if theirs(keystone, me) else keystone, me.end(409)
