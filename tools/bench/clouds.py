"""Where a sign-up is measured: at a Keystone whose calls are delayed, at a scripted one, and in every way."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from tests.support.keystone import ADMIN_PASSWORD
from tests.support.service import Service
from tools.bench.beside import beside
from tools.bench.ways import CloudEnv, Floor, Ours, Plain, SameCalls, SignUp, new_login


@contextmanager
def delayed(cloud_env: CloudEnv, milliseconds: int) -> Iterator[CloudEnv]:
    """Gives the cloud environment that leads to the same Keystone with so many milliseconds added to each call."""
    if not milliseconds:
        yield cloud_env
        return
    with beside("tools.bench.relay", urlsplit(cloud_env["auth_url"]).netloc, str(milliseconds)) as address:
        yield {**cloud_env, "auth_url": f"http://{address}/v3"}


@contextmanager
def every_way(running: Service, cloud_env: CloudEnv) -> Iterator[dict[str, SignUp]]:
    """Gives every way to sign up at this cloud by its name. Each has signed somebody up already."""
    with closing(Floor(cloud_env)) as floor, closing(SameCalls(cloud_env)) as same_calls:
        ways: dict[str, SignUp] = {
            "floor": floor.sign_up,
            "same_calls": same_calls.sign_up,
            "ours": Ours(str(running.url), cloud_env).sign_up,
            "plain": Plain(cloud_env).sign_up,
        }
        for sign_up in ways.values():
            sign_up(new_login())
        yield ways


def instant_cloud_env(address: str) -> dict[str, str]:
    """Returns what leads to the scripted Keystone at this address."""
    return {
        "auth_url": f"http://{address}/v3",
        "username": "admin",
        "password": ADMIN_PASSWORD,
        "project_name": "admin",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
