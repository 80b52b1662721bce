"""The calls of a request that holds the user, one by one, as ensure_project and ensure_grants make them."""

from tests.model.steps import call, theirs
from tests.model.world import Keystone, Request, Rules, User


def holding(me: Request, user: User) -> Request:
    """Returns the request as it goes on with this user."""
    me = me.to("create project", seen=user)
    return me.end(201) if me.only_user else me


@call("POST project")
def create_project(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """The project exists or is made; in either case it is this login's, unless it is refused."""
    if me.refused or keystone.project:
        return keystone, me.to("find project")
    return keystone._replace(project=True), granting(me)


@call("GET project by name")
def find_project(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """If the project is another's, the user is taken back, unless something says that they were reported."""
    if not me.refused:
        return keystone, granting(me)
    assert me.seen
    reported = me.seen.finished or me.seen.default or me.seen.id == me.known
    return keystone, me.end(409) if reported else me.to("read roles", removing=True)


def granting(me: Request) -> Request:
    """Returns the request at its last calls, which are sent in parallel, so Keystone executes them in any order."""
    assert me.seen
    return me.to("wave", wave=frozenset(["grant"] if me.seen.default else ["grant", "set default"]))


@call("PUT grant")
def grant(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """The user is granted the role; the grants to other accounts change nothing in the model, which leaves them out."""
    if theirs(keystone, me) is None:
        return keystone, done(me._replace(failed=True), "grant", rules)
    return keystone.set(role=True), done(me, "grant", rules)


@call("PATCH default")
def set_default(keystone: Keystone, me: Request, rules: Rules) -> tuple[Keystone, Request]:
    """Keystone's answer to this call tells which request has claimed the user last."""
    user = theirs(keystone, me)
    if user is None:
        return keystone, done(me._replace(failed=True), "set default", rules)
    assert me.seen
    failed = me.failed or (rules.holder_compares and user.request != me.seen.request)
    return keystone.set(default=True), done(me._replace(failed=failed), "set default", rules)


def done(me: Request, what: str, rules: Rules) -> Request:
    """Returns the request after one of its last calls; after all of them, it ends or reads the user once more."""
    me = me._replace(wave=me.wave - {what})
    if me.wave:
        return me
    assert me.seen
    if me.failed:
        return me.end(503)
    return me.to("look at the end") if rules.holder_looks and (me.late or me.seen.default) else me.end(201)


@call("GET user by name")
def look_at_the_end(keystone: Keystone, me: Request, _: Rules) -> tuple[Keystone, Request]:
    """A request that finds another's claim at the end does not report the user."""
    user = theirs(keystone, me)
    assert me.seen
    return keystone, me.end(201 if user and user.request == me.seen.request else 503)
