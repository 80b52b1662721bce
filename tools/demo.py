"""`make demo`: a Keystone, the service, one sign-up and its repeat, and what the new user finds in Keystone."""

import json
import uuid
from typing import Any

import requests

from tests.support.census import census
from tests.support.keystone import Keystone, keystone
from tests.support.service import service

PASSWORD = "correct-horse"


def main() -> None:
    """Shows one sign-up and its repeat, then stops everything."""
    print("Starting a Keystone. The first time, it is set up, which takes half a minute …", flush=True)
    with keystone() as cloud, service() as running:
        print(f"Keystone runs at {cloud.auth_url}, the service at {running.url}.")
        show(cloud, f"{running.url}/create_user_project")
    print("\nThe service and Keystone were stopped.")


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
    if _post(url, request) != body or census(cloud.admin) != before:
        raise SystemExit("The repeat had another answer, or changed something in the cloud.")
    print("The ids are the same, and nothing in the cloud was changed.")


def _post(url: str, request: dict[str, Any]) -> Any:
    answer = requests.post(url, json=request, timeout=60)
    print(f"\n{answer.status_code} {answer.reason}")
    answer.raise_for_status()
    return answer.json()


def _show_log_in(cloud: Keystone, user_id: str, project_id: str) -> None:
    user = cloud.client(user_id=user_id, password=PASSWORD, project_id=project_id)
    access = user.session.auth.get_access(user.session)
    print(f"\nLogged in to Keystone as {access.username}, who finds there:")
    for project in user.projects.list(user=user_id):
        print(f"  the project {project.name} ({project.id}), with the role {', '.join(sorted(access.role_names))}")


if __name__ == "__main__":
    main()
