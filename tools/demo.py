"""`make demo`: a Keystone, the service, one sign-up and its repeat, and what the new user finds in Keystone."""

import json
import sys
import uuid
from typing import Any

import requests

from tests.support.census import census
from tests.support.keystone import Keystone
from tools.stack import stack
from tools.stopping import stopping

PASSWORD = "correct-horse"


def main() -> None:
    """Shows one sign-up and its repeat, then stops everything."""
    with stopping(), stack() as (cloud, running):
        print(f"Keystone runs at {cloud.auth_url}, the service at {running.url}.")
        show(cloud, f"{running.url}/create_user_project")


def sign_up(cloud: Keystone) -> dict[str, Any]:
    """Returns a sign-up as the Concertim UI sends it, of a login that nobody has used."""
    return {"cloud_env": cloud.cloud_env(), "username": f"ann-{uuid.uuid4().hex[:6]}", "password": PASSWORD}


def show(cloud: Keystone, url: str) -> None:
    """Shows the request and its answer, a log-in of the new user, and that a repeat changes nothing."""
    request = sign_up(cloud)
    print(f"\nPOST {url}\n{json.dumps(request, indent=2)}")
    body = _post(url, request)
    print(json.dumps(body, indent=2))
    _show_log_in(cloud, body["user_id"], body["project_id"])

    before = census(cloud.admin)
    print("\nThe same request again, as the UI sends it when an answer was lost:")
    again = _post(url, request)
    if again != body or census(cloud.admin) != before:
        sys.exit(f"The repeat had another answer, or changed something in Keystone:\n{json.dumps(again, indent=2)}")
    print(f"The ids are the same: user {again['user_id']}, project {again['project_id']}.")
    print("Nothing was changed: Keystone has the same users, projects and roles as before.")


def _post(url: str, request: dict[str, Any]) -> Any:
    answer = requests.post(url, json=request, timeout=60)
    print(f"\n{answer.status_code} {answer.reason}")
    if answer.status_code != 201:
        sys.exit(answer.text)
    return answer.json()


def _show_log_in(cloud: Keystone, user_id: str, project_id: str) -> None:
    user = cloud.client(user_id=user_id, password=PASSWORD, project_id=project_id)
    access = user.session.auth.get_access(user.session)
    roles = ", ".join(sorted(access.role_names))
    print(f"\n{access.username} can log in to Keystone, and finds there:")
    for project in user.projects.list(user=user_id):
        print(f"  project {project.name} ({project.id}), roles {roles}")


if __name__ == "__main__":
    main()
