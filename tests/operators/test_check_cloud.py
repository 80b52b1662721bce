"""POST /check_cloud: says what is wrong with a cloud and what helps, changes nothing, and is right about both."""

import logging
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from functions.check_cloud import check_cloud
from functions.create_user_project import create_user_project
from lib.operations.check.checks import ALL
from tests.cloud.strict import Strict
from tests.support.census import census
from tests.support.fixtures import SettingsFile
from tests.support.keystone import Keystone, keystone
from tests.support.pages import text_of
from tests.support.proxy import Proxy

PASSWORD = "correct-horse-9"
OPTIONS = {
    "password_regex": r"^(?=.*\d).{6,}$",
    "password_regex_description": "Six characters. One is a digit",
    "password_expires_days": "90",
}
# What no call shows on any Keystone of these tests.
NEVER_SEEN = {"grant_roles", "user_domain", "password_length", "first_use", "lockout", "password_expiry"}
NEVER_SEEN |= {"password_history"}
# The names that are given by default are not those that the siblings of v1.2 look for.
USUAL = NEVER_SEEN | {"services_from_v1_2"}
# What other tests have created in the same Keystone decides these. They have tests with a Keystone of their own.
BY_ALL_NAMES = {"names_in_use"}

Item = dict[str, str]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strict]:
    """Returns a Keystone that nobody has prepared for Concertim, with rules for passwords and a policy of its own."""
    policy = tmp_path_factory.mktemp("policy") / "policy.yaml"
    policy.write_text("{}")
    with keystone({"oslo_policy": {"policy_file": str(policy)}, "security_compliance": OPTIONS}) as running:
        running.admin.roles.delete(running.admin.roles.list(name="watcher")[0].id)
        running.admin.users.delete(running.admin.users.list(name="concertim")[0].id)
        yield Strict(running, policy)


def checked(env: dict[str, Any]) -> tuple[bool, dict[str, list[Item]]]:
    """Returns whether the cloud is ready, and the items of each check. Asserts what holds for every answer."""
    status, body = check_cloud({"cloud_env": env})
    assert (status, isinstance(body, dict)) == (200, True), body
    assert isinstance(body, dict)
    items: dict[str, list[Item]] = {}
    for item in body["items"]:
        items.setdefault(item["check"], []).append(item)
        assert ("remedy" in item) == (item["state"] != "ok"), item
    assert [*items] == [*ALL]
    assert body["ready"] == all(item["state"] != "problem" for item in body["items"])
    return body["ready"], items


def not_ok(items: dict[str, list[Item]]) -> dict[str, str]:
    """Returns the state of each check that has one other than ok, whatever else is in this Keystone."""
    wrong = {check: one["state"] for check, several in items.items() for one in several if one["state"] != "ok"}
    return {check: state for check, state in wrong.items() if check not in BY_ALL_NAMES}


def seen(items: dict[str, list[Item]]) -> dict[str, str]:
    """Returns the state of each check that is not ok, without those that are as usual."""
    return {check: state for check, state in not_ok(items).items() if check not in USUAL}


def operate(cloud: Keystone, command: str) -> None:
    """Does what an `openstack` command does, as a shell would read it."""
    openstack, kind, verb, *arguments = shlex.split(command)
    options = {one: arguments[at + 1] for at, one in enumerate(arguments) if one in ("--domain", "--user", "--project")}
    admin, name = cloud.admin, arguments[-1]
    assert openstack == "openstack"
    match kind, verb:
        case "role", "create":
            assert len(arguments) == 1
            admin.roles.create(name)
        case "domain", "create":
            assert len(arguments) == 1
            admin.domains.create(name)
        case "domain", "set":
            assert arguments[:-1] == ["--enable"]
            admin.domains.update(name, enabled=True)
        case "user", "create":
            assert arguments == ["--domain", options["--domain"], "--password-prompt", name]
            admin.users.create(name, domain=options["--domain"], password=PASSWORD)
        case "user", "set":
            assert arguments[:-1] == ["--ignore-password-expiry"]
            admin.users.update(name, options={"ignore_password_expiry": True})
        case "role", "add":
            [user], [project] = (
                admin.users.list(name=options["--user"]),
                admin.projects.list(name=options["--project"]),
            )
            admin.roles.grant(admin.roles.list(name=name)[0].id, user=user.id, project=project.id)
        case _:
            raise AssertionError(command)


def account_of(cloud: Keystone, role: str, login: str) -> dict[str, Any]:
    """Returns the cloud_env of a new account with this role on a project of its own."""
    admin = cloud.admin
    user = admin.users.create(f"operator-{login}", domain="default", password=PASSWORD)
    home = admin.projects.create(f"home-{login}", domain="default")
    found = [one for one in admin.roles.list() if one.name == role] or [admin.roles.create(role)]
    admin.roles.grant(found[0].id, user=user.id, project=home.id)
    return {"auth_url": cloud.auth_url, "user_id": user.id, "project_id": home.id, "password": PASSWORD}


def test_the_commands_prepare_a_bare_cloud(bare: Strict, login: str, settings_file: SettingsFile) -> None:
    """An operator runs what stands there as it stands, and people can sign up. An odd name is quoted."""
    domain = f"De l'Est {login}"
    accounts = (
        f"[{{username: concertim, roles: [watcher]}}, {{username: x, roles: [watcher], user_domain_name: {login}}}]"
    )
    settings_file(f'user_handler: {{user_domain: "{domain}", standing_grants: {accounts}}}')
    disabled = bare.cloud.admin.domains.create(login, enabled=False).id
    ready, items = checked(bare.cloud.cloud_env())
    wrong = [item for check in ("roles", "accounts", "domains") for item in items[check]]
    assert [(item["message"], item["remedy"]) for item in wrong] == [
        ("The cloud has no role watcher.", "openstack role create watcher"),
        (
            "The cloud has no user concertim in domain default.",
            "openstack user create --domain default --password-prompt concertim",
        ),
        (
            f"The cloud has no domain {login} (in standing_grants) that is enabled.",
            f"openstack domain set --enable {disabled}",
        ),
        (f"The cloud has no domain {domain} (in user_domain).", f"openstack domain create {shlex.quote(domain)}"),
    ]
    assert not ready
    for item in wrong:
        operate(bare.cloud, item["remedy"])
    ready, items = checked(bare.cloud.cloud_env())
    [missing] = [item for several in items.values() for item in several if item["state"] == "problem"]
    assert (ready, missing["check"]) == (False, "accounts")
    operate(bare.cloud, missing["remedy"])
    assert checked(bare.cloud.cloud_env())[0]
    env = bare.cloud.cloud_env()
    assert create_user_project({"cloud_env": env, "username": login, "password": PASSWORD})[0] == 201


def test_a_cloud_that_is_prepared_is_ready_and_nothing_was_changed(
    cloud: Keystone, before: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    """The whole of Keystone is as it was. All that was sent is a read, a log-in, or about an id that nothing has."""
    caplog.set_level(logging.INFO, "user_handler")
    held = census(cloud.admin)
    domains, roles = cloud.admin.domains.list(), cloud.admin.roles.list()
    ready, items = checked(cloud.cloud_env() | {"auth_url": before.auth_url})
    assert (ready, {*not_ok(items)}) == (True, USUAL)
    assert census(cloud.admin) == held
    assert (cloud.admin.domains.list(), cloud.admin.roles.list()) == (domains, roles)
    known = {*held.users, *held.projects, *(one.id for one in roles)}
    kinds = Counter((method, re.sub(r"[0-9a-f]{32}", "ID", path)) for method, path in before.calls)
    assert {call: count for call, count in kinds.items() if call[0] != "GET"} == {
        ("POST", "/auth/tokens"): 2,
        ("POST", "/users"): 3,
        ("PATCH", "/users/ID"): 1,
        ("DELETE", "/users/ID"): 1,
        ("POST", "/projects"): 1,
        ("DELETE", "/projects/ID"): 1,
        ("DELETE", "/projects/ID/users/ID/roles/ID"): 3,
    }
    for method, path in before.calls:
        if method in ("PATCH", "DELETE"):
            [user_or_project] = re.findall(r"^/projects/([0-9a-f]+)$|/users/([0-9a-f]+)", path)
            assert not {*user_or_project} & known, path
    assert "first change" not in caplog.text


def test_the_cached_log_in_is_not_what_is_checked(cloud: Keystone, login: str) -> None:
    """A role that was lost since the last request is found out, and so is a password that was changed."""
    env = account_of(cloud, "admin", login)
    assert create_user_project({"cloud_env": env, "username": login, "password": PASSWORD})[0] == 201
    [admin] = cloud.admin.roles.list(name="admin")
    cloud.admin.roles.revoke(admin.id, user=env["user_id"], project=env["project_id"])
    assert seen(checked(env)[1])["scope"] == "problem"
    cloud.admin.users.update(env["user_id"], password="another-one-1")
    assert seen(checked(env)[1])["credentials"] == "problem"


@pytest.mark.parametrize(
    ("rules", "wrong", "remedy"),
    [
        (
            ("delete_user", "delete_project", "revoke_grant"),
            {"remove_users", "remove_projects", "revoke_roles"},
            "Allow it in Keystone's policy (rule identity:{rule}): the account holds the role admin already.",
        ),
        (
            ("create_user", "update_user", "delete_user", "create_project", "delete_project", "revoke_grant"),
            {"create_users", "change_users", "remove_users", "create_projects", "remove_projects", "revoke_roles"},
            (
                "Switch enforce_scope in [oslo_policy] off if Keystone is older than 22.0.2 (Zed), which refuses tokens"
                " of projects with it; otherwise change its policy."
            ),
        ),
        (
            ("list_users", "list_role_assignments"),
            {"read"},
            "Allow it in Keystone's policy (rule identity:{rule}): the account holds the role admin already.",
        ),
    ],
)
def test_what_the_policy_forbids_an_administrator_is_told(
    cloud: Keystone, bare: Strict, rules: tuple[str, ...], wrong: set[str], remedy: str
) -> None:
    """No role would help, so the remedy names the rule. Only the items of what is forbidden are problems."""
    bare.policy.write_text("\n".join(f'"identity:{rule}": "!"' for rule in rules))
    try:
        _, items = checked(bare.cloud.cloud_env())
    finally:
        bare.policy.write_text("{}")
    found = [item for check in wrong for item in items[check]]
    assert {item["state"] for item in found} == {"problem"}
    told = {re.search(r"rule identity:(\w+)", item["message"])[1]: item["remedy"] for item in found}  # type: ignore[index]
    assert told == {rule: remedy.format(rule=rule) for rule in rules}
    rights = {"read", "create_users", "change_users", "remove_users", "create_projects", "remove_projects"}
    assert {check for check in rights & not_ok(items).keys() if not_ok(items)[check] == "problem"} == wrong & rights


def test_an_account_without_rights_is_told_each_that_it_lacks(cloud: Keystone, login: str) -> None:
    """The account may log in and no more. The policy in SECURITY.md would let it create users, so that is not it."""
    ready, items = checked(account_of(cloud, "member", login))
    lacking = {"read", "create_users", "change_users", "remove_users", "create_projects", "remove_projects"}
    assert not ready
    assert {item["remedy"] for check in lacking for item in items[check]} == {
        "Give the account the role admin on its project, or apply the policy in SECURITY.md."
    }
    assert seen(items).keys() >= lacking
    assert items["account"][0]["state"] == "ok"


def test_the_account_of_the_policy_in_security_md_is_no_problem(
    bare: Strict, login: str, settings_file: SettingsFile
) -> None:
    """What goes by marks cannot be seen until there is a mark. Then a role that the account may not grant is found."""
    rules = re.findall(r'^    (".+": ".+")$', text_of("SECURITY.md"), re.MULTILINE)
    own = "cloud_env_roles: [user_handler], standing_grants: []"
    bare.policy.write_text("\n".join(rules))
    try:
        env = account_of(bare.cloud, "user_handler", login)
        settings_file(f"user_handler: {{{own}}}")
        ready, items = checked(env)
        by_mark = dict.fromkeys(("change_users", "remove_users", "remove_projects"), "unknown")
        assert (ready, seen(items) | by_mark) == (True, seen(items))
        assert create_user_project({"cloud_env": env, "username": login, "password": PASSWORD})[0] == 201
        assert checked(env)[1]["revoke_roles"][0]["state"] == "ok"
        settings_file("user_handler: {standing_grants: []}")
        [refused] = checked(env)[1]["revoke_roles"]
    finally:
        bare.policy.write_text("{}")
    assert refused["state"] == "problem"
    assert refused["message"].endswith("(rule identity:revoke_grant): admin.")
    assert refused["remedy"].startswith("Name other roles in the settings (cloud_env_roles, for instance)")


def test_a_rule_for_passwords_is_told_with_keystones_own_description(bare: Strict, login: str) -> None:
    """The UI lets people choose what this Keystone refuses. The account's password expires, and its command helps."""
    env = account_of(bare.cloud, "admin", login)
    _, items = checked(env)
    [item] = items["passwords"]
    assert (item["state"], item["message"]) == (
        "warning",
        (
            "Keystone refuses passwords that the Concertim UI lets people choose, such as one of six small letters: The"
            " password does not match the requirements: Six characters. One is a digit."
        ),
    )
    [expires] = items["account_password"]
    assert expires["state"] == "warning"
    operate(bare.cloud, expires["remedy"])
    assert checked(env)[1]["account_password"][0]["state"] == "ok"


@pytest.mark.parametrize(("form", "times"), [("E1", 2), ("E2", 1), ("mixed", 1)])
def test_a_wrong_password_is_tried_no_more_often_than_by_a_request(
    cloud: Keystone, before: Proxy, form: str, times: int
) -> None:
    """Each failed log-in counts towards a lock-out. All that needs one is told as not checked."""
    by_name, by_id = cloud.cloud_env(), cloud.cloud_env_by_ids()
    mixed = {"user_id": by_id["user_id"], "project_name": "admin", "project_domain_name": "Default"}
    env = {"E1": by_name, "E2": by_id, "mixed": mixed}[form]
    env |= {"auth_url": before.auth_url, "password": "wrong-one"}
    ready, items = checked(env)
    in_check = before.tokens()
    assert create_user_project({"cloud_env": env, "username": "ann", "password": PASSWORD})[0] == 403
    assert in_check == times <= before.tokens() - in_check
    assert (ready, items["credentials"][0]["state"]) == (False, "problem")
    assert items["credentials"][0]["remedy"] == "Put the right user, domain and password into cloud_env."
    why = "This was not checked, because of the problem with credentials."
    assert {items[check][0]["message"] for check in ("scope", "clock", "read", "roles", "lists")} == {why}
    assert items["project_names"][0]["state"] == "ok"


def test_a_right_password_and_no_role_on_the_project_is_told_apart(cloud: Keystone, login: str) -> None:
    """Keystone says no more of it than of a wrong password. The command helps."""
    cloud.admin.projects.create(f"other-{login}", domain="default")
    env = cloud.cloud_env() | {"project_name": f"other-{login}"}
    ready, items = checked(env)
    assert (ready, items["credentials"][0]["state"], items["scope"][0]["state"]) == (False, "ok", "problem")
    operate(cloud, items["scope"][0]["remedy"].partition("grant the role: ")[2])
    assert checked(env)[0]


def test_what_no_one_may_be_asked_is_an_error_of_the_request(cloud: Keystone, settings_file: SettingsFile) -> None:
    """Only that: any other failure is an item."""
    status, body = check_cloud({"cloud_env": cloud.cloud_env() | {"username": None}})
    assert (status, isinstance(body, dict) and body["error"]) == (400, "bad_request")
    settings_file("user_handler: {allowed_auth_urls: ['http://keystone.example:5000']}")
    status, body = check_cloud({"cloud_env": cloud.cloud_env()})
    assert (status, isinstance(body, dict) and body["error"]) == (403, "auth_url_not_allowed")


CM = "user_name: 'CM_{username}', project_name: 'CM_{username}_proj', team_name: 'CM_{name}'"
GRANTS = "standing_grants: [{username: concertim, roles: [watcher]}, {username: cloudkitty, roles: [rating]}]"


@pytest.mark.parametrize(
    ("text", "to_v1_1", "from_v1_2"),
    [
        ("", "ok", "CM_ in user_name, CM_ in project_name, CM_ in team_name, rating for cloudkitty."),
        (f"{CM}, {GRANTS}", "ok", ""),
        (f"{CM}, {GRANTS}, cloud_env_roles: []", "ok", "the role admin for the user admin."),
        (f"{CM}, standing_grants: []", "warning", "watcher for concertim, rating for cloudkitty."),
    ],
)
def test_the_releases_of_other_services_that_find_what_is_created_are_told(
    cloud: Keystone, settings_file: SettingsFile, text: str, to_v1_1: str, from_v1_2: str
) -> None:
    """A site whose cluster does not show learns which setting is the cause."""
    settings_file(f"user_handler: {{{text}}}")
    _, items = checked(cloud.cloud_env())
    assert items["services_to_v1_1"][0]["state"] == to_v1_1
    [later] = items["services_from_v1_2"]
    assert (later["state"], later["message"].endswith(from_v1_2)) == ("warning" if from_v1_2 else "ok", True)


def test_siblings_look_for_the_user_admin_whatever_the_account_is(
    cloud: Keystone, login: str, settings_file: SettingsFile
) -> None:
    """The role admin for an account of another name is not what they find projects by."""
    settings_file(f"user_handler: {{{CM}, {GRANTS}}}")
    [item] = checked(account_of(cloud, "admin", login))[1]["services_from_v1_2"]
    assert item["message"].endswith("the settings lack the role admin for the user admin.")


@pytest.mark.parametrize(
    ("template", "state", "told"),
    [
        ("c_{username}", "ok", "more than 62 characters"),
        ("{username}", "ok", "more than 64 characters"),
        (f"{'x' * 50}{{username}}", "warning", "more than 14 characters"),
        (f"{'x' * 70}{{username}}", "warning", "more than 0 characters"),
    ],
)
def test_the_room_for_names_is_told(
    cloud: Keystone, settings_file: SettingsFile, template: str, state: str, told: str
) -> None:
    """Keystone's names of projects have 64 characters, and logins of the UI up to 80."""
    settings_file(f"user_handler: {{project_name: '{template}'}}")
    [item] = checked(cloud.cloud_env())[1]["project_names"]
    assert (item["state"], told in item["message"]) == (state, True)


def test_options_in_the_settings_are_known(cloud: Keystone, settings_file: SettingsFile) -> None:
    """What a setting sees to need not be looked at in keystone.conf."""
    options = "ignore_change_password_upon_first_use, ignore_password_expiry, ignore_lockout_failure_attempts"
    settings_file(f"user_handler: {{user_options: [{options}], max_password_bytes: 72}}")
    _, items = checked(cloud.cloud_env())
    assert {*not_ok(items)} == {"grant_roles", "user_domain", "password_history", "services_from_v1_2"}
