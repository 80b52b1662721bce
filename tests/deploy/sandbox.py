"""A file tree of its own in which a program sees what a unit of systemd or a container gives it, and may do no more."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.service import ROOT

# The service runs as this user and group, both in the image and in the unit of systemd.
OWNER = 10001
HOME = "/opt/user-handler"
LOG_FOLDER = "/var/log/concertim-openstack-service"
# The Python that runs the tests, which may be in a home: systemd hides those from the service.
PYTHON = "/opt/python"
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


@dataclass(frozen=True)
class Sandbox:
    """A tree with the service in /opt/user-handler. Programs see it as their whole file system."""

    root: Path
    venv: str
    """Where the service's virtual environment is."""

    @property
    def packages(self) -> str:
        """Where the packages of the virtual environment are."""
        return f"{self.venv}/lib/python{sysconfig.get_python_version()}/site-packages"

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

    def command(self, command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """Returns what runs the command as the owner of the service: nothing but the log can be written.

        It has these variables alone, no capabilities, and never gets any. It ends with the process that starts it.
        """
        given = [f"{name}={value}" for name, value in environment.items()]
        owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups", "--no-new-privs"]
        owner += ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--pdeathsig=KILL"]
        return self.as_root([*owner, "env", "-i", *given, *command])

    def as_root(self, command: Sequence[str]) -> list[str]:
        """Returns what runs the command as root, who may write the log alone, too."""
        inside = shlex.join(["chroot", str(self.root), "sh", "-c", f'cd {HOME} && exec "$@"', "-", *command])
        return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", f"{self.mounts()}exec {inside}"]

    def mounts(self) -> str:
        """Returns the commands that mount the tree, for a shell whose mounts nobody else sees."""
        root = shlex.quote(str(self.root))
        lines = [f"mount --bind {root} {root}", f"mount -t proc -o subset=pid,hidepid=invisible proc {root}/proc"]
        packages = sysconfig.get_path("purelib")
        binds = {
            "/usr": "/usr",
            sys.base_prefix: PYTHON,
            packages: self.packages,
            **dict(zip(DEVICES, DEVICES, strict=True)),
        }
        lines += [f"mount --bind {shlex.quote(source)} {root}{target}" for source, target in binds.items()]
        lines += [f"mount --bind {root}{LOG_FOLDER} {root}{LOG_FOLDER}"]
        lines += [f"mount -o remount,bind,ro {root}{one}" for one in ("/usr", PYTHON, self.packages, "")]
        return "".join(f"{line}\n" for line in lines)


@contextmanager
def sandbox(venv: str = f"{HOME}/venv") -> Iterator[Sandbox]:
    """Makes a sandbox with the service in it, whose virtual environment is at this path."""
    with TemporaryDirectory(prefix="sandbox-") as name:
        # Others than root must be able to pass through it.
        Path(name).chmod(0o755)
        made = Sandbox(Path(name), venv)
        for folder in ("/usr", PYTHON, "/proc", "/tmp", "/run", HOME, f"{venv}/bin", made.packages, LOG_FOLDER):
            made.at(folder).mkdir(parents=True, exist_ok=True)
        made.at(f"{venv}/bin/python").symlink_to(f"{PYTHON}/bin/python3")
        made.put(f"{venv}/pyvenv.cfg", f"home = {PYTHON}/bin\n")
        _let_python_find_its_library(made.root)
        for link in ("bin", "sbin", "lib", "lib64"):
            made.at(link).symlink_to(f"usr/{link}")
        for device in DEVICES:
            made.put(device, "")
        made.put("/etc/passwd", f"root:x:0:0::/root:/bin/sh\nuser-handler:x:{OWNER}:{OWNER}::/:/bin/false\n")
        made.put("/etc/group", f"root:x:0:\nuser-handler:x:{OWNER}:\n")
        shutil.copy(ROOT / "handler.py", made.at(HOME))
        for folder in ("functions", "lib"):
            shutil.copytree(ROOT / folder, made.at(HOME) / folder)
        os.chown(made.at(LOG_FOLDER), OWNER, OWNER)
        yield made


def _let_python_find_its_library(root: Path) -> None:
    """Writes where the library of this Python is, if it has one: it may name the place from which it was moved."""
    mount = f"mount --bind {shlex.quote(sys.base_prefix)} {root}{PYTHON} && mkdir {root}/etc"
    find = f"echo {PYTHON}/lib >{root}/etc/ld.so.conf && /sbin/ldconfig -r {root} -X"
    subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-ec", f"{mount} && {find}"], check=True)


def _why_none() -> str:
    if os.geteuid() != 0:
        return "only root may mount"
    with sandbox() as tried:
        done = subprocess.run(tried.as_root(["true"]), capture_output=True, text=True, check=False)
    return done.stderr.strip()


WHY_NONE = _why_none()
needs_sandbox = pytest.mark.skipif(bool(WHY_NONE), reason=f"this machine allows no sandbox: {WHY_NONE}")
