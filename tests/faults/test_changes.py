"""Every fault at every call of what changes and removes users, teams and roles."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import handler
from functions.create_user_project import create_user_project
from lib.errors import Answer
from tests.census import Census, census
from tests.faults.faults import LOST_WAYS, Outage, converges, warm_up
from tests.keystone import Keystone
from tests.proxy import Proxy

RequestOf = Callable[..., dict[str, Any]]
DONE = (201, {"success": True})


@dataclass(frozen=True)
class Change:
    """A call of the UI on a finished sign-up: how many calls to Keystone it makes, and what it leaves."""

    method: str
    path: str
    calls: int
    body: Callable[[str, str, str], dict[str, Any]]
    """Of login, user id and project id."""
    users: int = 1
    projects: int = 1
    roles: tuple[str, ...] = ("admin", "member")
    """What the user holds in the end; unless the call says otherwise as at the beginning, with the older service's."""
    password: str = "correct-horse"


CHANGES = [
    Change("POST", "/user", 1, lambda login, _user, _project: {"username": f"{login}-2", "password": "p-w-2"}, users=2),
    Change("POST", "/team", 4, lambda login, _user, _project: {"name": f"{login}-team"}, projects=2),
    Change(
        "PATCH",
        "/user",
        2,
        lambda _, user, _project: {"user_info": {"cloud_user_id": user, "new_data": {"password": "battery-staple"}}},
        password="battery-staple",
    ),
    Change(
        "DELETE",
        "/delete_user",
        4,
        lambda _, user, project: {"user_info": {"cloud_user_id": user, "project_id": project}},
        users=0,
        projects=0,
    ),
    Change(
        "DELETE", "/user", 2, lambda _login, user, _project: {"user_info": {"cloud_user_id": user}}, users=0, projects=1
    ),
    Change(
        "DELETE",
        "/team",
        2,
        lambda _login, _user, project: {"team_info": {"project_id": project}},
        projects=0,
        roles=(),
    ),
    Change(
        "POST",
        "/team_role",
        3,
        lambda _, user, project: {"team_role": {"role": "admin", "user_id": user, "project_id": project}},
    ),
    Change(
        "PATCH",
        "/team_role",
        6,
        lambda _, user, project: {
            "team_role": {"current_role": "admin", "new_role": "member", "user_id": user, "project_id": project}
        },
        roles=("member",),
    ),
    Change(
        "DELETE",
        "/team_role",
        5,
        lambda _, user, project: {"team_role": {"role": "member", "user_id": user, "project_id": project}},
        roles=(),
    ),
]
TRIALS = [
    pytest.param(
        change,
        index,
        kind,
        lasting,
        id=f"{change.method} {change.path}-{index}-{kind}-{'outage' if lasting else 'once'}",
    )
    for change in CHANGES
    for index in range(change.calls)
    for kind, lasting in LOST_WAYS
]


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(("change", "index", "kind", "lasting"), TRIALS)
def test_a_change_converges(
    cloud: Keystone,
    login: str,
    before: Proxy,
    through: RequestOf,
    settings_file: Callable[[str], Path],
    change: Change,
    index: int,
    kind: str,
    lasting: bool,
) -> None:
    """A 2xx is so; a 5xx is finished by a repeat; nothing else is touched."""
    _, signed_up = create_user_project(through())
    assert isinstance(signed_up, dict)
    user_id, project_id = signed_up["user_id"], signed_up["project_id"]
    [admin] = cloud.admin.roles.list(name="admin")
    cloud.admin.roles.grant(admin.id, user=user_id, project=project_id)
    request = {"cloud_env": through()["cloud_env"], **change.body(login, user_id, project_id)}
    function = handler.ROUTES[change.method, change.path]
    earlier = census(cloud.admin)
    warm_up(through())
    outage = Outage(before, kind, index, lasting)
    converges(function, request, outage, settings_file, lambda answer: is_so(cloud, login, change, answer, earlier))


def is_so(cloud: Keystone, login: str, change: Change, answer: Answer, earlier: Census) -> None:
    """The answer is that of success, and the cloud is as the change leaves it."""
    now = census(cloud.admin)
    ours = [now.of(name) for name in (login, f"{login}-2", f"{login}-team")]
    assert sum(len(one.users) for one in ours) == change.users
    assert sum(len(one.projects) for one in ours) == change.projects
    others = now.without(login).without(f"{login}-2").without(f"{login}-team")
    assert others == earlier.without(login)
    if change.path == "/user" and change.method == "POST":
        [made] = ours[1].users
        assert answer == (201, {"success": True, "username": f"{login}-2", "user_cloud_id": made})
    elif change.path == "/team" and change.method == "POST":
        [made] = ours[2].projects
        assert answer == (201, {"project_id": made, "billing_acct_id": made})
        assert len(ours[2].grants) == 3
    else:
        assert answer == DONE
    for user_id in ours[0].users:
        names = {role.id: role.name for role in cloud.admin.roles.list()}
        assert sorted(names[role] for role, user, _ in now.grants if user == user_id) == sorted(change.roles)
        cloud.client(user_id=user_id, password=change.password, unscoped=True).session.get_token()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.method} {change.path}")
def test_a_change_without_faults_makes_so_many_calls(
    cloud: Keystone, login: str, before: Proxy, through: RequestOf, change: Change
) -> None:
    """Else the trials above would leave some of them out."""
    _, signed_up = create_user_project(through())
    assert isinstance(signed_up, dict)
    [admin] = cloud.admin.roles.list(name="admin")
    cloud.admin.roles.grant(admin.id, user=signed_up["user_id"], project=signed_up["project_id"])
    before.calls.clear()
    request = {
        "cloud_env": through()["cloud_env"],
        **change.body(login, signed_up["user_id"], signed_up["project_id"]),
    }
    assert handler.ROUTES[change.method, change.path](request)[0] == 201
    assert len(before.calls) == change.calls
