"""Tests that the model matches the code: each kind of request makes the model's calls at a real Keystone."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.create_user import create_user
from functions.create_user_project import create_user_project
from lib.endpoint import Answer, Endpoint
from lib.keystone.claims import SECONDS_TO_CLAIM
from lib.keystone.passwords import FIRST_USE
from tests.faults.faults import warm_up
from tests.model.promise import alone
from tests.model.steps import CALLS
from tests.model.test_protocol import ALL_BUT_GRANTS, CREATED, HALF_MADE, NOTHING, OF_A_THIRD
from tests.model.wire import Wire, standing_accounts
from tests.model.world import FREE, OLD, YOUNG, Request, Rules, User
from tests.model.world import Keystone as World
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone
from tests.support.proxy import Proxy

FINISHED = World(User(1, "a", "earlier", default=True, role=True), project=True, made=1)
CLAIMED = World(User(1, "a", "earlier", claim=YOUNG), made=1)
REPORTED = World(User(1, "a", "earlier", finished=True), made=1)
A = Request("A", "a")

KINDS = {
    "made": (NOTHING, A),
    "adopted by its password": (HALF_MADE, A),
    "adopted with a default project": (ALL_BUT_GRANTS, A),
    "finished already": (FINISHED, A),
    "taken over": (OF_A_THIRD, A),
    "another's": (FINISHED, Request("B", "b")),
    "by id": (HALF_MADE, A._replace(known=1, next="read user")),
    "by id, gone": (NOTHING, A._replace(known=1, next="read user")),
    "claimed": (CLAIMED, A),
    "claimed, by id": (CLAIMED, A._replace(known=1, next="read user")),
    "made and taken back": (NOTHING, A._replace(refused=True)),
    "adopted and taken back": (HALF_MADE, A._replace(refused=True)),
    "taken over and taken back": (OF_A_THIRD, A._replace(refused=True)),
    "finished and refused": (FINISHED, A._replace(refused=True)),
    "made, the password set twice, and taken back": (NOTHING, A._replace(sets_twice=True, refused=True)),
    "made, and the password set twice": (NOTHING, A._replace(sets_twice=True)),
    "created by an earlier request, and the password set": (CREATED, A._replace(sets_twice=True)),
    "POST /user, made": (NOTHING, A._replace(only_user=True)),
    "POST /user, adopted": (HALF_MADE, A._replace(only_user=True)),
    "POST /user, reported already": (REPORTED, A._replace(only_user=True)),
    "POST /user, taken over": (OF_A_THIRD, A._replace(only_user=True)),
}
# Each change as it is written to Keystone, and the same change in the model.
DEFAULT = ({"default_project": "0" * 32}, {"default": True})
ANOTHERS = ({"concertim_request": "req-of-another"}, {"request": "another"})
# The kind of request, the call after whose answer another request changes the user, and that change.
MEETINGS: list[tuple[str, str, tuple[Mapping[str, str], Mapping[str, object]]]] = [
    ("taken over", "GET roles", ANOTHERS),
    ("taken over", "GET roles", DEFAULT),
    ("taken over", "PATCH claim", ANOTHERS),
    ("taken over", "PATCH claim", DEFAULT),
    ("taken over", "PATCH claim", ({"concertim_finished": "yes"}, {"finished": True})),
    ("made", "POST project", ANOTHERS),
    ("made, and the password set twice", "POST project", ANOTHERS),
    ("adopted with a default project", "POST project", ANOTHERS),
    ("adopted and taken back", "PATCH claim", ANOTHERS),
    ("adopted and taken back", "PATCH claim", DEFAULT),
    ("POST /user, adopted", "POST token", ANOTHERS),
]


def in_order(asked: list[str]) -> list[str]:
    """Returns the calls with the last, parallel ones sorted, and without the look for the role admin among them.

    Nothing depends on that look, and the model leaves it out.
    """
    if "PUT grant" not in asked:
        return asked
    begin = max(index for index, call in enumerate(asked) if call.endswith(("project", "project by name"))) + 1
    wave = sorted(call for call in asked[begin:] if call in ("PUT grant", "PATCH default"))
    return [*asked[:begin], *wave, *(call for call in asked[begin:] if call not in (*wave, "GET roles"))]


@pytest.fixture
def real(cloud: Keystone, login: str) -> Callable[[World, bool], str]:
    """Makes in a real Keystone what the model's Keystone holds, and returns the user's id.

    The project is another's if `anothers` is true.
    """

    def make(world: World, anothers: bool) -> str:
        name, mark = f"concertim_{login}", {"concertim_name": login}
        project_id = cloud.cloud_env_by_ids()["project_id"]
        if world.project or anothers:
            kind = {} if anothers else {"concertim_kind": "project", **mark}
            made = cloud.admin.projects.create(f"{name}_project", domain="default", **kind)
            project_id = project_id if anothers else made.id
        if world.user is None:
            return ""
        more = {"concertim_finished": "yes"} if world.user.finished else {}
        if world.user.claim != FREE:
            since = datetime.now(UTC) - (timedelta(hours=1) if world.user.claim == OLD else timedelta())
            more |= {"concertim_claimed": since.isoformat()}
        if world.user.default:
            more |= {"default_project": project_id}
        password = world.user.password
        user = cloud.admin.users.create(
            name, domain="default", password=password, concertim_kind="user", **mark, **more
        )
        if world.user.role:
            [member] = cloud.admin.roles.list(name="member")
            cloud.admin.roles.grant(member.id, user=user.id, project=project_id)
        return str(user.id)

    return make


@pytest.fixture
def run(
    cloud: Keystone,
    before: Proxy,
    through: RequestOf,
    settings_file: SettingsFile,
    real: Callable[[World, bool], str],
) -> Callable[..., tuple[Wire, Answer]]:
    """Returns a function that serves a request of a kind, and runs `then` once the call `after` was executed."""

    def call(kind: str, after: str = "", then: Callable[[str], Any] = str) -> tuple[Wire, Answer]:
        world, me = KINDS[kind]
        if me.sets_twice:
            settings_file(f"user_handler: {{user_options: [{FIRST_USE}]}}")
        wire = Wire(real(world, me.refused), standing_accounts(cloud))
        request = through(password=me.password)
        warm_up(request)
        if me.known:
            request["cloud_user_id"] = wire.user_id or "0" * 32
        if after:
            wire.after[after] = lambda: then(wire.user_id)
        before.instead = lambda _method, _path: wire.pass_on
        function: Endpoint = create_user if me.only_user else create_user_project
        return wire, function(request)

    return call


@pytest.fixture
def compare(cloud: Keystone, run: Callable[..., tuple[Wire, Answer]]) -> Callable[..., None]:
    """Asserts that the function makes the calls of the model's request, and is told the same."""

    def check(kind: str, after: str = "", changes: tuple[Mapping[str, str], Mapping[str, object]] = ({}, {})) -> None:
        wire, answer = run(kind, after, lambda user_id: cloud.admin.users.update(user_id, **changes[0]))
        told, asked = alone(*KINDS[kind], Rules(), after, changes[1])
        assert in_order(wire.asked) == in_order(asked)
        # The model leaves out which refusal it is, as that depends on what was changed before.
        assert (answer[0] == 201) == (told.told == 201)

    return check


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_asks_what_the_model_asks(compare: Callable[..., None], kind: str) -> None:
    """A function makes the model's calls in the same order and for the same purpose, and succeeds as it does."""
    compare(kind)


@pytest.mark.parametrize(("kind", "after", "changes"), MEETINGS)
def test_a_function_that_meets_another_asks_what_the_model_asks(
    compare: Callable[..., None], kind: str, after: str, changes: tuple[Mapping[str, str], Mapping[str, object]]
) -> None:
    """A function still makes the model's calls when another request changes the user between two of them."""
    compare(kind, after, changes)


@pytest.mark.parametrize("kind", ["taken over", "adopted and taken back"])
def test_a_request_that_has_claimed_waits_longer_than_others_may_take_to_claim(
    run: Callable[..., tuple[Wire, Answer]], kind: str
) -> None:
    """No call shows the wait after a claim, so a comparison of calls cannot test it."""
    wire, _ = run(kind)
    claimed = wire.asked.index("PATCH claim")
    assert wire.times[claimed + 1] - wire.times[claimed] > SECONDS_TO_CLAIM


@pytest.mark.parametrize("kind", ["taken over", "adopted and taken back"])
def test_a_request_that_takes_too_long_to_claim_gives_up(run: Callable[..., tuple[Wire, Answer]], kind: str) -> None:
    """A late claimer makes no further call, and does not even take its claim off.

    Another request may be just about to set the password.
    """
    wire, answer = run(kind, "PATCH claim", lambda _: time.sleep(SECONDS_TO_CLAIM))
    assert wire.asked[-1] == "PATCH claim"
    assert answer[0] in (409, 503)


def test_a_holder_whose_last_calls_take_too_long_looks_once_more(run: Callable[..., tuple[Wire, Answer]]) -> None:
    """A request that claims the user meanwhile may have looked before the role was granted."""
    wire, answer = run("made", "PUT grant", lambda _: time.sleep(SECONDS_TO_CLAIM))
    assert wire.asked[-1] == "GET user by name"
    assert answer[0] == 201


def test_no_call_of_the_model_is_left_out() -> None:
    """Each call of the model is made by one of the kinds of request, either alone or meeting another."""
    made = [alone(*KINDS[kind], Rules())[1] for kind in KINDS]
    made += [alone(*KINDS[kind], Rules(), after, changes)[1] for kind, after, (_, changes) in MEETINGS]
    assert {call for asked in made for call in asked} == set(CALLS.values())
