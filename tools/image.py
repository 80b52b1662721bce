"""`make image`: builds the container image and proves it, with docker or else with buildah and podman.

Without a Docker engine nothing can be pulled from a registry of images, so a Debian base is made on this machine and
given to the Dockerfile as its BASE; everything else is the Dockerfile as it is.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from tests.contract.ui import token
from tests.support.debian import missing
from tests.support.keystone import Keystone, keystone
from tests.support.service import ROOT, START_SECONDS

IMAGE = f"concertim-user-handler:test-{uuid.uuid4().hex[:8]}"
NAME = IMAGE.replace(":", "-")
URL = "http://127.0.0.1:42356"
JSON = {"Content-Type": "application/json"}
CONFIG = "/etc/concertim-openstack-service/config.yaml"
LOG = "/var/log/concertim-openstack-service/user-handler.log"
PYTHON = "/opt/venv/bin/python"
# Made once and kept, as it takes half a minute; `make clean` removes it.
BASE = ROOT / ".image" / "base.tar"
PACKAGES = ["buildah", "podman", "runc", "crun", "uidmap", "mmdebstrap", "netavark", "catatonit"]


def main() -> None:
    """Builds, runs and checks the image, and removes it; exits with 1 on the first thing that is not so."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--if-possible", action="store_true", help="end with 0 where no image can be built")
    if_possible = options.parse_args().if_possible
    why_not = _prepare_engine()
    if why_not:
        print(f"NOT TESTED: the image cannot be built here: {why_not}")
        sys.exit(0 if if_possible else 1)
    with _engine() as (build, run), keystone() as cloud:
        try:
            _build(build)
            _prove(run, cloud)
            _prove_without_files(run, cloud)
        finally:
            subprocess.run([*run, "rm", "--force", "--volumes", NAME], capture_output=True, check=False)
            subprocess.run([*run, "rmi", "--force", IMAGE], capture_output=True, check=False)
    print("The image is as it should be.")


def _has_docker() -> bool:
    return bool(shutil.which("docker")) and not subprocess.run(["docker", "info"], capture_output=True).returncode


def _prepare_engine() -> str:
    """Makes sure that images can be built, or says why they cannot."""
    return "" if _has_docker() else missing(["buildah", "podman", "runc", "mmdebstrap"], PACKAGES)


@contextlib.contextmanager
def _engine() -> Iterator[tuple[list[str], list[str]]]:
    """The commands to build with and to run with; podman's keeps its images and containers to itself."""
    if _has_docker():
        yield ["docker", "build", "--network=host"], ["docker"]
        return
    with TemporaryDirectory(prefix="image-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "containers.conf").write_text(
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
            '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        )
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
        )
        os.environ["CONTAINERS_CONF"] = str(folder / "containers.conf")
        os.environ["CONTAINERS_STORAGE_CONF"] = str(folder / "storage.conf")
        base = f"localhost/base:{uuid.uuid4().hex[:8]}"
        _check(["podman", "import", str(_base(folder)), base])
        build = ["buildah", "build", "--pull-never", "--isolation=chroot", "--network=host", "--format=docker"]
        try:
            yield [*build, f"--build-arg=BASE={base}"], ["podman"]
        finally:
            subprocess.run(["podman", "rmi", "--all", "--force"], capture_output=True, check=False)
            subprocess.run(["umount", folder / "graph" / "overlay"], capture_output=True, check=False)


def _base(folder: Path) -> Path:
    """A small Debian with Python; pip in it reaches its registry the way that it does on this machine."""
    if BASE.exists():
        return BASE
    print("Making a Debian base, as there is no registry to pull one from", flush=True)
    certificates = "/etc/ssl/certs/ca-certificates.crt"
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    index = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    (folder / "pip.conf").write_text(f"[global]\ncert = {certificates}\n" + (f"index-url = {index}\n" if index else ""))
    made = folder / "base.tar"
    hooks = [f"upload {certificates} {certificates}", f"upload {folder}/pip.conf /etc/pip.conf"]
    packages = "--include=python3,python3-venv,ca-certificates"
    _check(
        [
            "mmdebstrap",
            "--variant=minbase",
            packages,
            *(f"--customize-hook={one}" for one in hooks),
            "bookworm",
            str(made),
        ]
    )
    BASE.parent.mkdir(exist_ok=True)
    shutil.move(made, BASE)
    return BASE


def _build(build: list[str]) -> None:
    print("Building", flush=True)
    _check([*build, f"--tag={IMAGE}", "--file=Dockerfiles/Dockerfile.user_handler", "."])


def _prove(run: list[str], cloud: Keystone) -> None:
    with TemporaryDirectory(prefix="config-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(f"log_level: debug\nuser_handler: {{allowed_auth_urls: ['{cloud.auth_url}']}}\n")
        # As an operator passes it on: in the environment of this command, not among its arguments.
        secret = os.environ["JWT_SECRET"] = uuid.uuid4().hex
        _check(
            [*run, "run", "--detach", f"--name={NAME}", "--network=host", "--restart=unless-stopped", "--read-only"]
            # Docker gives a read-only container no folder for temporary files.
            + (["--pull=never", "--read-only-tmpfs=false"] if run == ["podman"] else [])
            + ["--cap-drop=all", "--security-opt=no-new-privileges", "--env=JWT_SECRET"]
            + [f"--volume={config}:{CONFIG}:ro", IMAGE]
        )
        _await_running(run)
        login = f"ann-{uuid.uuid4().hex[:8]}"
        body = {"cloud_env": cloud.cloud_env(), "username": login, "password": "correct-horse"}
        stranger = requests.post(f"{URL}/create_user_project", json=body, timeout=60)
        _expect(stranger.status_code == 401, "a sign-up without a token is answered 401")
        bearer = {"Authorization": f"Bearer {token(secret)}"}
        answer = requests.post(f"{URL}/create_user_project", json=body, headers=bearer, timeout=60)
        print(f"{answer.status_code} {answer.text}")
        _expect(answer.status_code == 201, "a sign-up through the container is answered 201")
        user = cloud.client(user_id=answer.json()["user_id"], password="correct-horse", unscoped=True)
        _expect(bool(user.session.get_token()), "the user logs in")

        line = _check([*run, "exec", NAME, "tail", "-1", LOG]).strip()
        print(line)
        _expect("create_user_project 201" in line, "the log is read by exec")
        too_large = requests.post(f"{URL}/create_user_project", data=b" " * 900_000, headers=JSON | bearer, timeout=60)
        _expect(too_large.status_code == 413 and "error" in too_large.json(), "a body that is too large gets its 413")
        if run == ["podman"]:
            _check([*run, "healthcheck", "run", NAME])
            print("ok: the health check passes")
        _expect(_check([*run, "exec", NAME, "id", "-u"]).strip() == "10001", "it runs as an ordinary user")
        look = (
            "command -v gcc cc g++ make ld; find / -xdev -path '*/pip/cache*' -o -path '*/.cache/pip*' 2>/dev/null; :"
        )
        _expect(
            _check([*run, "exec", NAME, "sh", "-c", look]).strip() == "", "no compiler and no cache of pip is inside"
        )
        denied = _check([*run, "exec", "--user=0", NAME, "sh", "-c", "touch /opt/x 2>&1; :"])
        _expect("Read-only file system" in denied, "its root is read-only")

        since = time.monotonic()
        _check([*run, "stop", "--time=10", NAME])
        seconds = time.monotonic() - since
        [state] = json.loads(_check([*run, "inspect", NAME]))
        _expect(state["State"]["ExitCode"] == 0, f"it stops with 0, in {seconds:.1f} s")
        _expect(seconds < 10, "and in time")
        [image] = json.loads(_check([*run, "image", "inspect", IMAGE]))
        base = f"; its base alone {BASE.stat().st_size / 1e6:.0f} MB" if run == ["podman"] else ""
        print(f"The image has {image['Size'] / 1e6:.0f} MB{base}")


def _prove_without_files(run: list[str], cloud: Keystone) -> None:
    """As hosts of containers run it: a port of theirs, the settings in the environment, the log to standard output."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    os.environ["PORT"], secret = port, os.environ["JWT_SECRET"]
    os.environ["CONCERTIM_CONFIG_TEXT"] = f"user_handler: {{allowed_auth_urls: ['{cloud.auth_url}']}}\n"
    _check([*run, "rm", "--force", "--volumes", NAME])
    variables = [f"--env={name}" for name in ("PORT", "CONCERTIM_CONFIG_TEXT", "JWT_SECRET")]
    never = ["--pull=never"] if run == ["podman"] else []
    _check([*run, "run", "--detach", f"--name={NAME}", "--network=host", *never, *variables, IMAGE])
    url = f"http://127.0.0.1:{port}"
    _await_running(run, url)
    body = {"cloud_env": cloud.cloud_env(), "username": f"ann-{uuid.uuid4().hex[:8]}", "password": "correct-horse"}
    bearer = {"Authorization": f"Bearer {token(secret)}"}
    answer = requests.post(f"{url}/create_user_project", json=body, headers=bearer, timeout=60)
    _expect(answer.status_code == 201, "it serves at the port in PORT, with the settings in CONCERTIM_CONFIG_TEXT")
    if run == ["podman"]:
        _check([*run, "healthcheck", "run", NAME])
        print("ok: the health check looks there")
    _expect("create_user_project 201" in _check([*run, "logs", NAME]), "its log is on standard output")


def _await_running(run: list[str], url: str = URL) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(requests.ConnectionError):
            _expect(requests.get(url, timeout=5).text == "Running", "GET / says Running")
            return
        time.sleep(0.2)
    logs = subprocess.run([*run, "logs", NAME], capture_output=True, text=True, check=False)
    sys.exit(f"the container does not serve:\n{logs.stdout}{logs.stderr}")


def _expect(so: bool, what: str) -> None:
    if not so:
        sys.exit(f"NOT SO: {what}")
    print(f"ok: {what}")


def _check(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
