"""A real systemd as the first process of a sandbox, which runs the unit as it is on a host."""

import shlex
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import pytest

from tests.deploy.running import LISTEN, until
from tests.deploy.sandbox import Sandbox
from tests.deploy.unit import FILE, value_of

UNITS = "/etc/systemd/system"
# These come with every systemd. Here they order nothing, as no other service is started.
AROUND = ("sysinit.target", "basic.target", "network.target", "shutdown.target")
CGROUPS = "/sys/fs/cgroup"
COMMAND = "/lib/systemd/systemd --system --unit=basic.target --log-target=null"
# What the machine's own systemd has beside the tree: places to write, and no right to change the kernel's settings.
OWN = """
for folder in /run /tmp /var/tmp; do mount -t tmpfs none {root}$folder; done
mount -t cgroup2 none {root}{cgroups}
mkdir {root}{cgroups}/{name}
echo $$ >{root}{cgroups}/{name}/cgroup.procs
umount {root}{cgroups}
exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc sh -ec {start}
"""
START = """
mount -t cgroup2 none {root}{cgroups}
mount -t proc none {root}/proc
mount --bind {root}/proc/sys {root}/proc/sys
mount -o remount,bind,ro {root}/proc/sys
cd {root}
pivot_root . old
umount -l /old
mount --make-rshared /
exec env -i container=tests SYSTEMD_UNIT_PATH={units} {command}
"""
# Removes the groups of a systemd that has ended.
CLEAR = """
mount -t cgroup2 none {root}{cgroups}
cd {root}{cgroups}
test ! -d {name} || find {name} -depth -type d -exec rmdir {{}} +
"""
TRY = ["unshare", "--mount", "--pid", "--fork", "--cgroup", "sh", "-ec", f"mount -t cgroup2 none {CGROUPS}"]


@dataclass(frozen=True)
class Booted:
    """A running systemd."""

    first: int
    """Its process, by the number that it has outside."""

    def run(self, *command: str) -> str:
        """Runs a command where systemd runs, as root. Returns what it said."""
        inside = ["nsenter", f"--target={self.first}", "--mount", "--pid", "--cgroup", "--root", "--wd", *command]
        done = subprocess.run(inside, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip()


@contextmanager
def booted(box: Sandbox) -> Iterator[Booted]:
    """Starts a systemd in the sandbox, with the unit installed but not started. It has the machine's network."""
    _install(box)
    words = {
        "root": shlex.quote(str(box.root)),
        "cgroups": CGROUPS,
        "units": UNITS,
        "command": COMMAND,
        "name": box.root.name,
    }
    start = shlex.quote(START.format(**words))
    script = box.mounts() + OWN.format(start=start, **words)
    outer = subprocess.Popen(
        # It ends with this process, however that ends.
        ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--propagation", "private", "sh", "-ec", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: outer.poll() is not None or bool(_systemds_below(outer.pid)))
        [first] = _systemds_below(outer.pid)
        running = Booted(first)
        until(lambda: running.run("systemctl", "is-active", "basic.target") == "active")
        yield running
    finally:
        # All other processes of systemd's end with it.
        outer.kill()
        outer.wait()
        clear = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", CLEAR.format(**words)]
        until(lambda: subprocess.run(clear, capture_output=True, check=False).returncode == 0)


def _install(box: Sandbox) -> None:
    box.put(f"{UNITS}/{FILE.name}", FILE.read_text())
    # The only thing that is not as on a host: nobody else may reach the port.
    command = f"{value_of('ExecStart')} {' '.join(LISTEN)}"
    box.put(f"{UNITS}/{FILE.name}.d/listen.conf", f"[Service]\nExecStart=\nExecStart={command}\n")
    for target in AROUND:
        box.put(f"{UNITS}/{target}", "[Unit]\nDescription=A target of the tests\n")
    box.put("/etc/machine-id", f"{uuid.uuid4().hex}\n")
    for folder in ("/old", "/var/tmp", CGROUPS):
        box.at(folder).mkdir(parents=True)


def _systemds_below(parent: int) -> list[int]:
    """Returns the systemd that this process has started. Before it there are others, which mount the tree."""
    try:
        return [one.pid for one in psutil.Process(parent).children() if one.name() == "systemd"]
    except psutil.NoSuchProcess:
        return []


WHY_NONE = subprocess.run(TRY, capture_output=True, text=True, check=False).stderr.strip()
needs_systemd = pytest.mark.skipif(bool(WHY_NONE), reason=f"this machine allows no further systemd: {WHY_NONE}")
