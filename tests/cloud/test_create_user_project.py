"""Tests of a sign-up on a real Keystone: what it makes, what it answers, and what it leaves alone."""

from collections.abc import Callable
from typing import Any

import pytest
from keystoneauth1.exceptions import Forbidden
from keystoneclient.v3.client import Client

from functions.create_user_project import create_user_project
from tests.support.answers import error, signed_up, unclear
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone, keystone


def user_of(admin: Client, login: str) -> Any:
    """Returns the one user of this login."""
    [user] = admin.users.list(name=f"concertim_{login}")
    return user.to_dict()


def project_of(admin: Client, login: str) -> Any:
    """Returns the one project of this login."""
    [project] = admin.projects.list(name=f"concertim_{login}_project")
    return project.to_dict()


def nothing_of(admin: Client, login: str) -> bool:
    """Returns whether neither a user nor a project of this login exists."""
    return not admin.users.list(name=f"concertim_{login}") + admin.projects.list(name=f"concertim_{login}_project")


def grants_on(admin: Client, project_id: str) -> set[tuple[str, str]]:
    """Returns who holds which role on the project, by name."""
    assignments = admin.role_assignments.list(project=project_id, include_names=True)
    return {(one.user["name"], one.role["name"]) for one in assignments}


def does_not_open(login: str, user_id: str) -> str:
    """Returns the message about a user whom the password sent does not open, where Keystone gives no reason."""
    return (
        f"User concertim_{login} exists and cannot be proved to be this sign-up's: the password sent does not open it,"
        " or failed log-ins have locked it, which Keystone does not tell apart. If it is this login's, an operator can"
        f" look into Keystone's log, unlock it (openstack user set --disable {user_id} && openstack user set --enable"
        f" {user_id}), set its password (openstack user set --password-prompt {user_id}) or remove it."
    )


def test_a_sign_up_makes_the_user_and_the_project_with_their_marks(
    cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """Operators and sibling services find users and projects by these names, e-mail addresses, marks and tags."""
    answer = create_user_project(request_of(email="ann@site.example"))
    user, project = user_of(cloud.admin, login), project_of(cloud.admin, login)
    assert answer == signed_up(login, user["id"], project["id"])
    assert user | {"concertim_kind": "user", "concertim_name": login, "email": "ann@site.example"} == user
    assert user["default_project_id"] == project["id"]
    assert user["concertim_created"].endswith("+00:00")
    assert user["concertim_request"].startswith("req-")
    assert project | {"concertim_kind": "project", "concertim_name": login, "tags": ["concertim"]} == project


def test_a_sign_up_grants_exactly_the_roles_of_the_settings(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """The user is granted member, the account concertim watcher and member, and the account of cloud_env admin."""
    create_user_project(request_of())
    assert grants_on(cloud.admin, project_of(cloud.admin, login)["id"]) == {
        (f"concertim_{login}", "member"),
        ("concertim", "watcher"),
        ("concertim", "member"),
        ("admin", "admin"),
    }


def test_a_signed_up_user_logs_in_and_is_no_cloud_admin(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """In the older service, a self-registered user could list and change all users (its defect 3)."""
    _, body = create_user_project(request_of())
    assert isinstance(body, dict)
    user = cloud.client(username=f"concertim_{login}", password="correct-horse", project_id=body["project_id"])
    assert [project.id for project in user.projects.list(user=body["user_id"])] == [body["project_id"]]
    with pytest.raises(Forbidden):
        user.users.list()


@pytest.mark.parametrize(
    "spelling",
    ["E1", "E2", "username and project_id", "user_id and project_name", "stray spaces", "no /v3", "/v3/", "default"],
)
def test_every_form_of_cloud_env_is_accepted(cloud: Keystone, login: str, request_of: RequestOf, spelling: str) -> None:
    """A cloud_env may have any form that a release of the UI sends, with the variations that admins type."""
    by_name, by_id = cloud.cloud_env(), cloud.cloud_env_by_ids()
    root = by_name["auth_url"].removesuffix("/v3")
    without = {key: by_name[key] for key in ("auth_url", "password")}
    forms: dict[str, dict[str, Any]] = {
        "E1": by_name,
        "E2": by_id,
        "username and project_id": without
        | {"username": "admin", "user_domain_name": "Default", "project_id": by_id["project_id"]},
        "user_id and project_name": without
        | {"user_id": by_id["user_id"], "project_name": "admin", "project_domain_name": "Default"},
        "stray spaces": {key: value if key == "password" else f" {value} " for key, value in by_name.items()},
        "no /v3": by_name | {"auth_url": root},
        "/v3/": by_name | {"auth_url": f"{root}/v3/"},
        "default": by_name | {"user_domain_name": "default", "project_domain_name": "default"},
    }
    answer = create_user_project(request_of(cloud_env=forms[spelling] | {"timeout": 0, "unknown": {"a": 1}}))
    assert answer == signed_up(login, user_of(cloud.admin, login)["id"], project_of(cloud.admin, login)["id"])


def test_user_and_project_are_made_in_the_domains_of_cloud_env(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: Callable[[str], Any]
) -> None:
    """An admin of one domain may have a project in another; users are made in the first, and projects in the second.

    The settings then name the domain of the standing account.
    """
    admin = cloud.admin
    people, things = (admin.domains.create(f"{kind}-{login}") for kind in ("people", "things"))
    owner = admin.users.create(f"owner-{login}", domain=people.id, password="owner-password")
    home = admin.projects.create(f"home-{login}", domain=things.id)
    [admin_role] = admin.roles.list(name="admin")
    admin.roles.grant(admin_role.id, user=owner.id, project=home.id)
    settings_file(
        "user_handler: {standing_grants: [{username: concertim, roles: [watcher], user_domain_name: Default}]}"
    )
    env = {
        "auth_url": cloud.auth_url,
        "username": owner.name,
        "password": "owner-password",
        "user_domain_name": people.name,
        "project_name": home.name,
        "project_domain_name": things.name,
    }
    answer = create_user_project(request_of(cloud_env=env))
    user, project = user_of(admin, login), project_of(admin, login)
    assert answer == signed_up(login, user["id"], project["id"])
    assert (user["domain_id"], project["domain_id"]) == (people.id, things.id)
    assert grants_on(admin, project["id"]) == {
        (f"concertim_{login}", "member"),
        ("concertim", "watcher"),
        (owner.name, "admin"),
    }


@pytest.mark.parametrize("known", [False, True], ids=["without the ids", "with the ids"])
def test_a_repeat_answers_the_same_and_changes_nothing(
    cloud: Keystone, login: str, request_of: RequestOf, known: bool
) -> None:
    """The UI repeats a sign-up that got no answer, and signs everybody up again when an admin saves the cloud."""
    answer = create_user_project(request_of())
    before = user_of(cloud.admin, login), project_of(cloud.admin, login)
    assert isinstance(answer[1], dict)
    ids = {"cloud_user_id": answer[1]["user_id"], "project_id": answer[1]["project_id"]} if known else {}
    assert create_user_project(request_of(**ids)) == answer
    assert (user_of(cloud.admin, login), project_of(cloud.admin, login)) == before


@pytest.mark.parametrize("password", ["", "   ", None])
def test_an_account_older_than_passwords_is_verified_and_repaired_by_its_id(
    cloud: Keystone, login: str, request_of: RequestOf, password: str | None
) -> None:
    """UI v0.2.0 and later send such accounts with a blank password; v0.2.0 and v0.2.1 also send the id with dashes."""
    old = cloud.admin.users.create(f"concertim_{login}", domain="default", password="of-old")
    dashed = "-".join([old.id[:8], old.id[8:12], old.id[12:16], old.id[16:20], old.id[20:]])
    answer = create_user_project(request_of(password=password, cloud_user_id=dashed))
    project = project_of(cloud.admin, login)
    assert answer == signed_up(login, old.id, project["id"])
    assert (f"concertim_{login}", "member") in grants_on(cloud.admin, project["id"])
    cloud.client(user_id=old.id, password="of-old", project_id=project["id"]).session.get_token()


def test_a_blank_password_is_refused_when_the_id_names_no_user(
    cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """Without a password nothing can be verified, and a new user without one would be of no use."""
    answer = create_user_project(request_of(password=None, cloud_user_id="0" * 32))
    why = "password: is required and must not be blank, as cloud_user_id names no user of this login"
    assert answer == error(400, "bad_request", why)
    assert nothing_of(cloud.admin, login)


def test_ids_that_no_longer_exist_are_made_anew(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """The UI stores ids, and the cloud may have been set up again since then."""
    answer = create_user_project(request_of(cloud_user_id="0" * 32, project_id="f" * 32, billing_account_id="B-1"))
    user, project = user_of(cloud.admin, login), project_of(cloud.admin, login)
    assert answer == signed_up(login, user["id"], project["id"], "B-1")


@pytest.mark.parametrize("key", ["cloud_user_id", "project_id"])
def test_an_id_of_somebody_else_is_refused_and_nothing_is_left(
    cloud: Keystone, login: str, request_of: RequestOf, key: str
) -> None:
    """Neither the cloud's admin nor the admin's project can belong to a sign-up."""
    theirs = {
        "cloud_user_id": cloud.cloud_env_by_ids()["user_id"],
        "project_id": cloud.cloud_env_by_ids()["project_id"],
    }
    kind = {"cloud_user_id": "user", "project_id": "project"}[key]
    answer = create_user_project(request_of(**{key: theirs[key]}))
    why = "it has no mark of Concertim's, and its name is not as the older service named it."
    assert answer == error(409, "name_taken", f"{key} names a {kind} that is not login {login}'s in Concertim: {why}")
    assert nothing_of(cloud.admin, login)


def test_a_taken_user_name_is_refused_and_left_alone(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """An existing user whom the password does not open is somebody else's, and stays as it is."""
    theirs = cloud.admin.users.create(f"concertim_{login}", domain="default", password="somebody-else")
    answer = create_user_project(request_of())
    assert answer == error(409, "name_taken", does_not_open(login, theirs.id))
    assert cloud.admin.projects.list(name=f"concertim_{login}_project") == []
    cloud.client(user_id=theirs.id, password="somebody-else", unscoped=True).session.get_token()


def test_a_taken_project_name_is_refused_and_the_new_user_taken_back(
    cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """A 4xx leaves nothing behind: neither a user without a project nor a role on the project that was found."""
    theirs = cloud.admin.projects.create(f"concertim_{login}_project", domain="default")
    answer = create_user_project(request_of())
    why = (
        f"Project concertim_{login}_project exists and is not this sign-up's."
        f" An operator can rename or remove it (openstack project show {theirs.id})."
    )
    assert answer == error(409, "name_taken", why)
    assert cloud.admin.users.list(name=f"concertim_{login}") == []
    assert grants_on(cloud.admin, theirs.id) == set()


def test_a_disabled_user_stays_disabled(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """A repeated sign-up does not overrule an operator who has disabled the user."""
    _, body = create_user_project(request_of())
    assert isinstance(body, dict)
    cloud.admin.users.update(body["user_id"], enabled=False)
    why = (
        f"User concertim_{login} exists and is disabled. If it is to be used again, an operator can enable it"
        f" (openstack user set --enable {body['user_id']})."
    )
    assert create_user_project(request_of()) == error(409, "name_taken", why)
    assert user_of(cloud.admin, login)["enabled"] is False


def test_an_unfinished_sign_up_is_finished_with_the_password_sent_last(
    cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """The first try stopped after it had made the user, and the person has changed their password since then."""
    mark = {"concertim_kind": "user", "concertim_name": login}
    begun = cloud.admin.users.create(f"concertim_{login}", domain="default", password="the-first", **mark)
    answer = create_user_project(request_of(password="the-second", email="ann@site.example"))
    project = project_of(cloud.admin, login)
    assert answer == signed_up(login, begun.id, project["id"])
    assert user_of(cloud.admin, login)["email"] == "ann@site.example"
    cloud.client(user_id=begun.id, password="the-second", project_id=project["id"]).session.get_token()


def test_a_finished_sign_up_is_not_opened_with_another_password(
    cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """Whoever signs up under an existing login neither gets the account nor changes its password."""
    _, body = create_user_project(request_of())
    assert isinstance(body, dict)
    status, refused = create_user_project(request_of(password="of-a-stranger"))
    assert isinstance(refused, dict)
    assert (status, refused["error"]) == (409, "name_taken")
    cloud.client(user_id=body["user_id"], password="correct-horse", project_id=body["project_id"]).session.get_token()


@pytest.mark.parametrize("begun", [False, True], ids=["new", "unfinished"])
def test_a_password_that_keystones_policy_refuses_changes_nothing(login: str, begun: bool) -> None:
    """A refused password is answered 400 in the policy's own words, and an unfinished sign-up keeps its own."""
    policy = {"password_regex": r"^.{8,}$", "password_regex_description": "Eight characters at least."}
    with keystone({"security_compliance": policy}) as strict:
        request = {"cloud_env": strict.cloud_env(), "username": login, "password": "short"}
        if begun:
            mark = {"concertim_kind": "user", "concertim_name": login}
            strict.admin.users.create(f"concertim_{login}", domain="default", password="long-enough", **mark)
        why = "The password does not match the requirements: Eight characters at least.."
        for _ in range(2):
            refused = create_user_project(request)
            assert refused == error(400, "bad_request", f"Keystone refuses to create the user: {why}")
        if begun:
            strict.client(username=f"concertim_{login}", password="long-enough", unscoped=True).session.get_token()
        else:
            assert nothing_of(strict.admin, login)
        status, body = create_user_project(request | {"password": "long-enough"})
        assert isinstance(body, dict)
        assert (status, body) == signed_up(login, body["user_id"], body["project_id"])


def test_a_user_whose_roles_come_by_a_group_is_not_unfinished(
    cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """After an operator has moved a user's roles to a group, a sign-up with another password is still refused."""
    _, body = create_user_project(request_of())
    assert isinstance(body, dict)
    group = cloud.admin.groups.create(f"group-{login}", domain="default")
    cloud.admin.users.add_to_group(body["user_id"], group.id)
    [member] = cloud.admin.roles.list(name="member")
    cloud.admin.roles.grant(member.id, group=group.id, project=body["project_id"])
    cloud.admin.roles.revoke(member.id, user=body["user_id"], project=body["project_id"])
    assert create_user_project(request_of(password="of-a-stranger"))[0] == 409


def test_a_user_with_a_project_is_never_taken_back(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """A user with a default project stays, even after an operator has revoked their role and disabled the project."""
    _, body = create_user_project(request_of())
    assert isinstance(body, dict)
    [member] = cloud.admin.roles.list(name="member")
    cloud.admin.roles.revoke(member.id, user=body["user_id"], project=body["project_id"])
    cloud.admin.projects.update(body["project_id"], enabled=False)
    assert create_user_project(request_of())[0] == 409
    assert user_of(cloud.admin, login)["id"] == body["user_id"]


@pytest.mark.parametrize("held", ["by a repeat", "by id"])
def test_an_admin_role_held_already_is_left_and_told_to_the_log(
    cloud: Keystone, login: str, request_of: RequestOf, caplog: pytest.LogCaptureFixture, held: str
) -> None:
    """The older service granted admin to everybody, so each call logs a warning that an operator will not miss."""
    _, body = create_user_project(request_of())
    assert isinstance(body, dict)
    assert "role admin" not in caplog.text
    [admin] = cloud.admin.roles.list(name="admin")
    cloud.admin.roles.grant(admin.id, user=body["user_id"], project=body["project_id"])
    ids = {"cloud_user_id": body["user_id"], "project_id": body["project_id"]} if held == "by id" else {}
    told = (
        f"User concertim_{login} holds the role admin, which makes a cloud administrator on a stock Keystone. To see"
        f" where: openstack role assignment list --names --role admin --user {body['user_id']}"
    )
    for _ in range(2):
        caplog.clear()
        assert create_user_project(request_of(**ids)) == (201, body)
        [warning] = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
        assert warning.startswith(f"{told}; login: {login}; ")
        assert f"; user_id: {body['user_id']}; " in warning
    assert (f"concertim_{login}", "admin") in grants_on(cloud.admin, body["project_id"])


def test_a_user_that_is_in_use_is_never_taken_back(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """If the project's name is taken, the answer is 409, and a user who holds a role elsewhere is not removed."""
    mark = {"concertim_kind": "user", "concertim_name": login}
    used = cloud.admin.users.create(f"concertim_{login}", domain="default", password="correct-horse", **mark)
    elsewhere = cloud.admin.projects.create(f"elsewhere-{login}", domain="default")
    [member] = cloud.admin.roles.list(name="member")
    cloud.admin.roles.grant(member.id, user=used.id, project=elsewhere.id)
    cloud.admin.projects.create(f"concertim_{login}_project", domain="default")
    assert create_user_project(request_of())[0] == 409
    assert user_of(cloud.admin, login)["id"] == used.id


def test_a_user_whose_id_the_client_has_is_never_taken_back(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """A client that has the id was told of the user once, so the user stays whatever has become of their roles."""
    mark = {"concertim_kind": "user", "concertim_name": login}
    known = cloud.admin.users.create(f"concertim_{login}", domain="default", password="correct-horse", **mark)
    cloud.admin.projects.create(f"concertim_{login}_project", domain="default")
    assert create_user_project(request_of(cloud_user_id=known.id))[0] == 409
    assert user_of(cloud.admin, login)["id"] == known.id


def test_ids_of_namesakes_in_another_domain_are_refused(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """An id is refused when the name fits but the domain does not."""
    domain = cloud.admin.domains.create(f"elsewhere-{login}")
    user = cloud.admin.users.create(f"concertim_{login}", domain=domain.id, password="correct-horse")
    project = cloud.admin.projects.create(f"concertim_{login}_project", domain=domain.id)
    why = f"that is not login {login}'s in Concertim: it is in another domain than Concertim's"
    assert create_user_project(request_of(cloud_user_id=user.id)) == error(
        409, "name_taken", f"cloud_user_id names a user {why} users."
    )
    assert create_user_project(request_of(project_id=project.id)) == error(
        409, "name_taken", f"project_id names a project {why} projects."
    )


@pytest.mark.parametrize("known", ["by password", "by ids"])
def test_a_pair_that_the_older_service_made_is_adopted(
    cloud: Keystone, login: str, request_of: RequestOf, known: str
) -> None:
    """An unmarked user and project are adopted if their names fit and the project is the user's default one.

    Roles that the user holds are left alone.
    """
    project = cloud.admin.projects.create(f"concertim_{login}_project", domain="default")
    user = cloud.admin.users.create(
        f"concertim_{login}", domain="default", password="correct-horse", default_project=project.id
    )
    [admin] = cloud.admin.roles.list(name="admin")
    cloud.admin.roles.grant(admin.id, user=user.id, project=project.id)
    ids = {"cloud_user_id": user.id, "project_id": project.id} if known == "by ids" else {}
    assert create_user_project(request_of(**ids)) == signed_up(login, user.id, project.id)
    assert {(f"concertim_{login}", "admin"), (f"concertim_{login}", "member")} < grants_on(cloud.admin, project.id)


def test_a_disabled_project_stays_disabled(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """A repeated sign-up does not overrule an operator who has disabled the project."""
    _, body = create_user_project(request_of())
    assert isinstance(body, dict)
    cloud.admin.projects.update(body["project_id"], enabled=False)
    why = (
        f"Project concertim_{login}_project exists and is disabled. If it is to be used again, an operator can enable"
        f" it (openstack project set --enable {body['project_id']})."
    )
    assert create_user_project(request_of()) == error(409, "name_taken", why)
    assert project_of(cloud.admin, login)["enabled"] is False


def test_the_longest_login_of_the_ui_signs_up(cloud: Keystone, request_of: RequestOf) -> None:
    """A project's name cannot hold eighty characters: it is shortened, and ends in a hash that tells it from others."""
    login = "x" * 80
    answer = create_user_project(request_of(username=login))
    [user] = cloud.admin.users.list(name=f"concertim_{login}")
    [project] = [one for one in cloud.admin.projects.list(user=user.id) if one.concertim_name == login]
    assert answer == signed_up(login, user.id, project.id)
    assert len(project.name) == 64
    assert project.name.startswith("concertim_xxxxxxxx")
    assert create_user_project(request_of(username=login)) == answer


def test_one_trailing_newline_of_a_login_is_dropped(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """The UI's own check of logins lets a trailing newline pass."""
    answer = create_user_project(request_of(username=f"{login}\n"))
    assert answer == signed_up(login, user_of(cloud.admin, login)["id"], project_of(cloud.admin, login)["id"])


@pytest.mark.parametrize("password", ["p", "x" * 128, 'a"b\\c\n{}%s', "пароль 密码 🔑", "'; -- \x00"])
def test_any_password_of_the_ui_logs_in(cloud: Keystone, login: str, request_of: RequestOf, password: str) -> None:
    """Passwords of up to 128 characters of any kind reach Keystone exactly as they were sent."""
    status, body = create_user_project(request_of(password=password))
    assert status == 201
    assert isinstance(body, dict)
    cloud.client(user_id=body["user_id"], password=password, project_id=body["project_id"]).session.get_token()


@pytest.mark.parametrize(
    ("settings", "missing", "remedy"),
    [
        (
            "user_roles: [gone-role]",
            "role gone-role",
            "openstack role create gone-role",
        ),
        (
            "standing_grants: [{username: gone, roles: [member, 'gone too']}]",
            "role gone too, no user gone in domain default",
            "openstack role create 'gone too'; openstack user create --domain default --password-prompt gone",
        ),
        (
            "standing_grants: [{username: concertim, roles: [member], user_domain_name: gone}]",
            "domain gone (in standing_grants)",
            "openstack domain create gone",
        ),
    ],
)
def test_a_cloud_that_is_not_prepared_is_told_what_is_missing(
    cloud: Keystone,
    login: str,
    request_of: RequestOf,
    settings_file: Callable[[str], Any],
    settings: str,
    missing: str,
    remedy: str,
) -> None:
    """The answer names exactly what the cloud lacks and the commands that make it, and nothing has been made."""
    settings_file(f"user_handler: {{{settings}}}")
    why = f"The cloud is not prepared for Concertim: it has no {missing}. Run: {remedy}"
    assert create_user_project(request_of()) == error(424, "cloud_not_prepared", why)
    assert nothing_of(cloud.admin, login)


def test_a_namesake_in_another_domain_gets_no_role(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: Callable[[str], Any]
) -> None:
    """The older service looked accounts up without their domain, and so granted roles to namesakes (its defect 4)."""
    domain = cloud.admin.domains.create(f"elsewhere-{login}")
    cloud.admin.users.create(f"watch-{login}", domain=domain.id, password="x")
    settings_file(f"user_handler: {{standing_grants: [{{username: watch-{login}, roles: [member]}}]}}")
    status, _ = create_user_project(request_of())
    assert status == 424
    assert nothing_of(cloud.admin, login)


def test_an_auth_url_below_which_there_is_no_keystone_is_named_so(cloud: Keystone, request_of: RequestOf) -> None:
    """The answer names auth_url when its path is wrong on the right host."""
    env = cloud.cloud_env() | {"auth_url": cloud.auth_url.replace("/v3", "/identity")}
    assert create_user_project(request_of(cloud_env=env)) == unclear(404, "a page")


def test_a_cloud_env_without_the_rights_is_refused(cloud: Keystone, login: str, request_of: RequestOf) -> None:
    """An ordinary member may not look up roles, so nothing is made with such an account."""
    _, body = create_user_project(request_of())
    assert isinstance(body, dict)
    member = {
        "auth_url": cloud.auth_url,
        "user_id": body["user_id"],
        "password": "correct-horse",
        "project_id": body["project_id"],
    }
    status, refusal = create_user_project(request_of(username=f"{login}-2", cloud_env=member))
    assert isinstance(refusal, dict)
    assert (status, refusal["error"]) == (403, "rights_missing")
    assert nothing_of(cloud.admin, f"{login}-2")


def test_the_billing_keys_can_be_left_out(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: Callable[[str], Any]
) -> None:
    """Without the billing keys, the answer is what the specification names and no more."""
    settings_file("user_handler: {billing_keys: false}")
    answer = create_user_project(request_of())
    ids = {"user_id": user_of(cloud.admin, login)["id"], "project_id": project_of(cloud.admin, login)["id"]}
    assert answer == (201, {"username": login, **ids})


def test_names_and_grants_follow_the_settings(
    cloud: Keystone, login: str, request_of: RequestOf, settings_file: Callable[[str], Any]
) -> None:
    """The settings here have the prefixes of later releases, two roles for the user, and grants to nobody else."""
    settings_file(
        "user_handler: {user_name: 'CM_{username}', project_name: 'CM_{username}_proj',"
        " user_roles: [member, reader], cloud_env_roles: [], standing_grants: []}"
    )
    answer = create_user_project(request_of())
    [user] = cloud.admin.users.list(name=f"CM_{login}")
    [project] = cloud.admin.projects.list(name=f"CM_{login}_proj")
    assert answer == signed_up(login, user.id, project.id)
    assert grants_on(cloud.admin, project.id) == {(f"CM_{login}", "member"), (f"CM_{login}", "reader")}
