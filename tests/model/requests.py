"""What a sign-up asks, call by call, until it holds the user: ensure_user, and lib/keystone/claims.py."""

from tests.model.granting import holding
from tests.model.steps import call, theirs
from tests.model.world import FREE, YOUNG, Keystone, Request, Rules, User

# ensure_user: made, found, proved or taken over.


@call("GET user by id")
def read_user(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Of the id that the request carries."""
    user = keystone.user
    if user is None or user.id != me.known:
        return keystone, me.to("create user")
    return keystone, me.to("read known user", seen=user)


@call("GET user by name")
def read_known_user(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """By id Keystone may answer out of its cache, and not show a claim."""
    user = theirs(keystone, me)
    if user is None or (user.claim == YOUNG and rules.heeds_claims_by_id):
        return keystone, me.end(503)
    return keystone, holding(me, user)


@call("POST user")
def create_user(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """The name is the lock."""
    if keystone.user:
        return keystone, me.to("find user")
    made = User(keystone.made + 1, me.password, me.name, finished=me.only_user)
    return keystone._replace(user=made, made=made.id), holding(me, made)


@call("GET user by name")
def find_user(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Whoever reads a user under a young claim writes nothing."""
    user = keystone.user
    if user is None or (user.claim == YOUNG and rules.heeds_claims):
        return keystone, me.end(503)
    return keystone, me.to("try password", seen=user)


@call("POST token")
def try_password(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Right: the request holds the user. Wrong: it may take them over, if they are unfinished."""
    user = theirs(keystone, me)
    if user is None or user.password != me.password:
        return keystone, me.to("read roles")
    assert me.seen
    if me.only_user and rules.reports_finished and not (me.seen.finished or me.seen.default):
        return keystone, me.to("report user")
    return keystone, holding(me, me.seen)


@call("PATCH finished")
def report_user(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """POST /user: from now on no sign-up takes the user back, unless one has claimed them before."""
    if theirs(keystone, me) is None:
        return keystone, me.end(503)
    keystone = keystone.set(finished=True)
    assert keystone.user
    assert me.seen
    return keystone, holding(me, keystone.user) if keystone.user.request == me.seen.request else me.end(503)


@call("GET roles")
def read_roles(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Who holds a role is nobody's to take over."""
    user = theirs(keystone, me)
    if user and user.role:
        return keystone, me.end(409)
    return keystone, me.to("read again" if rules.reads_again else "claim")


# claims.py: of who takes over, and of who takes back.


@call("GET user by name")
def read_again(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Directly before the claim."""
    user = theirs(keystone, me)
    if user is None or (user.claim == YOUNG and rules.heeds_claims):
        return keystone, me.end(503)
    if user.taken == YOUNG and rules.heeds_take_overs:
        return keystone, me.end(503)
    assert me.seen
    same = (user.request, user.default, user.finished) == (me.seen.request, me.seen.default, me.seen.finished)
    return keystone, me.to("claim") if same else me.end(503)


@call("PATCH claim")
def claim(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Then it waits: no call, but time that passes (see explore.py)."""
    if theirs(keystone, me) is None:
        return keystone, me.end(503)
    time = me.tries if rules.dates_tries else 0
    keystone = keystone.set(request=me.signature, claim=YOUNG, time=time)
    return keystone, me.to("wait" if rules.looks else act(me), time=time)


@call("GET user by name")
def look(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """Another's claim is left, and another try's; nobody else can have one where this one still stands."""
    user = theirs(keystone, me)
    if user is None or (user.request, user.time) != (me.signature, me.time):
        return keystone, me.end(503)
    assert me.seen
    same = (user.default, user.finished) == (me.seen.default, me.seen.finished)
    return keystone, me.to("look at roles" if same else "unclaim")


@call("GET roles")
def look_at_roles(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """A holder's, whose wave is over by now."""
    user = theirs(keystone, me)
    return keystone, me.to("unclaim" if user and user.role else act(me))


def act(me: Request) -> str:
    """What the claim was for."""
    return "remove user" if me.removing else "set password"


@call("PATCH unclaim")
def unclaim(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """A holder was faster."""
    if theirs(keystone, me) and rules.unclaims:
        keystone = keystone.set(claim=FREE)
    return keystone, me.end(503)


@call("PATCH password")
def set_password(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Signed, dated, and the end of the claim."""
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
    """Keystone looks at nothing."""
    return keystone._replace(user=None) if theirs(keystone, me) else keystone, me.end(409)
