"""What builds the image and runs it: docker, or else buildah and podman.

Without a Docker engine nothing can be pulled from a registry of images, so a Debian base is made on this machine and
given to the Dockerfile as its BASE; everything else is the Dockerfile as it is.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.debian import missing
from tools.image.base import base
from tools.image.checks import output_of

IMAGE = f"concertim-user-handler:test-{uuid.uuid4().hex[:8]}"
CONTAINER = IMAGE.replace(":", "-")
PACKAGES = ["buildah", "podman", "runc", "crun", "uidmap", "mmdebstrap", "netavark", "catatonit"]


@dataclass(frozen=True)
class Engine:
    """The commands that build with it and run with it."""

    builder: Sequence[str]
    runner: str

    @property
    def is_podman(self) -> bool:
        """Whether this is podman, which differs from docker in some options."""
        return self.runner == "podman"

    def build(self) -> None:
        """Builds the image from the Dockerfile."""
        print("Building", flush=True)
        output_of([*self.builder, f"--tag={IMAGE}", "--file=Dockerfiles/Dockerfile.user_handler", "."])

    def start(self, *options: str, command: Sequence[str] = ()) -> None:
        """Starts the container with these options, and this command if one is given, in place of the one before."""
        self._remove_container()
        pull = ["--pull=never"] if self.is_podman else []
        self.run("run", "--detach", f"--name={CONTAINER}", "--network=host", *pull, *options, IMAGE, *command)

    def run(self, *arguments: str) -> str:
        """Returns what docker or podman prints with these arguments."""
        return output_of([self.runner, *arguments])

    def inside(self, *command: str, user: str = "") -> str:
        """Returns what this command prints in the container, as its own user or as another."""
        return self.run("exec", *([f"--user={user}"] if user else []), CONTAINER, *command)

    def logs(self) -> str:
        """Returns what the container wrote to standard output and standard error."""
        done = subprocess.run([self.runner, "logs", CONTAINER], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def clear(self) -> None:
        """Removes the container and the image, if they are there."""
        self._remove_container()
        subprocess.run([self.runner, "rmi", "--force", IMAGE], capture_output=True, check=False)

    def _remove_container(self) -> None:
        # There may be none. Old releases fail then.
        command = [self.runner, "rm", "--force", "--volumes", CONTAINER]
        subprocess.run(command, capture_output=True, check=False)


def prepare() -> str:
    """Makes sure that images can be built here. Returns why they cannot, or an empty string."""
    return "" if _has_docker() else missing(["buildah", "podman", "runc", "mmdebstrap"], PACKAGES)


@contextmanager
def engine() -> Iterator[Engine]:
    """Gives docker, or else podman with images and containers of its own."""
    if _has_docker():
        yield Engine(["docker", "build", "--network=host"], "docker")
        return
    with TemporaryDirectory(prefix="image-", ignore_cleanup_errors=True) as name:
        _configure_podman(Path(name))
        imported = f"localhost/base:{uuid.uuid4().hex[:8]}"
        output_of(["podman", "import", str(base(Path(name))), imported])
        build = ["buildah", "build", "--pull-never", "--isolation=chroot", "--network=host", "--format=docker"]
        try:
            yield Engine([*build, f"--build-arg=BASE={imported}"], "podman")
        finally:
            subprocess.run(["podman", "rmi", "--all", "--force"], capture_output=True, check=False)
            subprocess.run(["umount", f"{name}/graph/overlay"], capture_output=True, check=False)


def _has_docker() -> bool:
    return bool(shutil.which("docker")) and not subprocess.run(["docker", "info"], capture_output=True).returncode


def _configure_podman(folder: Path) -> None:
    """Lets podman keep everything in this folder."""
    (folder / "containers.conf").write_text(
        '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
    )
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    os.environ["CONTAINERS_CONF"] = str(folder / "containers.conf")
    os.environ["CONTAINERS_STORAGE_CONF"] = str(folder / "storage.conf")
