"""What the Concertim UI does at a site. Each column returns what it was answered, and what it should be."""

import uuid
from collections.abc import Callable
from typing import Any

from functions.change_user_details import change_user_details
from functions.create_team import create_team
from functions.create_team_role import create_team_role
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_team import delete_team
from functions.delete_team_role import delete_team_role
from functions.delete_user import delete_user
from functions.update_team_role import update_team_role
from lib.endpoint import Answer
from tests.clouds.site import NEW_PASSWORD, PASSWORD, WEAK_PASSWORD, Site, exists, new_login
from tests.support.answers import done, error

Cell = tuple[Answer, Callable[[], Answer]]
"""The answer, and a function that returns the true one by a look into Keystone. A site may refuse before that."""


def sign_up_e1(site: Site) -> Cell:
    """A sign-up as the UI of July 2023 sends it."""
    login, answer = site.person()
    return answer, lambda: site.complete(login)


def sign_up_e2(site: Site) -> Cell:
    """A sign-up with the form of cloud_env that the UI sends from v0.2.0 on."""
    login = new_login()
    answer = create_user_project(site.sign_up(login, cloud_env=site.cloud.cloud_env_by_ids()))
    return answer, lambda: site.complete(login)


def user_and_team(site: Site) -> Cell:
    """A sign-up as the UI sends it from v1.2.0 on: the user, their team, and their role in it."""
    env, login = {"cloud_env": site.cloud.cloud_env_by_ids()}, new_login()
    answer = create_user(site.sign_up(login, name="Ann Ömer", email="ann@site.example"))
    if answer[0] != 201:
        return answer, done
    user_id = site.user(login).id
    assert answer == (201, {"success": True, "username": login, "user_cloud_id": user_id})
    team = body_of(create_team(env | {"name": f"{login}_team"}))
    membership = {"role": "admin", "project_id": team["project_id"], "user_id": user_id}
    answer = create_team_role(env | {"team_role": membership})
    assert site.roles_of(user_id) == [site.role("member")]
    assert site.opens(user_id, PASSWORD, project_id=team["project_id"])
    return answer, done


def repeat(site: Site) -> Cell:
    """The same sign-up again, and once more with the ids that the UI has by then."""
    login, first = site.person()
    if first[0] != 201:
        return first, lambda: first
    assert create_user_project(site.sign_up(login)) == first
    ids = {"cloud_user_id": body_of(first)["user_id"], "project_id": body_of(first)["project_id"]}
    return create_user_project(site.sign_up(login, "another", **ids)), lambda: site.complete(login)


def new_password(site: Site) -> Cell:
    """A person's change of their password."""
    _, answer = site.person()
    if answer[0] != 201:
        return answer, done
    user_id = body_of(answer)["user_id"]
    change = {"cloud_user_id": user_id, "new_data": {"password": NEW_PASSWORD}}
    answer = change_user_details({"cloud_env": site.cloud.cloud_env_by_ids(), "user_info": change})
    assert (site.opens(user_id, NEW_PASSWORD), site.opens(user_id, PASSWORD)) == (True, False)
    return answer, done


def roles(site: Site) -> Cell:
    """A change of a person's role in a team, and the end of it."""
    login, answer = site.person()
    if answer[0] != 201:
        return answer, done
    env, user_id = {"cloud_env": site.cloud.cloud_env_by_ids()}, body_of(answer)["user_id"]
    team_id = body_of(create_team(env | {"name": login}))["project_id"]
    ids, held = {"project_id": team_id, "user_id": user_id}, len(site.roles_of(user_id))
    create_team_role(env | {"team_role": {"role": "admin", **ids}})
    assert len(site.roles_of(user_id)) == held + 1
    assert update_team_role(env | {"team_role": {"current_role": "admin", "new_role": "member", **ids}}) == done()
    assert len(site.roles_of(user_id)) == held + 1
    answer = delete_team_role(env | {"team_role": {"role": "member", **ids}})
    assert len(site.roles_of(user_id)) == held
    return answer, done


def removals(site: Site) -> Cell:
    """The removal of a person with their project, and of a team, each of them twice."""
    login, answer = site.person()
    if answer[0] != 201:
        return answer, done
    env, ids = {"cloud_env": site.cloud.cloud_env_by_ids()}, body_of(answer)
    team = {"project_id": body_of(create_team(env | {"name": login}))["project_id"]}
    person = {"cloud_user_id": ids["user_id"], "project_id": ids["project_id"]}
    for _ in range(2):
        assert delete_team(env | {"team_info": team}) == done()
        answer = delete_user(env | {"user_info": person})
    admin = site.cloud.admin
    assert not exists(admin.users, ids["user_id"])
    assert not any(exists(admin.projects, one) for one in (ids["project_id"], team["project_id"]))
    return answer, done


def wrong_password(site: Site) -> Cell:
    """A sign-up for somebody who has signed up with another password."""
    login, answer = site.person()
    if answer[0] != 201:
        return answer, done
    answer = create_user_project(site.sign_up(login, NEW_PASSWORD))
    user_id = site.user(login).id
    assert site.opens(user_id, PASSWORD)
    why = (
        f"User concertim_{login} exists and cannot be proved to be this sign-up's: the password sent does not open it,"
        " or failed log-ins have locked it, which Keystone does not tell apart. If it is this login's, an operator can"
        f" look into Keystone's log, unlock it (openstack user set --disable {user_id} && openstack user set --enable"
        f" {user_id}), set its password (openstack user set --password-prompt {user_id}) or remove it."
    )
    return answer, lambda: error(409, "name_taken", why)


def refused_password(site: Site) -> Cell:
    """A sign-up with a password that Keystone's rules refuse, where there are any."""
    login = new_login()
    answer = create_user_project(site.sign_up(login, WEAK_PASSWORD))
    name = f"concertim_{login}"
    made = bool(site.cloud.admin.users.list(name=name, domain=site.domain_id("user_domain")))
    assert made == (answer[0] == 201)
    return answer, lambda: site.complete(login, WEAK_PASSWORD)


def missing_role(site: Site) -> Cell:
    """A sign-up where a role is missing. The command in the message is then run, and the same sign-up succeeds."""
    role, request = f"role-{uuid.uuid4().hex[:12]}", site.sign_up()
    site.put(user_roles=[role])
    answer = create_user_project(request)
    if answer[0] == 424:
        site.cloud.admin.roles.create(role)
        assert create_user_project(request)[0] == 201
    site.put()
    why = f"The cloud is not prepared for Concertim: it has no role {role}. Run: openstack role create {role}"
    return answer, lambda: error(424, "cloud_not_prepared", why)


def wrong_administrator(site: Site) -> Cell:
    """A sign-up with a wrong password of the account in cloud_env, in both forms."""
    for env in (site.cloud.cloud_env_by_ids(), site.cloud.cloud_env()):
        by_ids = "user_id" in env
        user = f"id {env['user_id']}" if by_ids else f"{env['username']} of domain {env['user_domain_name']}"
        where = f"id {env['project_id']}" if by_ids else f"{env['project_name']} of domain {env['project_domain_name']}"
        answer = create_user_project(site.sign_up(cloud_env=env | {"password": "wrong-one-1"}))
        why = (
            f"Keystone refuses the log-in of cloud_env's account (user {user}, project {where}): the user, password,"
            " project or domain is wrong or disabled, the user has no role on the project, or failed log-ins have"
            " locked the user."
        )
        expected = error(403, "cloud_env_refused", why)
        assert answer == expected
    return answer, lambda: expected


def name_taken(site: Site) -> Cell:
    """A sign-up for a name that somebody else has. The remedy in the message is applied, and the sign-up succeeds."""
    request, admin = site.sign_up(), site.cloud.admin
    name = f"concertim_{request['username']}-of-old"
    site.put(user_name="concertim_{username}-of-old")
    other = admin.users.create(name, domain=site.domain_id("user_domain"), password=PASSWORD)
    answer = create_user_project(request)
    if answer[0] == 409:
        admin.users.update(other.id, name=f"renamed-{name}")
        assert create_user_project(request)[0] == 201
    site.put()
    login = request["username"]
    why = (
        f"User {name} exists and is not login {login}'s in Concertim: it has no mark of Concertim's, and its name is"
        " not as the older service named it. Choose another login, or let an operator rename that user (openstack user"
        f" set --name NEW-NAME {other.id})."
    )
    return answer, lambda: error(409, "name_taken", why)


def body_of(answer: Answer) -> dict[str, Any]:
    """Asserts that the answer is 201, and returns its body."""
    status, body = answer
    assert (status, type(body)) == (201, dict), answer
    assert isinstance(body, dict)
    return body


# In the order of the table, and in which they are run.
COLUMNS: dict[str, Callable[[Site], Cell]] = {
    "sign-up E1": sign_up_e1,
    "sign-up E2": sign_up_e2,
    "user, team": user_and_team,
    "repeat": repeat,
    "new password": new_password,
    "roles": roles,
    "removals": removals,
    "wrong password": wrong_password,
    "refused password": refused_password,
    "missing role": missing_role,
    "wrong admin": wrong_administrator,
    "name taken": name_taken,
}
# How many columns come before what happens to some clouds half-way.
HALFWAY = 4
