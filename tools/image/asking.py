"""What is asked of a container that runs: whether it runs, and to sign somebody up."""

import contextlib
import os
import sys
import time
import uuid
from typing import Any

import requests

from tests.contract.ui import token
from tests.support.keystone import Keystone
from tests.support.service import START_SECONDS
from tools.image.engine import Engine

PASSWORD = "correct-horse"


def sign_up(cloud: Keystone) -> dict[str, Any]:
    """Returns the body of a sign-up of a login that nobody has used."""
    return {"cloud_env": cloud.cloud_env(), "username": f"ann-{uuid.uuid4().hex[:8]}", "password": PASSWORD}


def bearer() -> dict[str, str]:
    """Returns the headers with a token by the secret that the container has."""
    return {"Authorization": f"Bearer {token(os.environ['JWT_SECRET'])}"}


def post(url: str, **request: Any) -> requests.Response:
    """Sends a sign-up to this base URL."""
    return requests.post(f"{url}/create_user_project", timeout=60, **request)


def await_running(engine: Engine, url: str) -> None:
    """Waits until GET / is answered. Exits with what the container wrote if it is not."""
    if not runs(url, START_SECONDS):
        sys.exit(f"the container does not serve:\n{engine.logs()}")
    print("ok: GET / says Running")


def runs(url: str, seconds: float) -> bool:
    """Whether GET / is answered as it should be within this time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(requests.RequestException):
            if requests.get(url, timeout=5).text == "Running":
                return True
        time.sleep(0.2)
    return False
