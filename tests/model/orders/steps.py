"""The calls of a sign-up in both orders, each one step that Keystone executes as a whole."""

from collections.abc import Callable

from tests.model.orders.world import FREE, OLD, YOUNG, Keystone, Project, Request, Rules, User

Answer = tuple[Keystone, Request]
Step = Callable[[Keystone, Request, Rules], Answer]
CALLS: dict[str, str] = {}
STEPS: dict[str, Step] = {}


def call(wire: str) -> Callable[[Step], Step]:
    """Makes a function the step that has its name, with `wire` as the call that it stands for."""

    def add(step: Step) -> Step:
        name = step.__name__.replace("_", " ")
        CALLS[name], STEPS[name] = wire, step
        return step

    return add


def calls(me: Request) -> list[str]:
    """Returns the calls of the request that Keystone may execute next."""
    if me.next == "wave":
        return sorted(me.wave)
    return [me.next] if me.next in STEPS else []


def begun(me: Request, rules: Rules) -> Request:
    """Returns the request at its first call."""
    if me.next != "begin":
        return me
    if me.repair:
        return me.to("read for repair", removing=True, answer=409)
    if me.known:
        return me.to("read user")
    return me.to("create project" if rules.project_first and not me.only_user else "create user")


def theirs(keystone: Keystone, me: Request) -> User | None:
    """Returns the user that the request is working on, if they still exist."""
    user = keystone.user
    return user if user and me.user and user.id == me.user.id else None


def its_project(keystone: Keystone, me: Request) -> Project | None:
    """Returns the project that the request is working on, if it still exists."""
    return keystone.project if keystone.project and keystone.project.id == me.project else None


# The project.


@call("POST project")
def create_project(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The name is unique in Keystone, so of two requests only one makes the project."""
    if me.refused == "project" or keystone.project:
        return keystone, me.to("find project")
    made = Project(keystone.projects + 1, me.name)
    keystone = keystone._replace(project=made, projects=made.id)
    return keystone, with_project(me._replace(project=made.id, maker=True), rules)


@call("GET project by name")
def find_project(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The project is another's, or this login's and perhaps about to be removed."""
    if me.refused == "project":
        return keystone, project_refused(me, rules)
    project = keystone.project
    if project is None or (project.claim == YOUNG and rules.heeds_project_claims):
        return keystone, me.end(503)
    me = me._replace(project=project.id, maker=project.maker == me.name)
    if project.claim == OLD and rules.frees_old:
        return keystone, me.to("free project")
    return keystone, with_project(me, rules)


@call("PATCH project, unclaim")
def free_project(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The claim of a request that must be over is taken off."""
    if not its_project(keystone, me):
        return keystone, me.end(503)
    return keystone.of_project(claim=FREE), with_project(me, rules)


def with_project(me: Request, rules: Rules) -> Request:
    """Returns the request as it goes on with its project."""
    return me.to("create user") if rules.project_first and not me.user else granting(me, rules)


def project_refused(me: Request, rules: Rules) -> Request:
    """Returns the request whose project is refused: in order S, an owner takes the user back."""
    if rules.project_first or not (me.owner or not rules.only_owner_takes_back):
        return me.end(409)
    assert me.user
    if not me.owner and (me.user.finished or me.user.id == me.known):
        return me.end(409)
    # What cannot be taken back is told by 503; the repeat, which has made nothing, is told the 4xx.
    if me.owner and not (me.creator or rules.taker_takes_back):
        return me.end(503)
    if me.owner and me.user.finished and rules.keeps_reported:
        return me.end(503)
    if me.again and rules.keeps_after_lost:
        return me.end(503)
    me = me._replace(removing=True, answer=409)
    return me.to("claim" if rules.back_claims else after_claim(me, rules))


# ensure_user: the user is made, found, proved or taken over.


@call("GET user by id")
def read_user(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The request reads the user whose id it carries, and signs up by name if there is none."""
    user = keystone.user
    if user is None or user.id != me.known:
        return keystone, begun(me._replace(known=0, next="begin"), rules)
    return keystone, me.to("read known user", user=user)


@call("GET user by name")
def read_known_user(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """It reads the user by name, since a read by id may come from Keystone's cache."""
    user = theirs(keystone, me)
    if user is None or (user.claim and user.lease == YOUNG and rules.heeds_claims_by_id):
        return keystone, me.end(503)
    return keystone, with_user(me._replace(user=user), rules, sure=True)


@call("GET user by name")
def read_for_repair(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """A repair takes back the user whom nobody can be at work on, and who was not reported."""
    user = keystone.user
    if user is None or user.finished or user.lease == YOUNG:
        return keystone, me.end(503)
    return keystone, me.to("read roles", user=user)


@call("POST user")
def create_user(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The user is made under a lease of this request."""
    if me.refused == "password":
        return keystone, give_up(me, 400, rules)
    if me.refused == "user" or keystone.user:
        return keystone, me.to("find user")
    default = me.project if rules.project_first else 0
    password = "" if me.sets_twice else me.password
    made = User(keystone.users + 1, password, me.name, YOUNG, default=default, finished=me.only_user)
    keystone = keystone._replace(user=made, users=made.id)
    me = me._replace(user=made, owner=True, creator=True)
    return keystone, me.to("set password") if me.sets_twice else with_user(me, rules)


@call("GET user by name")
def find_user(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """A request that reads a user under a young claim writes nothing."""
    if me.refused == "user":
        return keystone, give_up(me, 409, rules)
    user = keystone.user
    if user is None:
        return keystone, me.end(503)
    me = me._replace(user=user)
    if user.request == me.name:
        # An earlier try has created the user.
        me = me._replace(owner=True, creator=True)
        return keystone, me.to("set password") if me.sets_twice else with_user(me, rules)
    if user.claim and user.lease == YOUNG and rules.heeds_claims:
        return keystone, me.end(503)
    return keystone, me.to("try password")


@call("POST token")
def try_password(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """With the right password the request holds the user."""
    user = theirs(keystone, me)
    if user is None or user.password != me.password:
        return keystone, me.to("read roles")
    assert me.user
    # In F every user has a default project, so it does not tell that the user was reported.
    told = me.user.finished or (me.user.default and not rules.project_first)
    if me.only_user and rules.reports_finished and not told:
        return keystone, me.to("report user")
    return keystone, with_user(me, rules)


@call("PATCH finished")
def report_user(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """POST /user marks the user as reported; the answer tells whether one has claimed them before."""
    user = theirs(keystone, me)
    if user is None:
        return keystone, me.end(503)
    assert me.user
    same = user.request == me.user.request and (user.time == me.user.time or not rules.compares_times)
    return keystone.set(finished=True), with_user(me, rules) if same else me.end(503)


@call("GET roles")
def read_roles(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """A user who holds a role cannot be taken over, and one under a lease not yet."""
    user = theirs(keystone, me)
    if user and user.role:
        return keystone, give_up(me, 409, rules)
    assert me.user
    if me.user.lease == YOUNG and rules.leases:
        return keystone, me.end(503)
    return keystone, me.to("read again" if rules.reads_again else "claim")


def with_user(me: Request, rules: Rules, sure: bool = False) -> Request:
    """Returns the request as it goes on with its user."""
    if me.only_user:
        return me.end(201)
    return granting(me, rules) if me.project else me.to("create project")


def give_up(me: Request, status: int, rules: Rules) -> Request:
    """Returns the request whose user is refused: in order F, the maker of the project removes that."""
    if not (me.project and rules.project_first and (me.maker or not rules.only_maker_removes)):
        return me.end(status)
    me = me._replace(answer=status)
    return me.to("claim project", claims=True) if rules.claims_project else me.to(remover(rules, 0))


# Order F: the project is removed again.


def remover(rules: Rules, at: int) -> str:
    """Returns the next call of a remover that has found nobody yet."""
    steps = [
        "look for user" if rules.remover_looks_at_user else "",
        "look for persons" if rules.remover_looks_at_roles else "",
        "remove project",
    ]
    return next(step for step in steps[at:] if step)


@call("PATCH project, claim")
def claim_project(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The maker claims its project for removal."""
    if not its_project(keystone, me):
        return keystone, me.end(503)
    return keystone.of_project(claim=YOUNG), me.to(remover(rules, 0))


@call("GET user by name")
def look_for_user(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The login's user may have the project as the default one."""
    user = keystone.user
    found = user and (rules.keeps_for_any_user or user.default == me.project)
    return keystone, me.to("unclaim project" if found else remover(rules, 1))


@call("GET roles of project")
def look_for_persons(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """A person may hold a role on the project."""
    user = keystone.user
    return keystone, me.to("unclaim project" if user and user.role == me.project else remover(rules, 2))


@call("DELETE project")
def remove_project(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """Keystone removes the project without comparing anything, with its roles, and empties the default."""
    if not its_project(keystone, me):
        return keystone, me.end(me.answer)
    user = keystone.user
    if user and user.role == me.project:
        user = user._replace(role=0)
    if user and user.default == me.project:
        user = user._replace(default=0)
    return keystone._replace(project=None, user=user), me.end(me.answer)


@call("PATCH project, unclaim")
def unclaim_project(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The remover takes its claim off, as somebody needs the project."""
    if its_project(keystone, me) and rules.unclaims_project:
        keystone = keystone.of_project(claim=FREE)
    return keystone, me.end(503)


# claims.py: the calls of requests that take a user over or take one back.


@call("GET user by name")
def read_again(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The request reads the user again directly before it claims them."""
    user, seen = theirs(keystone, me), me.user
    assert seen
    if user is None or (user.lease == YOUNG and rules.leases) or user.request != seen.request:
        return keystone, me.end(503)
    if rules.compares_times and user.time != seen.time:
        return keystone, me.end(503)
    return keystone, me.to("claim")


@call("PATCH claim")
def claim(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The request claims the user, and a taker then waits, which is no call but time that passes."""
    if theirs(keystone, me) is None:
        return keystone, me.end(503)
    time = me.tries if rules.dates_tries else 0
    keystone = keystone.set(request=me.signature, lease=YOUNG, claim=True, time=time)
    if me.over and rules.checks_clock:
        return keystone, me.end(503)
    me = me._replace(time=time, owner=True)
    wait = rules.looks and (rules.back_waits or me.repair or not me.removing)
    return keystone, me.to("wait" if wait else after_claim(me, rules))


def after_claim(me: Request, rules: Rules) -> str:
    """Returns the first look after a claim."""
    if me.removing and not (rules.back_looks_at_finished or rules.looks):
        return to_roles(me, rules)
    return "look" if rules.looks else to_roles(me, rules)


def to_roles(me: Request, rules: Rules) -> str:
    """Returns the look at the roles, if that is made."""
    looks = rules.back_looks_at_roles if me.removing else rules.looks_at_roles
    return "look at roles" if looks else act(me)


@call("GET user by name")
def look(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The request gives up if another request's claim, or another try's, has replaced its own."""
    user = theirs(keystone, me)
    ours = rules.back_claims or me.repair or not me.removing
    if user is None or (ours and (user.request, user.time) != (me.signature, me.time)):
        return keystone, me.end(503)
    if me.removing and rules.back_looks_at_finished and user.finished:
        return keystone, me.to("unclaim", answer=503)
    return keystone, me.to(to_roles(me, rules))


@call("GET roles")
def look_at_roles(keystone: Keystone, me: Request, _: Rules) -> Answer:
    """A role shows that a holder was faster."""
    user = theirs(keystone, me)
    return keystone, me.to("unclaim", answer=503) if user and user.role else me.to(act(me))


def act(me: Request) -> str:
    """Returns the call for which the user was claimed."""
    return "remove user" if me.removing else "set password"


@call("PATCH unclaim")
def unclaim(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The request takes its claim off, and with it the lease."""
    if theirs(keystone, me) and rules.unclaims:
        keystone = keystone.set(claim=False, lease=FREE)
    return keystone, me.end(503) if me.answer == 503 else give_up(me, me.answer, rules)


@call("PATCH password")
def set_password(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The call that sets the password signs it, ends the claim and renews the lease; in F it sets the default, too."""
    user = theirs(keystone, me)
    if user is None:
        return keystone, me.end(503)
    if me.refused == "reset":
        return keystone, me.to("unclaim", answer=400)
    lease = YOUNG if rules.renews else FREE
    keystone = keystone.set(password=me.password, request=me.name, claim=False, lease=lease, time=me.tries)
    if me.only_user:
        keystone = keystone.set(finished=True)
    elif rules.project_first:
        keystone = keystone.set(default=me.project)
    return keystone, with_user(
        me._replace(user=keystone.user, owner=True, again=me.tries > 0 and not rules.project_first), rules
    )


@call("DELETE user")
def remove_user(keystone: Keystone, me: Request, _: Rules) -> Answer:
    """Keystone removes the user without comparing anything."""
    return keystone._replace(user=None) if theirs(keystone, me) else keystone, me.end(me.answer)


# ensure_grants: the last calls, and the looks at the end.


def granting(me: Request, rules: Rules) -> Request:
    """Returns the request at its last calls, which are sent in parallel, so Keystone executes them in any order."""
    assert me.user
    default = rules.project_first and me.user.default != me.project
    return me.to("wave", wave=frozenset(["grant", "set default"] if default else ["grant"]))


@call("PUT grant")
def grant(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The user is granted the role, if both exist."""
    if theirs(keystone, me) is None or its_project(keystone, me) is None:
        return keystone, done(me._replace(failed=True), "grant", rules)
    return keystone.set(role=me.project), done(me, "grant", rules)


@call("PATCH default")
def set_default(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """A found user gets the default project; Keystone does not look whether it exists."""
    if theirs(keystone, me) is None:
        return keystone, done(me._replace(failed=True), "set default", rules)
    return keystone.set(default=me.project), done(me, "set default", rules)


def done(me: Request, what: str, rules: Rules) -> Request:
    """Returns the request after one of its last calls, or of its looks at the end, which follow."""
    me = me._replace(wave=me.wave - {what})
    if me.wave:
        return me
    if me.failed:
        return me.end(503)
    looks = set()
    if what in ("grant", "set default"):
        if me.known:
            user = rules.ids_look
        elif me.creator:
            user = rules.creator_looks
        else:
            user = rules.taker_looks if me.owner else rules.prover_looks
        looks = {"look at user"} if user else set()
        if rules.project_first and not me.maker and rules.project_looks:
            looks.add("look at project")
    return me.to("wave", wave=frozenset(looks)) if looks else me.end(201)


@call("GET user by name")
def look_at_user(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """Another's claim, or another's password, came between."""
    user = theirs(keystone, me)
    assert me.user
    same = user and (user.request, user.claim) == (me.user.request, me.user.claim)
    if user and rules.compares_times and user.time != me.user.time:
        same = False
    return keystone, done(me if same else me._replace(failed=True), "look at user", rules)


@call("GET project by name")
def look_at_project(keystone: Keystone, me: Request, rules: Rules) -> Answer:
    """The project must stand and bear no claim."""
    project = its_project(keystone, me)
    ok = project and (project.claim == FREE or (project.claim == OLD and not rules.frees_old))
    return keystone, done(me if ok else me._replace(failed=True), "look at project", rules)
