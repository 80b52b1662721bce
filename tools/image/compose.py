"""Brings docs/deploy/compose up as a site does, with stand-ins for the image of nginx and for the older server."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.keystone import Keystone
from tests.support.service import ROOT
from tools.image.checks import expect, output_of
from tools.image.engine import IMAGE, TAG, TOOLS, Engine

FILE = "docs/deploy/compose/compose.yaml"
PROJECT = "concertim-user-handler"
# It takes a few seconds.
UP_SECONDS = 120
# What the image is run as, which the folder of the log must belong to.
UID = 10001
# Of the tests, what the stand-in for the older server imports.
STAND_IN = ("tests/__init__.py", "tests/support/__init__.py", "tests/support/older_server.py")
# The one thing that podman leaves changed on this machine where a container has a network of its own.
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


@dataclass(frozen=True)
class Site:
    """A site whose containers run."""

    engine: Engine
    folder: Path

    @property
    def log(self) -> str:
        """The service's log, in the folder where a site looks for it."""
        return (self.folder / "var/log/openstack-service/user-handler.log").read_text()

    def containers(self) -> dict[str, dict[str, Any]]:
        """Returns what the engine knows of each container of the site, by its service."""
        found = self.engine.run(
            "ps", "--all", "--quiet", f"--filter=label=com.docker.compose.project={PROJECT}"
        ).split()
        inspected = json.loads(self.engine.run("inspect", *found)) if found else []
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in inspected}

    def inside(self, service: str, *command: str) -> str:
        """Returns what this command prints in the container of the service."""
        return self.engine.run("exec", self.containers()[service]["Id"], *command)


@contextmanager
def site(engine: Engine, cloud: Keystone) -> Iterator[Site]:
    """Brings the file up as it is, in a folder that is laid out as the playbook does. Takes it down afterwards."""
    forwarding = FORWARDING.read_text() if engine.is_podman else ""
    with TemporaryDirectory(prefix="site-") as name:
        folder = Path(name)
        _lay_out(folder, cloud)
        os.environ |= {
            "CONCERTIM_ROOT": str(folder),
            "USER_HANDLER_IMAGE": _local(engine, IMAGE),
            "NGINX_IMAGE": _local(engine, _build_nginx(engine)),
            "API_SERVER_TAG": _build_older_server(engine).partition(":")[2],
        }
        try:
            # podman-compose waits for ever for a container that could not start.
            output_of(["timeout", str(UP_SECONDS), *compose(engine, "up", "--detach")])
            yield Site(engine, folder)
        finally:
            # What went wrong before is told, and not what follows from that here.
            subprocess.run(compose(engine, "down"), cwd=ROOT, capture_output=True, check=False)
            if engine.is_podman and FORWARDING.read_text() != forwarding:
                FORWARDING.write_text(forwarding)


def compose(engine: Engine, *arguments: str) -> list[str]:
    """Returns the command of docker compose or podman-compose for the file, with these arguments."""
    program = [str(TOOLS / "podman-compose")] if engine.is_podman else ["docker", "compose"]
    return [*program, "--file", FILE, *arguments]


def prove_file() -> None:
    """Holds the file to the schema of the compose specification, and shows that a mistake in it would be found."""
    text = (ROOT / FILE).read_text()
    expect(_fits_schema(text), "each key of compose.yaml is one of the compose specification")
    for good, bad in {"cap_drop:": "capdrop:", "restart: unless-stopped": "restart: []"}.items():
        broken = text.replace(good, bad)
        expect(broken != text and not _fits_schema(broken), f"it would not be with {bad!r} in place of {good!r}")


def _fits_schema(text: str) -> bool:
    command = [str(TOOLS / "check-jsonschema"), "--builtin-schema=vendor.compose-spec", "--default-filetype=yaml", "-"]
    return not subprocess.run(command, input=text, text=True, capture_output=True, check=False).returncode


def _lay_out(folder: Path, cloud: Keystone) -> None:
    """Makes the files of a machine that the playbook has set up, with the rights that docs/deploy/README.md gives."""
    secret = folder / "opt/docker/secrets/jwt_secret.env"
    secret.parent.mkdir(parents=True)
    secret.write_text(f"JWT_SECRET={os.environ['JWT_SECRET']}\n")
    log = folder / "var/log/openstack-service"
    log.mkdir(parents=True)
    os.chown(log, UID, UID)
    config = folder / "etc/openstack-service/config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(f"log_level: debug\nuser_handler: {{allowed_auth_urls: ['{cloud.auth_url}']}}\n")
    os.chown(config, 0, UID)
    config.chmod(0o640)


def _build_nginx(engine: Engine) -> str:
    image = f"nginx:{TAG}"
    engine.build("tools/image/stand_ins/Dockerfile.nginx", image, "tools/image/stand_ins")
    return image


def _build_older_server(engine: Engine) -> str:
    image = f"concertim-api-server:{TAG}"
    with TemporaryDirectory(prefix="older-") as folder:
        for name in STAND_IN:
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, file)
        engine.build("tools/image/stand_ins/Dockerfile.older_server", image, folder, USER_HANDLER=IMAGE)
    return image


def _local(engine: Engine, image: str) -> str:
    """Returns the name by which no registry is asked for the image."""
    return f"localhost/{image}" if engine.is_podman else image
