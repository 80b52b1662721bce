"""An operator at a shell on the host of the service, with a Keystone of their own."""

import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.keystone import Keystone
from tests.support.keystone.folders import PYTHON, Options, configured
from tests.support.keystone.serving import served
from tests.support.pages import text_of
from tests.support.ports import free_ports
from tests.support.runbook import PAGE, blocks_of
from tests.support.service import ROOT
from tools.run import register

CONTAINER = "concertim-user-handler"
# So long may the commands of one block take on a busy machine.
MOST_SECONDS = 60
BETWEEN_LINES = 0.2


@dataclass
class Operator:
    """A shell on the host of the service, beside a Keystone."""

    folder: Path
    keystone_folder: Path
    ports: dict[str, int]
    before: str = ""
    """What was pasted into the shell at the beginning."""
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def cloud(self) -> Keystone:
        """The Keystone, as its administrator."""
        return Keystone(f"http://127.0.0.1:{self.ports['keystone']}/v3")

    def start_keystone(self) -> None:
        """Starts the Keystone, or starts it again."""
        self.stop_keystone()
        self._running.enter_context(served(self.keystone_folder, PYTHON, self.ports["keystone"]))

    def stop_keystone(self) -> None:
        """Stops the Keystone."""
        self._running.close()

    def settings(self, text: str = "") -> None:
        """Writes the settings of the service, with this text at the end of its section."""
        lines = [
            "user_handler:",
            f"  log_file: {self.folder}/log/user-handler.log",
            f"  allowed_auth_urls: ['{self.cloud.auth_url}']",
            *(f"  {line}" for line in text.splitlines()),
        ]
        (self.folder / "config.yaml").write_text("".join(f"{line}\n" for line in lines))

    def openrc(self, name: str = "admin-openrc.sh", **changes: str) -> None:
        """Writes the openrc file of the account in cloud_env, or of another one."""
        env = {**self.cloud.cloud_env(), "region_name": "RegionOne", "identity_api_version": "3", **changes}
        (self.folder / name).write_text("".join(f"export OS_{key.upper()}='{value}'\n" for key, value in env.items()))

    def paste(self, commands: str, code: int = 0, typed: str = "") -> str:
        """Runs commands in a shell, as they stand on the page. Returns what they wrote to standard output.

        `typed` is what is typed whenever a command asks for something. Fails where a command ends with another code
        than 0; `code` is that of the last one.
        """
        text = self._here(f"{self.before}\nset -eo pipefail\n{commands}")
        master, slave = pty.openpty()
        with closing(os.fdopen(master, "wb", buffering=0)) as keyboard, os.fdopen(slave) as terminal:
            process = subprocess.Popen(
                ["bash", "-c", text],
                cwd=self.folder,
                env=self.environment(),
                stdin=terminal,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            until = time.monotonic() + MOST_SECONDS
            while process.poll() is None and time.monotonic() < until:
                with suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=BETWEEN_LINES)
                # What was typed before a command asks for a password is lost.
                keyboard.write(f"{typed}\n".encode() if typed else b"")
            process.kill()
            out, said = process.communicate()
        assert process.returncode == code, f"{text}\nended with {process.returncode}:\n{out}{said}"
        return out

    def environment(self) -> dict[str, str]:
        """Returns the environment of a shell that knows no cloud yet."""
        path = f"{self.folder / 'bin'}:{ROOT / '.openstack' / 'bin'}:{os.environ['PATH']}"
        return {
            **{name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ},
            "PATH": path,
            "CONCERTIM_CONFIG": str(self.folder / "config.yaml"),
            "CONTAINER": str(self.folder / "container"),
            "LISTEN": f"127.0.0.1:{self.ports['service']}",
        }

    def _here(self, text: str) -> str:
        """Returns the commands with what they name of a site replaced by what the test has in its place."""
        places = {
            "127.0.0.1:42356": f"127.0.0.1:{self.ports['service']}",
            "/var/log/concertim-openstack-service": f"{self.folder}/log",
            "/etc/concertim-secrets": f"{self.folder}/secrets",
            "/opt/concertim/opt/docker/secrets": f"{self.folder}/ui",
            "/opt/user-handler/venv/bin/python": sys.executable,
            "/opt/venv/bin/python": sys.executable,
            "chown 10001": f"chown {os.getuid()}",
        }
        for theirs, ours in places.items():
            text = text.replace(theirs, ours)
        return text


@contextmanager
def at_work(folder: Path, options: Options, settings: str = "") -> Iterator[Operator]:
    """Gives an operator a Keystone with these options, the service with these settings, and a shell."""
    page = text_of(PAGE)
    with configured(options) as keystone_folder:
        operator = Operator(folder, keystone_folder, free_ports("keystone", "service"))
        _furnish(operator)
        operator.start_keystone()
        try:
            register(operator.cloud)
            operator.openrc()
            operator.settings(settings)
            operator.paste(f"docker start {CONTAINER}")
            operator.before = blocks_of(page, "Before you begin")[0]
            yield operator
        finally:
            operator.before = ""
            operator.paste(f"docker stop {CONTAINER}")
            operator.stop_keystone()


def _furnish(operator: Operator) -> None:
    for name in ("bin", "log", "secrets", "ui", "container"):
        (operator.folder / name).mkdir(exist_ok=True)
    (operator.folder / "handler.py").symlink_to(ROOT / "handler.py")
    programs = {
        "docker": f'exec {sys.executable} {ROOT}/tests/runbook/container.py "$@"',
        "keystone-manage": f"exec {PYTHON} -c 'from keystone.cmd.manage import main; main()' "
        f'--config-dir {operator.keystone_folder} "$@"',
    }
    for name, text in programs.items():
        program = operator.folder / "bin" / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
