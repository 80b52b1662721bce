"""A file tree of its own in which a program sees what a unit of systemd or a container gives it, and may do no more."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.service import ROOT

SECCOMP = Path(__file__).with_name("seccomp.py")
# The service runs as this user and group, both in the image and in the unit of systemd.
OWNER = 10001
HOME = "/opt/user-handler"
LOG_FOLDER = "/var/log/concertim-openstack-service"
# What the machine has and everything needs, as in any image.
SHARED = ("/usr", sys.base_prefix)
Filters = Mapping[str, Sequence[str] | Sequence[int]]
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


@dataclass(frozen=True)
class Sandbox:
    """A tree with the service in /opt/user-handler. Programs see it as their whole file system."""

    root: Path
    venv: str
    """Where the service's virtual environment is."""

    def at(self, path: str) -> Path:
        """Returns where a path of the sandbox is outside it."""
        return self.root / path.lstrip("/")

    def put(self, path: str, text: str, mode: int = 0o444, owner: int = 0, group: int = 0) -> Path:
        """Writes a file of the sandbox, and returns where it is outside."""
        file = self.at(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        os.chown(file, owner, group)
        return file

    def command(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        filters: Filters | None = None,
    ) -> list[str]:
        """Returns what runs the command as the owner of the service: nothing but the log can be written.

        It has these variables alone, no capabilities, and never gets any. `filters` are those of seccomp.py.
        """
        given = [f"{name}={value}" for name, value in (environment or {}).items()]
        owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups", "--no-new-privs"]
        owner += ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
        limited = [f"{self.venv}/bin/python", "/seccomp.py", json.dumps(filters)] if filters else []
        return self.as_root([*owner, "env", "-i", *given, *limited, *command])

    def as_root(self, command: Sequence[str]) -> list[str]:
        """Returns what runs the command as root, who may write the log alone, too."""
        inside = shlex.join(["chroot", str(self.root), "sh", "-c", f'cd {HOME} && exec "$@"', "-", *command])
        return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", f"{self._mounts()}exec {inside}"]

    def _mounts(self) -> str:
        """Returns the commands that mount the tree, for a shell whose mounts nobody else sees."""
        root = shlex.quote(str(self.root))
        lines = [f"mount --bind {root} {root}", f"mount -t proc -o subset=pid,hidepid=invisible proc {root}/proc"]
        lines += [f"mount --bind {shlex.quote(one)} {root}{shlex.quote(one)}" for one in (*SHARED, *DEVICES)]
        lines += [f"mount --bind {shlex.quote(sys.prefix)} {root}{self.venv}"]
        lines += [f"mount --bind {root}{LOG_FOLDER} {root}{LOG_FOLDER}"]
        read_only = (*SHARED, self.venv, "")
        lines += [f"mount -o remount,bind,ro {root}{shlex.quote(one) if one else ''}" for one in read_only]
        return "".join(f"{line}\n" for line in lines)


@contextmanager
def sandbox(venv: str = f"{HOME}/venv") -> Iterator[Sandbox]:
    """Makes a sandbox with the service in it, whose virtual environment is at this path."""
    with TemporaryDirectory(prefix="sandbox-") as name:
        # Others than root must be able to pass through it.
        Path(name).chmod(0o755)
        made = Sandbox(Path(name), venv)
        for folder in (*SHARED, "/proc", "/tmp", "/run", HOME, venv, LOG_FOLDER):
            made.at(folder).mkdir(parents=True, exist_ok=True)
        for link in ("bin", "sbin", "lib", "lib64"):
            made.at(link).symlink_to(f"usr/{link}")
        for device in DEVICES:
            made.put(device, "")
        made.put("/etc/passwd", f"root:x:0:0::/root:/bin/sh\nuser-handler:x:{OWNER}:{OWNER}::/:/bin/false\n")
        made.put("/etc/group", f"root:x:0:\nuser-handler:x:{OWNER}:\n")
        made.put("/seccomp.py", SECCOMP.read_text())
        shutil.copy(ROOT / "handler.py", made.at(HOME))
        for folder in ("functions", "lib"):
            shutil.copytree(ROOT / folder, made.at(HOME) / folder)
        os.chown(made.at(LOG_FOLDER), OWNER, OWNER)
        yield made


def _why_none() -> str:
    if os.geteuid() != 0:
        return "only root may mount"
    with sandbox() as tried:
        done = subprocess.run(tried.as_root(["true"]), capture_output=True, text=True, check=False)
    return done.stderr.strip()


WHY_NONE = _why_none()
needs_sandbox = pytest.mark.skipif(bool(WHY_NONE), reason=f"this machine allows no sandbox: {WHY_NONE}")
