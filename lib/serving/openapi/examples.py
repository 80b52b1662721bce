"""An example of each request and answer. A test sends each example to a real Keystone, and gets its answer."""

from collections.abc import Mapping
from typing import Any

from lib.answer.body import Alive, Done, Ready, Running
from lib.answer.operations import CloudChecked, UserProjects
from lib.answer.teams import TeamCreated
from lib.answer.users import SignedUp, UserCreated
from lib.request.model import CloudEnv, ForCloud
from lib.request.operations import CloudCheck, UserProjectsRequest
from lib.request.teams import NewTeam, NewTeamRole, TeamRemoval, TeamRoleChange, TeamRoleRemoval
from lib.request.users import NewUser, SignUp, UserChange, UserRemoval

USER_ID = "6cff3b1f0f5a4c4f8a4e5d0b7c1e9a52"
PROJECT_ID = "c2a9173d5b0e4f6c9d8a2b4e6f801357"
LOGIN = "ann"
TEAM = "chemistry"
CLOUD_ENV = {
    "auth_url": "http://10.0.0.1:5000/v3",
    "username": "admin",
    "password": "the-password-of-the-cloud-account",
    "project_name": "admin",
    "user_domain_name": "Default",
    "project_domain_name": "Default",
}
_PERSON = {"username": LOGIN, "password": "correct-horse", "email": "ann@site.example"}
_IDS = {"user_id": USER_ID, "project_id": PROJECT_ID}

EXAMPLES: Mapping[type, Any] = {
    CloudEnv: CLOUD_ENV,
    SignUp: _PERSON,
    NewUser: {"username": LOGIN, "name": "Ann Example", "password": "correct-horse", "email": "ann@site.example"},
    UserChange: {"user_info": {"cloud_user_id": USER_ID, "new_data": {"password": "battery-staple"}}},
    UserRemoval: {"user_info": {"cloud_user_id": USER_ID, "project_id": PROJECT_ID}},
    NewTeam: {"name": TEAM},
    TeamRemoval: {"team_info": {"project_id": PROJECT_ID}},
    NewTeamRole: {"team_role": {"role": "member", **_IDS}},
    TeamRoleChange: {"team_role": {"current_role": "member", "new_role": "admin", **_IDS}},
    TeamRoleRemoval: {"team_role": {"role": "member", **_IDS}},
    SignedUp: {
        "project_id": PROJECT_ID,
        "user_id": USER_ID,
        "username": LOGIN,
        "billing_account_id": PROJECT_ID,
        "billing_acct_id": PROJECT_ID,
    },
    UserCreated: {"success": True, "username": LOGIN, "user_cloud_id": USER_ID},
    CloudCheck: {},
    CloudChecked: {
        "ready": False,
        "items": [
            {"check": "reachable", "state": "ok", "message": "10.0.0.1 accepts connections at port 5000."},
            {
                "check": "roles",
                "state": "problem",
                "message": "The cloud has no role watcher.",
                "remedy": "openstack role create watcher",
            },
        ],
    },
    UserProjectsRequest: {},
    UserProjects: {
        "complete": True,
        "counts": {"people": 1, "teams": 0, "with_problems": 0},
        "entries": [
            {
                "kind": "person",
                "login": LOGIN,
                "user_id": USER_ID,
                "user_name": f"concertim_{LOGIN}",
                "user_enabled": True,
                "user_marked": True,
                "user_created": "2026-11-28T09:30:00+00:00",
                "user_request_id": "req-5c0e6d70-6a8b-4f0e-9a57-0b1f6a1c7d11",
                "email": "ann@site.example",
                "default_project_id": PROJECT_ID,
                "project_id": PROJECT_ID,
                "project_name": f"concertim_{LOGIN}_project",
                "project_enabled": True,
                "project_marked": True,
                "project_created": "2026-11-28T09:30:00+00:00",
                "project_request_id": "req-5c0e6d70-6a8b-4f0e-9a57-0b1f6a1c7d11",
                "grants": [{"role": "member", "user_id": USER_ID, "user_name": f"concertim_{LOGIN}"}],
                "elsewhere": [],
                "problems": [],
            }
        ],
    },
    TeamCreated: {"project_id": PROJECT_ID, "billing_acct_id": PROJECT_ID},
    **{body: body().value() for body in (Done, Running, Alive, Ready)},
}


def example_of(model: type) -> Any:
    """Returns the example of this request or answer, with cloud_env where it has one."""
    if model not in EXAMPLES:
        raise LookupError(f"lib/serving/openapi/examples.py has no example of {model.__name__}")
    example = EXAMPLES[model]
    return {"cloud_env": CLOUD_ENV, **example} if issubclass(model, ForCloud) else example
