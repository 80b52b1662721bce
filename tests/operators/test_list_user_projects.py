"""POST /list_user_projects: every login and team of Concertim's, all that is wrong with it, and nothing else."""

import inspect
import json
import re
import uuid
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.create_team import create_team
from functions.create_team_role import create_team_role
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.list_user_projects import list_user_projects
from lib.keystone.client.list_page import LONGEST_ROW
from lib.operations import findings
from tests.support.answers import done
from tests.support.by_hand import PASSWORD, ByHand, mark
from tests.support.fixtures import SettingsFile
from tests.support.keystone import Keystone, keystone
from tests.support.proxy import Exchange, Fault, Proxy, proxy

Entry = dict[str, Any]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def own() -> Iterator[Keystone]:
    """Returns a Keystone of this module's own, as a list has everything that is Concertim's in the cloud."""
    with keystone() as running:
        running.admin.users.list(name="concertim")
        yield running


@pytest.fixture(scope="module")
def by_hand(own: Keystone) -> ByHand:
    """Makes users and projects in that Keystone."""
    return ByHand(own)


@pytest.fixture
def front(own: Keystone) -> Iterator[Proxy]:
    """Returns a proxy before that Keystone."""
    with proxy(own.auth_url) as running:
        yield running


def listed(cloud: Keystone, auth_url: str = "") -> dict[str, Any]:
    """Returns the body of the list."""
    env = cloud.cloud_env() | ({"auth_url": auth_url} if auth_url else {})
    status, body = list_user_projects({"cloud_env": env})
    assert isinstance(body, dict)
    assert status == 200, body
    return body


def entries_of(body: dict[str, Any], name: str) -> list[Entry]:
    """Returns the entries of this login or team."""
    return [one for one in body["entries"] if name in (one.get("login"), one.get("team"))]


def codes(entry: Entry) -> list[str]:
    """Returns what is wrong with the entry."""
    return [one["code"] for one in entry["problems"]]


def grants(by_hand: ByHand, *more: Entry) -> list[Entry]:
    """Returns the grants of a complete project, sorted."""
    names = {by_hand.accounts[2][1]: "admin", by_hand.accounts[0][1]: "concertim"}
    standing = [{"role": role, "user_id": one, "user_name": names[one]} for role, one in by_hand.accounts]
    return ordered([*standing, *more])


def ordered(items: list[Entry]) -> list[Entry]:
    """Returns the items in one order, as Keystone has none."""
    return sorted(items, key=lambda one: sorted(one.items()))


def test_what_is_complete_is_listed_whole(own: Keystone, by_hand: ByHand, login: str) -> None:
    """A person, a user of UI v1.2.0 in a team, and the team: every field, and no problem."""
    env = {"cloud_env": own.cloud_env()}
    status, ann = create_user_project(env | {"username": login, "password": "correct-horse", "email": "a@b.example"})
    assert isinstance(ann, dict)
    person = {"username": f"{login}-2", "name": "Bob", "password": "correct-horse", "email": "b@b.example"}
    _, bob = create_user(env | person)
    assert isinstance(bob, dict)
    _, team = create_team(env | {"name": f"{login}_team"})
    assert isinstance(team, dict)
    role = {"role": "admin", "project_id": team["project_id"], "user_id": bob["user_cloud_id"]}
    assert (status, create_team_role(env | {"team_role": role})) == (201, done())
    body = listed(own)
    assert (body["complete"], sorted(body)) == (True, ["complete", "counts", "entries"])
    counted = {"people": 0, "teams": 0, "with_problems": 0}
    for one in body["entries"]:
        counted["teams" if one["kind"] == "team" else "people"] += 1
        counted["with_problems"] += bool(one["problems"])
    assert body["counts"] == counted
    now = {one.id: one.to_dict() for one in (*own.admin.users.list(), *own.admin.projects.list())}
    user, project, second, shared = (
        now[one] for one in (ann["user_id"], ann["project_id"], bob["user_cloud_id"], team["project_id"])
    )
    [entry] = entries_of(body, login)
    holds = {"role": "member", "user_id": user["id"], "user_name": user["name"]}
    assert entry | {"grants": ordered(entry["grants"])} == {
        "kind": "person",
        "login": login,
        "user_id": user["id"],
        "user_name": f"concertim_{login}",
        "user_enabled": True,
        "user_marked": True,
        "email": "a@b.example",
        "user_created": user["concertim_created"],
        "user_request_id": user["concertim_request"],
        "default_project_id": project["id"],
        "project_id": project["id"],
        "project_name": f"concertim_{login}_project",
        "project_enabled": True,
        "project_marked": True,
        "project_created": project["concertim_created"],
        "project_request_id": project["concertim_request"],
        "grants": grants(by_hand, holds),
        "elsewhere": [],
        "problems": [],
    }
    assert entries_of(body, f"{login}-2") == [
        {
            "kind": "person",
            "login": f"{login}-2",
            "user_id": second["id"],
            "user_name": f"concertim_{login}-2",
            "user_enabled": True,
            "user_marked": True,
            "user_reported": True,
            "email": "b@b.example",
            "full_name": "Bob",
            "user_created": second["concertim_created"],
            "user_request_id": second["concertim_request"],
            "grants": [],
            "elsewhere": [{"role": "member", "scope": f"project {shared['id']}", "managed": True}],
            "problems": [],
        }
    ]
    [entry] = entries_of(body, f"{login}_team")
    holds = {"role": "member", "user_id": second["id"], "user_name": second["name"]}
    assert entry | {"grants": ordered(entry["grants"])} == {
        "kind": "team",
        "team": f"{login}_team",
        "project_id": shared["id"],
        "project_name": f"concertim_{login}_team",
        "project_enabled": True,
        "project_marked": True,
        "project_created": shared["concertim_created"],
        "project_request_id": shared["concertim_request"],
        "grants": grants(by_hand, holds),
        "elsewhere": [],
        "problems": [],
    }


def _two_teams(by_hand: ByHand, login: str) -> None:
    by_hand.project(f"concertim_{login}", **mark("team", login))
    by_hand.project(f"CM_{login}")


def _another_name(by_hand: ByHand, login: str) -> None:
    user, _ = by_hand.person(login)
    by_hand.admin.users.update(user, name=f"renamed-{login}")


def _disabled(by_hand: ByHand, login: str) -> None:
    user, project = by_hand.person(login)
    by_hand.admin.users.update(user, enabled=False)
    by_hand.admin.projects.update(project, enabled=False)


def _operators(by_hand: ByHand, login: str) -> None:
    by_hand.grant("reader", by_hand.user(f"CM_{login}"), by_hand.project(f"operations-{login}", ()))


# What is made for a login or a team of this name, and the codes that each entry of it then has.
WRONG: dict[str, tuple[Callable[[ByHand, str], object], list[list[str]]]] = {
    "a user alone, just begun": (
        lambda by_hand, login: by_hand.user(f"concertim_{login}", **mark("user", login)),
        [["half_made", "no_project"]],
    ),
    "no role on the project": (
        lambda by_hand, login: [
            by_hand.user(f"concertim_{login}", **mark("user", login)),
            by_hand.project(f"concertim_{login}_project", (), **mark("project", login)),
        ],
        [["half_made", "grant_missing"]],
    ),
    "a team just begun": (
        lambda by_hand, login: by_hand.project(f"concertim_{login}", (), **mark("team", login)),
        [["half_made", "grant_missing"]],
    ),
    "a project alone": (
        lambda by_hand, login: by_hand.project(f"concertim_{login}_project", **mark("project", login)),
        [["no_user"]],
    ),
    "the project was removed": (
        # Keystone then takes the default project from the user.
        lambda by_hand, login: by_hand.admin.projects.delete(by_hand.person(login)[1]),
        [["half_made", "no_project"]],
    ),
    "by the older service": (
        lambda by_hand, login: by_hand.older(login, "member"),
        [["unmarked", "unmarked"]],
    ),
    "by the later older service": (
        lambda by_hand, login: by_hand.older(login, "member", prefix="CM_", suffix="_proj"),
        [["unmarked", "unmarked"]],
    ),
    "a team by the older service": (lambda by_hand, login: by_hand.project(f"CM_{login}"), [["unmarked"]]),
    "another name": (_another_name, [["mark_and_name_disagree"]]),
    "admin in place of member": (
        lambda by_hand, login: by_hand.person(login, "admin"),
        [["grant_missing", "holds_admin"]],
    ),
    "admin beside member": (lambda by_hand, login: by_hand.person(login, "member", "admin"), [["holds_admin"]]),
    "disabled": (_disabled, [["disabled", "disabled"]]),
    "two users": (
        lambda by_hand, login: [by_hand.person(login), by_hand.user(f"CM_{login}")],
        [["two_for_one_login"], ["no_project", "unmarked", "two_for_one_login"]],
    ),
    "two teams": (_two_teams, [["two_for_one_team"], ["unmarked", "two_for_one_team"]]),
    "an operator's account": (_operators, [["unmarked", "roles_outside"]]),
}


def test_each_problem_is_told_of_its_login_alone(own: Keystone, by_hand: ByHand, login: str) -> None:
    """Codes and entries are exactly these, and a person whose name is alike has no problem."""
    for number, (make, _) in enumerate(WRONG.values()):
        make(by_hand, f"{login}-{number}")
    by_hand.person(f"{login}.2")
    body = listed(own)
    told = {
        what: sorted(codes(one) for one in entries_of(body, f"{login}-{number}")) for number, what in enumerate(WRONG)
    }
    assert told == {what: sorted(wanted) for what, (_, wanted) in WRONG.items()}
    assert [codes(one) for one in entries_of(body, f"{login}.2")] == [[]]


def test_every_code_has_a_row() -> None:
    """A new kind of problem needs a row above."""
    told = {code for _, entries in WRONG.values() for codes_ in entries for code in codes_}
    known = re.findall(r'^ +yield \(?\s*f?"([a-z_]+)', inspect.getsource(findings), re.MULTILINE)
    assert {code.removesuffix("login").removesuffix("team") for code in told} == {*known}


def mentioned(body: dict[str, Any], ids: Collection[str]) -> set[str]:
    """Returns those of the ids that entries are about."""
    return {one[key] for one in body["entries"] for key in ("user_id", "project_id") if key in one} & {*ids}


def test_what_is_an_operators_or_elsewhere_is_never_listed(
    own: Keystone, by_hand: ByHand, login: str, settings_file: SettingsFile
) -> None:
    """That is the account in cloud_env with its project, the standing accounts, and all in other domains.

    It is so with a mark, too, and with a name as the older service gave it.
    """
    domain = by_hand.admin.domains.create(f"elsewhere-{login}").id
    home, theirs = by_hand.project(f"CM_{login}-home"), by_hand.project(f"CM_{login}-theirs")
    account = by_hand.user(f"CM_{login}-1", default_project=home, **mark("user", f"{login}-1"))
    standing = by_hand.user(f"CM_{login}-2", default_project=theirs, **mark("user", f"{login}-2"))
    by_hand.grant("admin", account, home)
    elsewhere = [
        by_hand.user(f"CM_{login}", domain=domain),
        by_hand.user(f"concertim_{login}", domain=domain, **mark("user", login)),
        by_hand.project(f"CM_{login}", domain=domain),
        by_hand.project(f"concertim_{login}", domain=domain, **mark("team", login)),
    ]
    operators = {account, home, standing, theirs}
    assert mentioned(listed(own), {*operators, *elsewhere}) == operators
    settings_file(f"user_handler: {{standing_grants: [{{username: CM_{login}-2, roles: [watcher]}}]}}")
    env = {"auth_url": own.auth_url, "user_id": account, "password": PASSWORD, "project_id": home}
    status, body = list_user_projects({"cloud_env": env})
    assert isinstance(body, dict)
    assert (status, mentioned(body, {*operators, *elsewhere})) == (200, set())


@pytest.mark.parametrize("name", ["users", "projects"])
def test_a_row_of_another_domain_is_left_out(
    own: Keystone, by_hand: ByHand, front: Proxy, login: str, name: str
) -> None:
    """A Keystone that does not know a filter ignores it."""
    ids = by_hand.person(login)
    spoil(front, name, changed(lambda body: with_rows(body, [one | {"domain_id": "x"} for one in rows_of(body)])))
    assert mentioned(listed(own, front.auth_url), ids) == {*ids} - {ids[LISTS.index(name)]}


def test_names_of_any_characters_are_listed_as_they_are(own: Keystone, login: str) -> None:
    """Whoever shows them escapes them. A name that is too long for Keystone is listed whole, too."""
    env, odd = {"cloud_env": own.cloud_env()}, "<script>alert(1)</script>\n\u202e\U0001f642 Zoë"
    person = {"username": login, "name": odd, "password": "correct-horse", "email": '"<b>"@site.example'}
    team = f"\ttwo\nwords {login}".ljust(56, "x")
    assert (create_user(env | person)[0], create_team(env | {"name": team})[0]) == (201, 201)
    body = listed(own)
    [entry], [of_team] = entries_of(body, login), entries_of(body, team)
    assert (entry["full_name"], entry["email"], entry["problems"]) == (odd, '"<b>"@site.example', [])
    assert (of_team["team"], of_team["problems"]) == (team, [])
    assert own.admin.projects.get(of_team["project_id"]).name == of_team["project_name"]


def test_roles_are_told_wherever_they_are_held(own: Keystone, by_hand: ByHand, login: str) -> None:
    """On a domain, on the system, on others' projects, on what is below a project, and as a member of a group."""
    user, project = by_hand.person(login)
    other, strangers = by_hand.person(f"{login}-2")[1], by_hand.project(f"x-{login}", ())
    roles, grant = by_hand.roles, by_hand.admin.roles.grant
    group = by_hand.admin.groups.create(f"g-{login}", domain="default").id
    by_hand.admin.users.add_to_group(user, group)
    grant(roles["reader"], user=user, domain="default")
    grant(roles["reader"], user=user, domain="default", os_inherit_extension_inherited=True)
    grant(roles["reader"], user=user, system="all")
    grant(roles["manager"], user=user, project=other)
    grant(roles["manager"], user=user, project=strangers)
    grant(roles["admin"], user=user, project=project, os_inherit_extension_inherited=True)
    grant(roles["admin"], group=group, system="all")
    grant(roles["reader"], group=group, project=project)
    [entry] = entries_of(listed(own), login)
    outside = [
        {"role": "reader", "scope": "domain default", "managed": False},
        {"role": "reader", "scope": "inherited from domain default", "managed": False},
        {"role": "reader", "scope": "system all", "managed": False},
        {"role": "manager", "scope": f"project {strangers}", "managed": False},
        {"role": "admin", "scope": f"inherited from project {project}", "managed": False},
        {"role": "admin", "scope": "system all", "managed": False, "group_id": group},
    ]
    inside = [
        {"role": "manager", "scope": f"project {other}", "managed": True},
        {"role": "reader", "scope": f"project {project}", "managed": True, "group_id": group},
    ]
    assert ordered(entry["elsewhere"]) == ordered([*outside, *inside])
    assert {"role": "reader", "group_id": group} in entry["grants"]
    assert codes(entry) == ["holds_admin", "roles_outside"]
    where = f"inherited from project {project}, system all as a member of group {group}"
    assert f"admin on {where}: a cloud administrator" in entry["problems"][0]["message"]


def test_a_name_that_fits_a_login_and_a_team_is_the_logins(own: Keystone, by_hand: ByHand, login: str) -> None:
    """The older service named the project of login ann as it named that of team ann_proj."""
    user, project = by_hand.older(login, prefix="CM_", suffix="_proj")
    alone = by_hand.project(f"CM_{login}-2_proj")
    team = by_hand.project(f"CM_{login}-3")
    body = listed(own)
    found = {one["project_id"]: (one["kind"], one.get("user_id")) for one in body["entries"] if "project_id" in one}
    assert {one: found[one] for one in (project, alone, team)} == {
        project: ("person", user),
        alone: ("person", None),
        team: ("team", None),
    }


def spoil(front: Proxy, name: str, fault: Fault, times: int = 1000) -> None:
    """Spoils this list alone, so many times. Look-ups by name have the same path."""
    left = [fault] * times

    def instead(_method: str, path: str) -> Fault | None:
        return left.pop() if left and path == f"/{name}" and "limit=" in front.targets[-1] else None

    front.instead = instead


def lists_in(front: Proxy, name: str) -> list[str]:
    """Returns the paths of the calls for this list, with their queries. That of a group's users is another."""
    return [one for one in front.targets if one.startswith(f"/v3/{name}?") and "limit=" in one]


def changed(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Returns a fault that changes the JSON of Keystone's answer."""

    def spoil(exchange: Exchange) -> None:
        status, headers, data = exchange.ask_keystone()
        exchange.reply((status, headers, json.dumps(change(json.loads(data))).encode()))

    return spoil


def test_only_log_ins_and_reads_are_sent(own: Keystone, by_hand: ByHand, front: Proxy, login: str) -> None:
    """To list changes nothing, whatever is found, and role assignments are asked for once and without names."""
    by_hand.older(login)
    listed(own, front.auth_url)
    assert {method for method, path in front.calls if path != "/auth/tokens"} == {"GET"}
    assert front.tokens() == 1
    [roles] = lists_in(front, "role_assignments")
    assert "include_names" not in roles


LISTS = ("users", "projects", "role_assignments")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_cut_is_told(own: Keystone, front: Proxy, name: str) -> None:
    """Keystone says so with `truncated`, and nothing tells where the list goes on."""
    spoil(front, name, changed(lambda body: body | {"truncated": True}))
    assert listed(own, front.auth_url)["complete"] is False


def linked(exchange: Exchange) -> None:
    """Says that the list goes on at another host, after its first row."""
    status, headers, data = exchange.ask_keystone()
    body = json.loads(data)
    marker = rows_of(body)[0].get("id", "abc")
    body["links"]["next"] = f"http://169.254.169.254/v3/elsewhere?marker={marker}&limit=1"
    exchange.reply((status, headers, json.dumps(body | {"truncated": True}).encode()))


@pytest.mark.parametrize("name", LISTS)
def test_the_next_page_is_asked_for_where_the_first_came_from(own: Keystone, front: Proxy, name: str) -> None:
    """A link may have another host, as a Keystone behind a proxy knows its own, and the token must not go there."""
    spoil(front, name, linked, times=1)
    body = listed(own, front.auth_url)
    assert body == listed(own)
    first, second = lists_in(front, name)
    assert second.startswith(f"{first}&marker=")


def test_a_list_that_never_goes_on_is_cut(own: Keystone, front: Proxy) -> None:
    """Some of Keystone's lists begin anew after each marker. To ask for more would never end."""
    spoil(front, "role_assignments", linked)
    assert listed(own, front.auth_url)["complete"] is False
    assert len(lists_in(front, "role_assignments")) == 2


def short(exchange: Exchange) -> None:
    """Sends half of the list, and says that it was all."""
    status, headers, data = exchange.ask_keystone()
    exchange.reply((status, headers, data[: len(data) // 2]))


def answers(status: int, content_type: str, data: str) -> Fault:
    """Returns a fault that answers with this."""
    return lambda exchange: exchange.reply((status, {"Content-Type": content_type}, data.encode()))


def rows_of(body: dict[str, Any]) -> list[Any]:
    """Returns the rows of a list."""
    [rows] = [value for value in body.values() if isinstance(value, list)]
    return rows


def with_rows(body: dict[str, Any], rows: list[Any]) -> dict[str, Any]:
    """Returns the list with these rows."""
    return {name: rows if isinstance(value, list) else value for name, value in body.items()}


NO_LISTS: dict[str, Fault] = {
    "a page": answers(200, "text/html", "<html>Down for maintenance</html>"),
    "a refusing page": answers(404, "text/html", "<html>No backend</html>"),
    "other JSON": answers(200, "application/json", '{"status": "ok"}'),
    "no object": answers(200, "application/json", "[]"),
    "empty": answers(200, "application/json", ""),
    "a list without links": changed(lambda body: {name: value for name, value in body.items() if name != "links"}),
    "other rows": changed(lambda body: with_rows(body, [{"x": 1}])),
    "rows of texts": changed(lambda body: with_rows(body, ["x"])),
    "half a list": short,
    # Else a row that never ends would fill the memory.
    "a row that is too long": changed(
        lambda body: with_rows(body, [rows_of(body)[0] | {"x": "y" * (LONGEST_ROW + 100_000)}])
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_what_is_no_list_is_never_an_empty_one(own: Keystone, name: str) -> None:
    """Nobody may take it for a cloud without users. The answer says to repeat, or to look at what answers there."""

    def answer(fault: Fault) -> tuple[int, str, bool]:
        with proxy(own.auth_url) as front:
            spoil(front, name, fault)
            status, body = list_user_projects({"cloud_env": own.cloud_env() | {"auth_url": front.auth_url}})
        assert isinstance(body, dict)
        return status, body["error"].replace("not_a_keystone", "unclear_answer"), "entries" in body

    # At the same time, as each is asked for again after a pause.
    with ThreadPoolExecutor(len(NO_LISTS)) as threads:
        answers_ = dict(zip(NO_LISTS, threads.map(answer, NO_LISTS.values()), strict=True))
    assert answers_ == dict.fromkeys(NO_LISTS, (502, "unclear_answer", False))


def cut_within(exchange: Exchange) -> None:
    """Sends most of the answer, and closes the connection."""
    data = exchange.as_bytes(exchange.ask_keystone())
    exchange.send(data[: len(data) * 9 // 10])
    exchange.cut()


@pytest.mark.parametrize("name", LISTS)
def test_a_connection_that_is_cut_within_a_list_is_asked_again(
    own: Keystone, by_hand: ByHand, front: Proxy, login: str, name: str
) -> None:
    """What was read until then is read again, and nothing is listed twice."""
    user, project = by_hand.person(login, "member", "manager")
    spoil(front, name, cut_within, times=1)
    body = listed(own, front.auth_url)
    assert (len(lists_in(front, name)) >= 2, body["complete"]) == (True, True)
    assert body == listed(own)
    [entry] = entries_of(body, login)
    assert (entry["user_id"], entry["project_id"], len(entry["grants"])) == (user, project, 5)


def test_longer_ids_are_listed_too(own: Keystone, by_hand: ByHand, front: Proxy, login: str) -> None:
    """Users of a directory have ids of sixty-four digits."""
    user, project = by_hand.person(login)
    long = uuid.uuid4().hex * 2

    def replace(exchange: Exchange) -> None:
        status, headers, data = exchange.ask_keystone()
        exchange.reply((status, headers, data.replace(user.encode(), long.encode())))

    front.instead = lambda method, _: replace if method == "GET" else None
    [entry] = entries_of(listed(own, front.auth_url), login)
    assert (entry["user_id"], entry["project_id"], entry["problems"]) == (long, project, [])
    assert {"role": "member", "user_id": long, "user_name": f"concertim_{login}"} in entry["grants"]


def test_a_keystone_that_pages_is_listed_whole(login: str) -> None:
    """Its pages are as long as an operator has set, and it says nothing of the rest unless it is asked for pages."""
    with keystone({"DEFAULT": {"list_limit": "2", "max_db_limit": "3"}}) as cloud:
        by_hand = ByHand(cloud)
        pairs = {f"{login}-{number}": by_hand.person(f"{login}-{number}", "admin") for number in range(4)}
        body = listed(cloud)
    found = {one["login"]: (one["user_id"], one["project_id"]) for one in body["entries"]}
    assert (body["complete"], found) == (True, pairs)
    assert {(*codes(one),) for one in body["entries"]} == {("grant_missing", "holds_admin")}
