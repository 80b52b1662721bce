"""repair_user_projects: ends what the list finds, changes nothing else, and can be stopped and repeated at any time."""

import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.list_user_projects import list_user_projects
from functions.repair_user_projects import repair_user_projects
from lib.operations.repair import ALWAYS_ALLOWED
from tests.support.answers import error, signed_up
from tests.support.by_hand import PASSWORD, ByHand, mark
from tests.support.census import Census, census
from tests.support.command_line import variables_of
from tests.support.fixtures import SettingsFile
from tests.support.keystone import Keystone, keystone
from tests.support.proxy import Exchange, Proxy, proxy
from tests.support.service import ROOT

GRANT, ADMIN = "Grant the roles that are missing", "Replace the role admin of the user"
USER, PROJECT, REMOVE = "Mark the user", "Mark the project", "Remove the user, who has no project and no role"
Repairs = list[tuple[str, str]]


@pytest.fixture(scope="module")
def running() -> Iterator[Keystone]:
    """Returns a Keystone of this module's own, as a repair goes through all that is Concertim's in the cloud."""
    with keystone() as cloud:
        cloud.admin.users.list(name="concertim")
        yield cloud


@pytest.fixture
def own(running: Keystone) -> Iterator[Keystone]:
    """Returns that Keystone, and removes afterwards what a test has made, which the next repair would repair."""
    before = census(running.admin)
    yield running
    now = census(running.admin)
    for kind, earlier, all_ in (
        (running.admin.users, before.users, now.users),
        (running.admin.projects, before.projects, now.projects),
    ):
        # Of projects, those below others first.
        made = [one for one in all_.values() if one["id"] not in earlier]
        for one in sorted(made, key=lambda one: one.get("parent_id") == "default"):
            kind.delete(one["id"])


@pytest.fixture(scope="module")
def by_hand(running: Keystone) -> ByHand:
    """Makes users and projects in that Keystone."""
    return ByHand(running)


@pytest.fixture
def front(own: Keystone) -> Iterator[Proxy]:
    """Returns a proxy before that Keystone."""
    with proxy(own.auth_url) as before:
        yield before


def repaired(cloud: Keystone, auth_url: str = "", **request: Any) -> dict[str, Any]:
    """Returns the body of a repair that is answered 200. It is applied unless the request says otherwise."""
    env = cloud.cloud_env() | ({"auth_url": auth_url} if auth_url else {})
    status, body = repair_user_projects({"cloud_env": env, "apply": True, "most_percent": 100} | request)
    assert isinstance(body, dict)
    assert status == 200, body
    assert body["applied"] is request.get("apply", True)
    return body


def done(body: dict[str, Any]) -> Repairs:
    """Returns what was done, as (login or team, action)."""
    return [(one.get("login") or one["team"], one["action"]) for one in body["repairs"] if "action" in one]


def by_name(repairs: Repairs) -> dict[str, list[str]]:
    """Returns the actions of each login or team."""
    return {name: [what for whose, what in repairs if whose == name] for name, _ in repairs}


def left(body: dict[str, Any]) -> dict[str, str]:
    """Returns why what was left alone was so, by login or team."""
    return {one.get("login") or one["team"]: one["left_alone"] for one in body["repairs"] if "left_alone" in one}


def problems(cloud: Keystone) -> dict[str, list[str]]:
    """Returns the codes of what is wrong, by login or team, as the list tells it."""
    status, body = list_user_projects({"cloud_env": cloud.cloud_env()})
    assert isinstance(body, dict)
    assert (status, body["complete"]) == (200, True)
    wrong = [one for one in body["entries"] if one["problems"]]
    return {one.get("login", one.get("team")): sorted({each["code"] for each in one["problems"]}) for one in wrong}


def opens(cloud: Keystone, user: str, project: str | None = None) -> None:
    """Asserts that the user's password still logs in, into the project if one is given."""
    scope = {"project_id": project} if project else {"unscoped": True}
    cloud.client(user_id=user, password=PASSWORD, **scope).session.get_token()


def roles(cloud: Keystone, user: str, project: str) -> list[str]:
    """Returns the names of the user's roles on the project, sorted."""
    held = cloud.admin.role_assignments.list(user=user, project=project, include_names=True)
    return sorted(one.role["name"] for one in held)


def outside(now: Census, ids: set[str]) -> Census:
    """Returns all of the census but what has one of these ids."""
    users = {key: one for key, one in now.users.items() if key not in ids}
    projects = {key: one for key, one in now.projects.items() if key not in ids}
    return Census(users, projects, frozenset(one for one in now.grants if not {*one[1:]} & ids))


def test_a_cloud_of_the_older_service_is_clean_after_one_repair(own: Keystone, by_hand: ByHand, login: str) -> None:
    """Half of its pairs are broken in eight ways.

    A dry run changes nothing. After the repair, what is left is for an operator to decide, everybody logs in, nobody is
    a cloud administrator, and nothing is touched that is not Concertim's. The next repair finds nothing to do.
    """
    whole = {f"{login}-1": by_hand.older(f"{login}-1")}
    whole[f"{login}-2"] = by_hand.older(f"{login}-2", prefix="CM_", suffix="_proj")
    names = [
        f"{login}-{what}" for what in ("no-role", "bare", "no-grants", "user", "project", "twice", "off", "shared")
    ]
    no_role, bare, no_grants, user, project, twice, off, shared = names
    for name, accounts in ((no_role, by_hand.accounts), (bare, [])):
        whole[name] = by_hand.user(f"CM_{name}"), by_hand.project(f"CM_{name}_proj", accounts)
    whole[no_grants] = by_hand.user(f"CM_{no_grants}"), by_hand.project(f"CM_{no_grants}_proj", [])
    by_hand.grant("admin", *whole[no_grants])
    lone_user = by_hand.user(f"concertim_{user}")
    by_hand.project(f"concertim_{project}_project")
    pairs = [by_hand.older(twice), by_hand.older(twice, prefix="CM_", suffix="_proj")]
    disabled = by_hand.older(off)
    by_hand.admin.users.update(disabled[0], enabled=False)
    # The user of a later release has no project of her own, and administers a team.
    member, team = by_hand.user(f"CM_{shared}"), by_hand.project(f"CM_{shared}_team")
    by_hand.grant("admin", member, team)
    # What is not Concertim's: strangers, an operator's account whose name fits, a healthy person, another domain.
    stranger, strangers = by_hand.user(f"bob-{login}"), by_hand.project(f"bobs-{login}", ())
    by_hand.grant("admin", stranger, strangers)
    operator = by_hand.user(f"CM_{login}-op")
    by_hand.grant("admin", operator, strangers)
    hand_made = by_hand.project(f"CM_{login}-infra", ())
    by_hand.grant("member", stranger, hand_made)
    by_hand.person(f"{login}-healthy")
    elsewhere = by_hand.admin.domains.create(f"elsewhere-{login}").id
    by_hand.user(f"CM_{login}-1", domain=elsewhere)
    before = census(own.admin)

    plan = repaired(own, apply=False)
    assert census(own.admin) == before
    admin = {name: [ADMIN] for name in whole} | {no_role: [], bare: []}
    assert by_name(done(plan)) == {
        **{name: [*admin[name], GRANT, PROJECT, USER] for name in whole},
        shared: [ADMIN, USER],
        f"{shared}_team": [PROJECT],
    }
    assert {*left(plan)} == {user, project, twice, off, f"{login}-op", f"{login}-infra"}
    body = repaired(own)
    assert (body["repairs"], body["remaining"]) == (plan["repairs"], 0)

    now = census(own.admin)
    ours = {one for pair in whole.values() for one in pair} | {member, team}
    assert outside(now, ours) == outside(before, ours)
    assert (now.users.keys(), now.projects.keys()) == (before.users.keys(), before.projects.keys())
    for name, (person, home) in whole.items():
        opens(own, person, home)
        assert (name, roles(own, person, home)) == (name, ["member"])
    for one in (lone_user, *(person for person, _ in pairs), member):
        opens(own, one)
    opens(own, member, team)
    assert roles(own, member, team) == ["member"]
    assert problems(own) == {
        user: ["no_project", "unmarked"],
        project: ["no_user", "unmarked"],
        twice: ["grant_missing", "holds_admin", "two_for_one_login", "unmarked"],
        off: ["disabled", "grant_missing", "holds_admin", "unmarked"],
        f"{login}-op": ["holds_admin", "roles_outside", "unmarked"],
        f"{login}-infra": ["grant_missing", "unmarked"],
    }
    again = repaired(own)
    assert (done(again), left(again), census(own.admin)) == ([], left(plan), now)


def test_what_is_younger_than_six_hours_is_left_alone(own: Keystone, by_hand: ByHand, login: str) -> None:
    """The UI repeats a sign-up for five hours, and one may be just at work."""
    young, old = by_hand.person(f"{login}-1", "reader", hours=5.9), by_hand.person(f"{login}-2", "reader", hours=6.1)
    body = repaired(own)
    assert done(body) == [(f"{login}-2", GRANT)]
    assert left(body) == {
        f"{login}-1": "It was made less than six hours ago, and may be just being finished.",
    }
    assert (roles(own, *young), roles(own, *old)) == (["reader"], ["member", "reader"])


def test_a_repair_that_was_stopped_between_its_marks_goes_on(own: Keystone, by_hand: ByHand, login: str) -> None:
    """The mark that it has written is young, and what it marks is not."""
    user, project = by_hand.older(login, "member")
    by_hand.admin.projects.update(project, **mark("project", login, hours=0))
    assert done(repaired(own)) == [(login, USER)]
    assert problems(own) == {}
    opens(own, user, project)


def test_a_sign_up_without_roles_is_finished(own: Keystone, by_hand: ByHand, login: str) -> None:
    """The person can then log in to the project, which is their default one."""
    user = by_hand.user(f"concertim_{login}", **mark("user", login))
    project = by_hand.project(f"concertim_{login}_project", (), **mark("project", login))
    by_hand.project(f"below-{login}", (), parent=project)
    assert problems(own) == {login: ["grant_missing", "half_made"]}
    assert done(repaired(own)) == [(login, GRANT)]
    assert problems(own) == {}
    opens(own, user, project)
    # By name, as Keystone may answer a read by id from its cache.
    assert own.admin.users.list(name=f"concertim_{login}")[0].default_project_id == project


@pytest.mark.parametrize("how", ["named", "all"])
def test_a_user_alone_is_removed_where_an_operator_says_so(
    own: Keystone, by_hand: ByHand, login: str, how: str
) -> None:
    """It may be a person whose project an operator has removed, so only an operator can decide."""
    user, _ = by_hand.user(f"concertim_{login}", **mark("user", login)), by_hand.person(f"{login}-2")
    before = census(own.admin)
    body = repaired(own)
    why = (
        "The next sign-up of this login goes on with the user. To remove the user, name them (--named-user), or remove"
        " all who have no project and no role (--remove-half-made)."
    )
    assert (done(body), left(body), census(own.admin)) == ([], {login: why}, before)
    body = repaired(own, named_user_ids=[user]) if how == "named" else repaired(own, remove_half_made=True)
    assert (done(body), left(body)) == ([(login, REMOVE)], {})
    assert census(own.admin) == outside(before, {user})


@pytest.mark.parametrize("by", ["user", "group"])
def test_an_operators_account_is_left_alone_unless_named(own: Keystone, by_hand: ByHand, login: str, by: str) -> None:
    """Its name fits a template of the older service, and its roles outside Concertim's projects tell what it is."""
    user, project = by_hand.older(login)
    grant, admin = by_hand.admin.roles.grant, by_hand.roles["admin"]
    if by == "group":
        group = by_hand.admin.groups.create(f"operators-{login}", domain="default").id
        by_hand.admin.users.add_to_group(user, group)
        grant(admin, group=group, system="all")
    else:
        grant(admin, user=user, system="all")
    before = census(own.admin)
    body = repaired(own)
    assert (done(body), census(own.admin)) == ([], before)
    assert left(body)[login].startswith("The user holds roles outside Concertim's projects, on system all")
    assert left(body)[login].endswith(". Name the user to repair them all the same.")
    assert done(repaired(own, named_user_ids=[user])) == [(login, what) for what in (ADMIN, GRANT, PROJECT, USER)]
    # Its other roles are for the operators to revoke.
    assert problems(own) == {login: ["holds_admin", "roles_outside"]}
    assert roles(own, user, project) == ["member"]
    if by == "group":
        by_hand.admin.groups.delete(group)


def test_to_name_who_is_not_managed_is_refused(own: Keystone, by_hand: ByHand, login: str) -> None:
    """Nothing is changed then: the operator meant somebody else."""
    ann, _ = by_hand.older(login)
    before = census(own.admin)
    # Nobody's, the standing account's, cloud_env's own.
    for user in ("0" * 32, by_hand.accounts[0][1], by_hand.accounts[2][1]):
        request = {"cloud_env": own.cloud_env(), "apply": True, "named_user_ids": [ann, user]}
        why = f"These users are not managed by Concertim: {user}."
        assert repair_user_projects(request) == error(403, "not_concertims", why)
    assert census(own.admin) == before


def test_more_than_a_share_is_not_changed_at_once(own: Keystone, by_hand: ByHand, login: str) -> None:
    """Whoever has set a wrong template, or named the wrong cloud, then changes nothing."""
    several = ALWAYS_ALLOWED + 1
    for number in range(several):
        by_hand.project(f"CM_{login}-{number}", ())
    before = census(own.admin)
    why = (
        f"This would change {several} of {several} logins and teams, which is more than 99 percent. Look at the plan."
        " If it is right, repeat with a larger most_percent (--most-percent)."
    )
    request = {"cloud_env": own.cloud_env(), "apply": True, "most_percent": 99}
    assert repair_user_projects(request) == error(409, "state_conflict", why)
    assert census(own.admin) == before
    assert len(done(repaired(own, apply=False, most_percent=1))) == 2 * several


@pytest.mark.parametrize("name", ["users", "projects", "role_assignments"])
def test_a_list_that_was_cut_repairs_nothing(
    own: Keystone, by_hand: ByHand, front: Proxy, login: str, name: str
) -> None:
    """What is missing in it is not missing in the cloud."""
    by_hand.project(f"CM_{login}", ())

    def cut(exchange: Exchange) -> None:
        status, headers, data = exchange.ask_keystone()
        whole = b'"truncated": true, "links": {"next": null'
        exchange.reply((status, headers, re.sub(rb'"links": {"next": null', whole, data)))

    front.instead = lambda _, path: cut if path == f"/{name}" and "limit=" in front.targets[-1] else None
    before = census(own.admin)
    why = (
        "Keystone has cut its lists, so this service cannot tell what is missing. In keystone.conf, raise or remove"
        " list_limit and max_db_limit."
    )
    for apply in (True, False):
        request = {"cloud_env": own.cloud_env() | {"auth_url": front.auth_url}, "apply": apply}
        assert repair_user_projects(request) == error(409, "state_conflict", why)
    assert census(own.admin) == before


WRITES = ("POST", "PUT", "PATCH", "DELETE")


def at_write(front: Proxy, number: int, what: Callable[[Exchange], None]) -> None:
    """Lets this happen at the write of this number and at all that follow."""
    writes = list[str]()

    def instead(method: str, path: str) -> Callable[[Exchange], None] | None:
        if method in WRITES and path != "/auth/tokens":
            writes.append(path)
        return what if len(writes) > number else None

    front.instead = instead


def test_a_repeat_finishes_after_a_failure(own: Keystone, by_hand: ByHand, front: Proxy, login: str) -> None:
    """A Keystone that fails in the middle leaves something half repaired, which the next repair goes on with."""
    pairs = [by_hand.older(f"{login}-{number}") for number in range(2)]
    at_write(front, 6, lambda exchange: exchange.reply((500, {}, b"")))
    request = {"cloud_env": own.cloud_env() | {"auth_url": front.auth_url}, "apply": True}
    status, body = repair_user_projects(request)
    assert isinstance(body, dict)
    assert (status, body["error"]) == (502, "keystone_failed")
    assert problems(own)
    repaired(own)
    assert problems(own) == {}
    for pair in pairs:
        opens(own, *pair)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_repeat_finishes_after_a_kill(
    own: Keystone, by_hand: ByHand, front: Proxy, login: str, tmp_path: Path, number: int
) -> None:
    """The command line may be killed, or stopped, at any time."""
    pairs = [by_hand.older(login)]
    config = tmp_path / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {tmp_path / 'log'}}}\n")
    process = None

    def kill(exchange: Exchange) -> None:
        assert process
        process.send_signal(number)
        process.wait()
        exchange.cut()

    at_write(front, 6, kill)
    process = subprocess.Popen(
        [sys.executable, "handler.py", "repair", "--apply"],
        cwd=ROOT,
        env=os.environ | variables_of(own) | {"OS_AUTH_URL": front.auth_url, "CONCERTIM_CONFIG": str(config)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.wait(60) != 0
    assert problems(own)
    repaired(own)
    assert problems(own) == {}
    for pair in pairs:
        opens(own, *pair)


def test_a_call_whose_time_is_short_tells_what_remains(
    own: Keystone, by_hand: ByHand, login: str, settings_file: SettingsFile
) -> None:
    """The next one goes on. Each gets further, however short its time is."""
    for number in range(3):
        by_hand.project(f"CM_{login}-{number}")
    settings_file("user_handler: {deadline: 5}")
    assert [repaired(own)["remaining"] for _ in range(4)] == [2, 1, 0, 0]
    assert problems(own) == {}


def test_two_repairs_at_the_same_time_do_no_harm(own: Keystone, by_hand: ByHand, login: str) -> None:
    """Each finds done, or leaves alone, what the other is at. The next one finds nothing to do."""
    pairs = [by_hand.older(f"{login}-{number}") for number in range(3)]
    with ThreadPoolExecutor(2) as threads:
        answers = [*threads.map(lambda _: repaired(own), range(2))]
    assert {one for body in answers for one in done(body)} == {
        (f"{login}-{number}", what) for number in range(3) for what in (ADMIN, GRANT, PROJECT, USER)
    }
    assert (problems(own), repaired(own)["repairs"]) == ({}, [])
    for pair in pairs:
        opens(own, *pair)
        assert roles(own, *pair) == ["member"]


@pytest.mark.parametrize("password", [PASSWORD, "battery-staple"])
def test_a_removal_beside_a_sign_up_keeps_the_promise(
    own: Keystone, by_hand: ByHand, login: str, password: str
) -> None:
    """There are never two users, and a sign-up that was answered 201 opens. One that was not succeeds when repeated."""
    user = by_hand.user(f"concertim_{login}", **mark("user", login))
    request = {"cloud_env": own.cloud_env(), "username": login, "password": password}
    with ThreadPoolExecutor(2) as threads:
        repair = threads.submit(repaired, own, named_user_ids=[user])
        time.sleep(0.1)
        status, body = create_user_project(request)
        repair.result()
    assert status in (201, 503)
    if status == 503:
        for one in own.admin.users.list(name=f"concertim_{login}"):
            # So that the test need not wait until the claim is old.
            own.admin.users.update(one.id, concertim_claimed="", concertim_taken_over="")
        status, body = create_user_project(request)
    assert isinstance(body, dict)
    assert (status, body) == signed_up(login, body["user_id"], body["project_id"])
    assert [one.id for one in own.admin.users.list(name=f"concertim_{login}")] == [body["user_id"]]
    own.client(user_id=body["user_id"], password=password, project_id=body["project_id"]).session.get_token()


def test_a_repair_beside_sign_ups_keeps_the_promise(own: Keystone, by_hand: ByHand, login: str) -> None:
    """A sign-up with the right password is answered 201, or 503 and then 201, and has the user that existed."""
    pairs = {f"{login}-{number}": by_hand.older(f"{login}-{number}", "member") for number in range(3)}
    for name, (user, project) in pairs.items():
        by_hand.admin.users.update(user, default_project=project)
        assert name
    requests = [{"cloud_env": own.cloud_env(), "username": name, "password": PASSWORD} for name in pairs]
    with ThreadPoolExecutor(4) as threads:
        repair = threads.submit(repaired, own)
        answers = [*threads.map(create_user_project, requests)]
        repair.result()
    assert {status for status, _ in answers} <= {201, 503}
    for request, (name, pair) in zip(requests, pairs.items(), strict=True):
        assert create_user_project(request) == signed_up(name, *pair)
    repaired(own)
    assert problems(own) == {}


def since_listed(front: Proxy, change: Callable[[], object]) -> None:
    """Lets this happen after the lists were read, just before the first thing is read that is to be repaired."""
    left_ = [change]

    def instead(_method: str, path: str) -> None:
        listed = any("/role_assignments?" in one for one in front.targets)
        if left_ and listed and re.fullmatch(r"/(users|projects)/\w+", path):
            left_.pop()()

    front.instead = instead


# What happens to a person of the older service between the list and the repair: (user, project).
SINCE: dict[str, Callable[[ByHand, str, str], object]] = {
    "user removed": lambda by_hand, user, _: by_hand.admin.users.delete(user),
    "user disabled": lambda by_hand, user, _: by_hand.admin.users.update(user, enabled=False),
    "user renamed": lambda by_hand, user, _: by_hand.admin.users.update(user, name=f"CM_renamed-{user}"),
    "user marked": lambda by_hand, user, _: by_hand.admin.users.update(user, **mark("user", "another")),
    "user claimed": lambda by_hand, user, _: by_hand.admin.users.update(
        user, concertim_claimed=datetime.now(UTC).isoformat()
    ),
    "project removed": lambda by_hand, _, project: by_hand.admin.projects.delete(project),
    "project disabled": lambda by_hand, _, project: by_hand.admin.projects.update(project, enabled=False),
    "project marked": lambda by_hand, _, project: by_hand.admin.projects.update(project, **mark("team", "another")),
}


def test_what_has_changed_since_it_was_listed_is_left_alone(
    own: Keystone, by_hand: ByHand, front: Proxy, login: str
) -> None:
    """The repair reads again what it changes, and says why it has not done what it had planned."""
    pairs = [by_hand.older(f"{login}-{number}", "reader") for number in range(len(SINCE))]
    changed = list[Census]()

    def change() -> None:
        for pair, happens in zip(pairs, SINCE.values(), strict=True):
            happens(by_hand, *pair)
        changed.append(census(own.admin))

    since_listed(front, change)
    body = repaired(own, front.auth_url)
    assert dict(zip(SINCE, left(body), strict=True)) == {what: f"{login}-{number}" for number, what in enumerate(SINCE)}
    assert (done(body), census(own.admin)) == ([], changed[0])


def test_a_user_who_was_reported_since_is_not_removed(own: Keystone, by_hand: ByHand, front: Proxy, login: str) -> None:
    """POST /user has answered their id, and no role shows that."""
    user = by_hand.user(f"concertim_{login}", **mark("user", login))
    request = {"cloud_env": own.cloud_env(), "username": login, "password": PASSWORD}
    since_listed(front, lambda: create_user(request))
    body = repaired(own, front.auth_url, named_user_ids=[user])
    assert left(body) == {login: "A sign-up has gone on with the user since it was listed."}
    assert create_user(request) == (201, {"success": True, "username": login, "user_cloud_id": user})


def test_whoever_has_left_a_team_since_gets_no_role_in_it(
    own: Keystone, by_hand: ByHand, front: Proxy, login: str
) -> None:
    """Only who still holds admin there gets a role in place of it."""
    (user, _), team = by_hand.person(login), by_hand.project(f"concertim_{login}", **mark("team", login))
    by_hand.grant("admin", user, team)
    since_listed(front, lambda: by_hand.admin.roles.revoke(by_hand.roles["admin"], user=user, project=team))
    assert done(repaired(own, front.auth_url)) == [(login, ADMIN)]
    assert roles(own, user, team) == []


def test_admin_in_a_team_is_replaced_by_what_the_settings_say(
    own: Keystone, by_hand: ByHand, login: str, settings_file: SettingsFile
) -> None:
    """On the user's own project, it is replaced by what a sign-up grants."""
    (user, project), team = by_hand.person(login, "admin"), by_hand.project(f"concertim_{login}", **mark("team", login))
    by_hand.grant("admin", user, team)
    settings_file("user_handler: {team_roles: {admin: manager}}")
    repaired(own)
    assert (roles(own, user, project), roles(own, user, team)) == (["member"], ["manager"])
    assert repaired(own)["repairs"] == []
    by_hand.grant("admin", user, team)
    settings_file("user_handler: {team_roles: {admin: admin}}")
    assert (repaired(own)["repairs"], roles(own, user, team)) == ([], ["admin", "manager"])


def test_admin_by_a_group_is_for_the_operators_to_revoke(own: Keystone, by_hand: ByHand, login: str) -> None:
    """Others are in the group, too, and perhaps on purpose."""
    (user, _), team = by_hand.person(login), by_hand.project(f"concertim_{login}", **mark("team", login))
    group = by_hand.admin.groups.create(f"group-{login}", domain="default").id
    by_hand.admin.users.add_to_group(user, group)
    by_hand.admin.roles.grant(by_hand.roles["admin"], group=group, project=team)
    before = census(own.admin)
    assert (problems(own), repaired(own)["repairs"]) == ({login: ["holds_admin"]}, [])
    assert census(own.admin) == before
    by_hand.admin.groups.delete(group)


def test_a_team_is_not_given_to_a_login_whose_name_fits(own: Keystone, by_hand: ByHand, login: str) -> None:
    """The older service named the project of team ann_proj as that of login ann. Others hold roles on this one."""
    by_hand.user(f"CM_{login}")
    bob, _ = by_hand.person(f"{login}-bob")
    team = by_hand.project(f"CM_{login}_proj")
    by_hand.grant("member", bob, team)
    before = census(own.admin)
    body = repaired(own)
    why = f"The project's name fits login {login} and team {login}_proj. An operator has to decide."
    assert (done(body), left(body), census(own.admin)) == ([], {login: why}, before)


def test_a_site_that_grants_nobody_else_a_role_has_nothing_to_finish(
    own: Keystone, by_hand: ByHand, login: str, settings_file: SettingsFile
) -> None:
    """A finished team has no grants there, and neither has the project of a person whose user an operator removed."""
    settings_file("user_handler: {cloud_env_roles: [], standing_grants: []}")
    by_hand.project(f"concertim_{login}", (), **mark("team", login))
    by_hand.project(f"concertim_{login}_project", (), **mark("project", login))
    before = census(own.admin)
    assert problems(own) == {login: ["no_user"]}
    assert (repaired(own)["repairs"], census(own.admin)) == ([], before)


def test_every_change_has_a_line_in_the_log(
    own: Keystone, by_hand: ByHand, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It has the login or team and the ids of that very entry, so that an operator can find what was done to whom."""
    pairs = {f"{login}-{number}": by_hand.older(f"{login}-{number}") for number in range(2)}
    team = by_hand.project(f"CM_{login}_team")
    by_hand.grant("admin", pairs[f"{login}-0"][0], team)
    caplog.set_level(logging.INFO, "user_handler")
    caplog.clear()
    repaired(own)
    told = [one.getMessage() for one in caplog.records if one.getMessage().startswith("Repaired: ")]
    facts = [dict(part.split(": ", 1) for part in one.split("; ")) for one in told]
    keys = ("Repaired", "login", "team", "user_id", "project_id")
    about = [{key: one[key] for key in keys if key in one} for one in facts]
    assert about == [
        *(
            {"Repaired": what, "login": name, "user_id": user, "project_id": project}
            for name, (user, project) in pairs.items()
            for what in (ADMIN, GRANT, PROJECT, USER)
        ),
        {"Repaired": PROJECT, "team": f"{login}_team", "project_id": team},
    ]
    assert PASSWORD not in caplog.text
