"""`make demo` and `make run`: a Keystone, the service, a sign-up over HTTP, and what the new user finds in Keystone."""

import argparse
import json
import shlex
import signal
import threading
import uuid
from typing import Any

import requests

from tests.support.keystone import Keystone, keystone
from tests.support.service import service


def main() -> None:
    """Shows one sign-up, then stops everything; with --stay, leaves it running until Ctrl-C instead."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stay", action="store_true", help="keep Keystone and the service running until Ctrl-C")
    stay = options.parse_args().stay
    print("Starting a Keystone; the first time it is set up, which takes half a minute …", flush=True)
    with keystone() as cloud, service(listen="127.0.0.1:42356" if stay else "127.0.0.1:0") as running:
        print(f"Keystone runs at {cloud.auth_url}, the service at {running.url}")
        _stay(cloud, str(running.url)) if stay else _show(cloud, str(running.url))


def _request(cloud: Keystone) -> dict[str, Any]:
    return {"cloud_env": cloud.cloud_env(), "username": f"ann-{uuid.uuid4().hex[:6]}", "password": "correct-horse"}


def _show(cloud: Keystone, url: str) -> None:
    request = _request(cloud)
    print(f"\nPOST /create_user_project\n{json.dumps(request, indent=2)}")
    answer = requests.post(f"{url}/create_user_project", json=request, timeout=60)
    body = answer.json()
    print(f"\n{answer.status_code} {answer.reason}\n{json.dumps(body, indent=2)}")
    answer.raise_for_status()

    user = cloud.client(user_id=body["user_id"], password=request["password"], project_id=body["project_id"])
    access = user.session.auth.get_access(user.session)
    print(f"\nLogged in to Keystone as {access.username}. Found there:")
    for project in user.projects.list(user=body["user_id"]):
        print(f"  project {project.name} ({project.id}), role {', '.join(access.role_names)}")


def _stay(cloud: Keystone, url: str) -> None:
    done = threading.Event()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: done.set())
    body = shlex.quote(json.dumps(_request(cloud)))
    print(f"\nPaste:\n\ncurl -i {url}/create_user_project -H 'Content-Type: application/json' -d {body}\n")
    print("Ctrl-C stops both.", flush=True)
    done.wait()


if __name__ == "__main__":
    main()
