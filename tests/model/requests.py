"""What a sign-up asks, call by call: each step is one call, which Keystone executes as a whole.

A step takes what Keystone holds and what the request remembers, and gives both as they are afterwards. CALLS says what
the call looks like on the wire; tests/model/test_code.py compares that with what the real functions ask.
"""

from collections.abc import Callable

from tests.model.world import FREE, YOUNG, Keystone, Request, Rules, User

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


# ensure_user: made, found, proved or taken over.


@call("GET user by id")
def read_user(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Of the id that the request carries."""
    user = keystone.user
    if user is None or user.id != me.known:
        return keystone, me.to("create user")
    if user.claim == YOUNG and rules.heeds_claims_by_id:
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


def holding(me: Request, user: User) -> Request:
    """The request goes on with this user as its own."""
    me = me.to("create project", seen=user)
    return me.end(201) if me.only_user else me


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


# ensure_project and ensure_grants: of a holder.


@call("POST project")
def create_project(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """It exists, or is made: it is this login's in either case, unless it is refused."""
    if me.refused or keystone.project:
        return keystone, me.to("find project")
    return keystone._replace(project=True), granting(me)


@call("GET project by name")
def find_project(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """Another's: then the user is taken back, if nothing says that they were reported."""
    if not me.refused:
        return keystone, granting(me)
    assert me.seen
    reported = me.seen.finished or me.seen.default or me.seen.id == me.known
    return keystone, me.end(409) if reported else me.to("read roles", removing=True)


def granting(me: Request) -> Request:
    """The last wave: its calls are executed in any order."""
    assert me.seen
    return me.to("wave", wave=frozenset(["grant"] if me.seen.default else ["grant", "set default"]))


@call("PUT grant")
def grant(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """The user's role; those of others change nothing here."""
    if theirs(keystone, me) is None:
        return keystone, done(me._replace(failed=True), "grant", rules)
    return keystone.set(role=True), done(me, "grant", rules)


@call("PATCH default")
def set_default(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Keystone's answer tells who has claimed the user until now."""
    user = theirs(keystone, me)
    if user is None:
        return keystone, done(me._replace(failed=True), "set default", rules)
    assert me.seen
    failed = me.failed or (rules.holder_compares and user.request != me.seen.request)
    return keystone.set(default=True), done(me._replace(failed=failed), "set default", rules)


def done(me: Request, what: str, rules: Rules) -> Request:
    """With one call of the wave; with the last of them, the request is at its end, or looks."""
    me = me._replace(wave=me.wave - {what})
    if me.wave:
        return me
    assert me.seen
    if me.failed:
        return me.end(503)
    return me.to("look at the end") if rules.holder_looks and (me.late or me.seen.default) else me.end(201)


@call("GET user by name")
def look_at_the_end(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """Another's claim: it reports nothing."""
    user = theirs(keystone, me)
    assert me.seen
    return keystone, me.end(201 if user and user.request == me.seen.request else 503)
