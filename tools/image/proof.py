"""What must be so of the image: it serves a real Keystone, it is hardened, and it stops in time."""

import json
import os
import socket
import time
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from tests.support.keystone import Keystone
from tools.image.asking import PASSWORD, await_running, bearer, post, sign_up
from tools.image.base import BASE
from tools.image.checks import expect
from tools.image.engine import CONTAINER, IMAGE, Engine

URL = "http://127.0.0.1:42356"
CONFIG = "/etc/concertim-openstack-service/config.yaml"
LOG = "/var/log/concertim-openstack-service/user-handler.log"
# Finds compilers and what pip has cached, neither of which the service needs.
NEEDLESS = "command -v gcc cc g++ make ld; find / -xdev -path '*/pip/cache*' -o -path '*/.cache/pip*' 2>/dev/null; :"
STOP_SECONDS = 10


def prove(engine: Engine, cloud: Keystone) -> None:
    """Runs the image as docs/operations.md does: a config file, a read-only root, no rights."""
    with TemporaryDirectory(prefix="config-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(f"log_level: debug\nuser_handler: {{allowed_auth_urls: ['{cloud.auth_url}']}}\n")
        # As an operator passes it on: in the environment of this command, not among its arguments.
        os.environ["JWT_SECRET"] = uuid.uuid4().hex
        engine.start(*engine.hardened, "--restart=unless-stopped", "--env=JWT_SECRET", f"--volume={config}:{CONFIG}:ro")
        await_running(engine, URL)
        _prove_sign_up(engine, cloud)
        _prove_page()
        _prove_limit()
        _prove_hardening(engine)
        _prove_stop(engine)
        _print_size(engine)


def prove_without_files(engine: Engine, cloud: Keystone) -> None:
    """Runs the image as hosts of containers do: all in the environment, and the log on standard output."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        os.environ["PORT"] = str(probe.getsockname()[1])
    os.environ["HOST"] = "127.0.0.1"
    os.environ["CONCERTIM_CONFIG_TEXT"] = f"user_handler: {{allowed_auth_urls: ['{cloud.auth_url}']}}\n"
    engine.start(*(f"--env={name}" for name in ("HOST", "PORT", "CONCERTIM_CONFIG_TEXT", "JWT_SECRET")))
    url = f"http://127.0.0.1:{os.environ['PORT']}"
    await_running(engine, url)
    answer = post(url, json=sign_up(cloud), headers=bearer())
    expect(answer.status_code == 201, "it serves with the settings in CONCERTIM_CONFIG_TEXT")
    listening = f"listening on 127.0.0.1:{os.environ['PORT']}\n"
    expect(listening in engine.logs(), "it listens at the address in HOST and the port in PORT alone")
    if engine.is_podman:
        engine.run("healthcheck", "run", CONTAINER)
        print("ok: the health check looks there")
    expect("create_user_project 201" in engine.run("logs", CONTAINER), "its log is on standard output")


def prove_another_address(engine: Engine) -> None:
    """Runs the image at an address of its command line, which the environment contradicts."""
    os.environ["PORT"] = "1"
    engine.start("--env=PORT", command=["/opt/venv/bin/python", "handler.py", "--listen", "[::1]:42356"])
    await_running(engine, "http://[::1]:42356")
    if engine.is_podman:
        engine.run("healthcheck", "run", CONTAINER)
        print("ok: the health check looks where --listen says")


def _prove_sign_up(engine: Engine, cloud: Keystone) -> None:
    stranger = post(URL, json=sign_up(cloud))
    expect(stranger.status_code == 401, "a sign-up without a token is answered 401")
    answer = post(URL, json=sign_up(cloud), headers=bearer())
    print(f"{answer.status_code} {answer.text}")
    expect(answer.status_code == 201, "a sign-up through the container is answered 201")
    user = cloud.client(user_id=answer.json()["user_id"], password=PASSWORD, unscoped=True)
    expect(bool(user.session.get_token()), "the user logs in")
    line = engine.inside("tail", "-1", LOG).strip()
    print(line)
    expect("create_user_project 201" in line, "the log is read by exec")


def _prove_page() -> None:
    # It is larger than what waitress holds in memory, and there is no place for a temporary file.
    viewer = requests.get(f"{URL}/docs/swagger-ui-bundle.js", timeout=60)
    complete = len(viewer.content) == int(viewer.headers["Content-Length"])
    expect(viewer.status_code == 200 and complete, "the page /docs has its viewer")


def _prove_limit() -> None:
    headers = {"Content-Type": "application/json"} | bearer()
    too_large = post(URL, data=b" " * 900_000, headers=headers)
    expect(too_large.status_code == 413 and "error" in too_large.json(), "a body that is too large gets its 413")


def _prove_hardening(engine: Engine) -> None:
    if engine.is_podman:
        engine.run("healthcheck", "run", CONTAINER)
        print("ok: the health check passes")
    expect(engine.inside("id", "-u").strip() == "10001", "it runs as an ordinary user")
    expect(engine.inside("sh", "-c", NEEDLESS).strip() == "", "no compiler and no cache of pip is inside")
    denied = engine.inside("sh", "-c", "touch /opt/x 2>&1; :", user="0")
    expect("Read-only file system" in denied, "its root is read-only")


def _prove_stop(engine: Engine) -> None:
    since = time.monotonic()
    engine.run("stop", f"--time={STOP_SECONDS}", CONTAINER)
    seconds = time.monotonic() - since
    [state] = json.loads(engine.run("inspect", CONTAINER))
    expect(state["State"]["ExitCode"] == 0, f"it stops with 0, in {seconds:.1f} s")
    expect(seconds < STOP_SECONDS, "and in time")


def _print_size(engine: Engine) -> None:
    [image] = json.loads(engine.run("image", "inspect", IMAGE))
    base = f"; its base alone {BASE.stat().st_size / 1e6:.0f} MB" if engine.is_podman else ""
    print(f"The image has {image['Size'] / 1e6:.0f} MB{base}")
