"""What a site has before its contract is tried: people and teams, and a token for its callers."""

import time
import uuid
from typing import Any

import requests

import handler
from tests.contract.ui import token
from tests.support.keystone import Keystone

JWT_SECRET = uuid.uuid4().hex
# Longer than any of these tests takes.
TOKEN_SECONDS = 3600
SETTINGS = f"user_handler: {{jwt_lifetime: {TOKEN_SECONDS + 60}, log_file: /dev/null}}"
# So many of each kind may be removed by the cases, and so many stay.
EACH = 6


def bearer() -> str:
    """Returns a token that is good for the whole test."""
    return token(JWT_SECRET, exp=int(time.time()) + TOKEN_SECONDS)


def given(url: str, cloud: Keystone) -> dict[str, Any]:
    """Signs people up, and returns what the hooks of schemathesis put into its cases."""
    env = {"cloud_env": cloud.cloud_env()}
    people = [post(url, "/create_user_project", env | _person()) for _ in range(2 * EACH)]
    teams = [post(url, "/team", env | {"name": f"team-{uuid.uuid4().hex[:12]}"}) for _ in range(2 * EACH)]
    users, projects = [one["user_id"] for one in people], [one["project_id"] for one in teams]
    return {
        "contract": handler.openapi(),
        "cloud_envs": [cloud.cloud_env(), cloud.cloud_env_by_ids()],
        "users": users[:EACH],
        "spare_users": users[EACH:],
        "projects": projects[:EACH],
        "spare_projects": projects[EACH:],
    }


def post(url: str, path: str, body: dict[str, Any]) -> Any:
    """Returns the answer to a request that succeeds."""
    answer = requests.post(f"{url}{path}", json=body, headers={"Authorization": f"Bearer {bearer()}"}, timeout=60)
    assert answer.status_code == 201, answer.text
    return answer.json()


def _person() -> dict[str, str]:
    return {"username": f"ann-{uuid.uuid4().hex[:12]}", "password": "correct-horse"}
