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
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.debian import missing
from tests.support.service import ROOT
from tools.image.base import base
from tools.image.checks import output_of

# Every image of this run has the tag.
TAG = f"test-{uuid.uuid4().hex[:8]}"
IMAGE = f"concertim-user-handler:{TAG}"
CONTAINER = IMAGE.replace(":", "-")
# As docs/operations.md has it for a read-only root without rights.
HARDENED = ("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
# The Makefile makes this environment.
TOOLS = ROOT / ".image" / "venv" / "bin"
PACKAGES = ["buildah", "podman", "runc", "crun", "uidmap", "mmdebstrap", "netavark", "iptables", "catatonit"]


@dataclass(frozen=True)
class Engine:
    """The commands that build with it and run with it."""

    builder: Sequence[str]
    runner: str
    built: list[str] = field(default_factory=list)
    """The images that are removed in the end."""

    @property
    def is_podman(self) -> bool:
        """Whether this is podman, which differs from docker in some options."""
        return self.runner == "podman"

    @property
    def hardened(self) -> list[str]:
        """The options for a root that cannot be written and for no rights."""
        # Docker gives a read-only container no folder for temporary files.
        return [*HARDENED, *(["--read-only-tmpfs=false"] if self.is_podman else [])]

    def build(self, file: str, image: str, folder: str = ".", **arguments: str) -> None:
        """Builds the image from this Dockerfile with these build arguments."""
        print(f"Building {image} from {file}", flush=True)
        self.built.append(image)
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        output_of([*self.builder, *given, f"--tag={image}", f"--file={file}", folder])

    def start(self, *options: str, command: Sequence[str] = (), image: str = IMAGE) -> None:
        """Starts the container with these options, and this command if one is given, in place of the one before."""
        self._remove_container()
        self.run("run", "--detach", f"--name={CONTAINER}", "--network=host", *self._pull, *options, image, *command)

    def output(self, image: str, *command: str) -> str:
        """Returns what this command prints in a container of its own, which is removed afterwards."""
        program, *arguments = command
        return self.run("run", "--rm", f"--entrypoint={program}", *self._pull, "--network=none", image, *arguments)

    @property
    def _pull(self) -> list[str]:
        return ["--pull=never"] if self.is_podman else []

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
        """Removes the container and the images, if they are there."""
        self._remove_container()
        subprocess.run([self.runner, "rmi", "--force", *self.built], capture_output=True, check=False)

    def _remove_container(self) -> None:
        # There may be none. Old releases fail then. podman waits for an end, and Lambda's client hears of none.
        at_once = ["--time=0"] if self.is_podman else []
        command = [self.runner, "rm", "--force", *at_once, "--volumes", CONTAINER]
        subprocess.run(command, capture_output=True, check=False)


def prepare() -> str:
    """Makes sure that images can be built here. Returns why they cannot, or an empty string."""
    wanted = ["buildah", "podman", "runc", "mmdebstrap", "iptables", "usr/lib/podman/netavark"]
    return "" if _has_docker() else missing(wanted, PACKAGES)


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
        # In layers, as docker does, so that a second build makes only what is different.
        build = [
            "buildah",
            "build",
            "--layers",
            "--pull-never",
            "--isolation=chroot",
            "--network=host",
            "--format=docker",
        ]
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
