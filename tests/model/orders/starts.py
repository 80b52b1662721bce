"""What Keystone holds at first in both orders, and the requests that meet there."""

from tests.model.orders.world import OLD, YOUNG, Keystone, Project, Request, Rules, User

# With operators' repairs, which remove users, F needs the looks by id and the mark of POST /user, too.
F = Rules()
S = Rules(project_first=False)
A, B, C = (Request(name.upper(), name) for name in "abc")
# Refused: the password in a create; the user; the project; a password in a take-over.
PASSWORD, USER = Request("P", "p", refused="password"), Request("N", "n", refused="user")
PROJECT = Request("R", "a", refused="project")
RESET = Request("Q", "q", refused="reset")
BY_ID = Request("I", "none of these", known=1)
POST_USER = Request("U", "a", only_user=True)
POST_USER_2 = Request("V", "b", only_user=True)
TWICE_A, TWICE_B = A._replace(sets_twice=True), B._replace(sets_twice=True)
REPAIR = Request("X", "none", repair=True)
NOTHING = Keystone()
EMPTY_PROJECT = Keystone(None, Project(1, "earlier"), 0, 1)
LEFT_CLAIM = Keystone(None, Project(1, "earlier", YOUNG), 0, 1)

Meetings = dict[str, tuple[Keystone, tuple[Request, ...]]]


def half_made(
    lease: str = OLD, default: int = 0, password: str = "a", project: bool = False, **more: object
) -> Keystone:
    """Returns a Keystone with a user without roles, whose maker is over."""
    user = User(1, password, "earlier", lease, default=default, **more)  # type: ignore[arg-type]
    return Keystone(user, Project(1, "earlier") if project else None, 1, int(project))


HALF_F, LEASED_F = half_made(OLD, 1, project=True), half_made(YOUNG, 1, project=True)
HALF, LEASED = half_made(), half_made(YOUNG)
OF_A_THIRD, CLAIMED = half_made(password="z"), half_made(YOUNG, claim=True)
CREATED = half_made(password="")
HALF_CLAIMED_PROJECT = HALF_F._replace(project=Project(1, "earlier", YOUNG))

BOTH: Meetings = {
    "two sign-ups": (NOTHING, (A, B)),
    "two sign-ups, one password": (NOTHING, (A, A._replace(name="A2"))),
    "a holder and a taker": (HALF, (A, B)),
    "a holder and a taker, with a project": (HALF_F, (A, B)),
    "a holder and a taker, under a lease": (LEASED, (A, B)),
    "a holder and a taker, under a claim": (CLAIMED, (A, B)),
    "two takers": (OF_A_THIRD, (A, B)),
    "two takers, one reset": (OF_A_THIRD, (RESET, B)),
    "a holder and a reset": (HALF_F, (A, RESET)),
    "one by id and a taker": (HALF, (BY_ID, B)),
    "POST /user and a taker": (HALF, (POST_USER, B)),
    "POST /user and a sign-up": (NOTHING, (POST_USER_2, A)),
    "two that set the password twice": (NOTHING, (TWICE_A, TWICE_B)),
    "two takers of what only a create has made": (CREATED, (TWICE_A, TWICE_B)),
    "POST /user and a sign-up that set twice": (NOTHING, (TWICE_B, POST_USER._replace(sets_twice=True))),
    "two, one's project refused": (NOTHING, (PROJECT, B)),
    "two, one's project refused, one password": (NOTHING, (PROJECT, A)),
    "project refused, and a holder": (HALF, (PROJECT, A)),
    "project refused, and a taker": (HALF, (PROJECT, B)),
    "a taker refused, and a taker": (OF_A_THIRD, (PROJECT, B)),
    "POST /user and a project refused": (NOTHING, (PROJECT, POST_USER)),
    "one by id and a project refused": (NOTHING, (PROJECT, BY_ID)),
    "set twice, one refused": (NOTHING, (PROJECT._replace(sets_twice=True), TWICE_B)),
    "set twice, one refused, one password": (NOTHING, (PROJECT._replace(sets_twice=True), TWICE_A)),
    "two, one's password refused": (NOTHING, (PASSWORD, A)),
}
ONLY_F: Meetings = {
    "two, one's user another's": (NOTHING, (USER, A)),
    "both refused": (NOTHING, (PASSWORD, USER)),
    "refused, a half-made user without project": (HALF, (PASSWORD, A)),
    "refused, and a taker": (HALF, (PASSWORD, B)),
    "refused, and one by id": (HALF, (PASSWORD, BY_ID)),
    "refused, and POST /user": (NOTHING, (PASSWORD, POST_USER)),
    "an empty project": (EMPTY_PROJECT, (PASSWORD, A)),
    "a left claim": (LEFT_CLAIM, (A, B)),
    "a left claim and a holder": (HALF_CLAIMED_PROJECT, (A, B)),
    "refused, set twice": (NOTHING, (PASSWORD._replace(sets_twice=True), TWICE_A)),
}
REPAIRS: Meetings = {
    "repair and a holder": (HALF, (REPAIR, A)),
    "repair and a holder, with a project": (HALF_F, (REPAIR, A)),
    "repair and a taker": (HALF, (REPAIR, B)),
    "repair and one by id": (HALF, (REPAIR, BY_ID)),
    "repair and one by id, with a project": (HALF_F, (REPAIR, BY_ID)),
    "repair and POST /user": (HALF, (REPAIR, POST_USER)),
    "repair under a lease": (LEASED, (REPAIR, A)),
    "repair, set twice": (CREATED, (REPAIR, TWICE_A)),
}
THREE_REPAIRS: Meetings = {
    "repair, a holder, a taker": (HALF, (REPAIR, A, B)),
    "repair, POST /user, one by id": (HALF, (REPAIR, POST_USER, BY_ID)),
    "repair, a taker, one by id": (HALF, (REPAIR, B, BY_ID)),
    "repair, a password refused, a holder": (HALF, (REPAIR, PASSWORD, A)),
}
THREE: Meetings = {
    "a holder and two takers": (HALF, (A, B, C)),
    "two sign-ups and a taker, one refused": (NOTHING, (A, B, PROJECT)),
    "a holder, a taker, a project refused": (HALF, (A, B, PROJECT)),
    "two of one password, one refused, and another": (NOTHING, (A, PROJECT, B)),
    "a project refused, POST /user, by id": (NOTHING, (PROJECT, POST_USER, BY_ID)),
    "a holder, a taker, a reset": (HALF, (A, B, RESET)),
}
THREE_F: Meetings = {
    "a password refused, and two": (NOTHING, (PASSWORD, A, B)),
    "a password refused, a holder, a taker": (HALF, (PASSWORD, A, B)),
    "two refused, and one": (NOTHING, (PASSWORD, USER, A)),
}

# A holder that is dead by now has granted the role, and lost it again, between what G has read and where it has looked.
GIVEN_UP = User(1, "a", "G", YOUNG, claim=True)


def giving_up(rules: Rules) -> Meetings:
    """Returns a meeting with one that is just taking its claim off."""
    project = Project(1, "earlier") if rules.project_first else None
    gives_up = Request("G", "b", next="unclaim", user=GIVEN_UP, owner=True, answer=503, project=int(bool(project)))
    keystone = Keystone(GIVEN_UP, project, 1, int(bool(project)))
    meetings: Meetings = {"a holder, a taker, and one that gives up": (keystone, (A, C, gives_up))}
    return meetings


def starts(rules: Rules) -> Meetings:
    """Returns the meetings of two."""
    return (BOTH | ONLY_F if rules.project_first else BOTH) | REPAIRS


def crowds(rules: Rules) -> Meetings:
    """Returns the meetings of three."""
    return (THREE | THREE_F if rules.project_first else THREE) | THREE_REPAIRS
