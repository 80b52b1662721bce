"""Stands in for `docker` where there is no engine: the container is a process of this machine.

The folder in CONTAINER holds what belongs to it: its process id, its output, and where it listens.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

NAME = "concertim-user-handler"
HOME = Path(os.environ["CONTAINER"])
OUTPUT, PID = HOME / "output", HOME / "pid"
# What a container does not inherit from the shell that calls docker.
OF_THE_SHELL = "OS_"
SECONDS = 60


def main() -> None:
    """Does what the arguments say, with the options of docker that docs/runbook.md uses."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("start", "stop", "restart", "kill", "logs", "exec"):
        commands.add_parser(name)
    commands.choices["kill"].add_argument("--signal", required=True)
    commands.choices["logs"].add_argument("--tail", type=int, required=True)
    commands.choices["exec"].add_argument("--interactive", action="store_true")
    commands.choices["exec"].add_argument("--env", action="append", default=[])
    for command in commands.choices.values():
        command.add_argument("name", choices=[NAME])
    commands.choices["exec"].add_argument("inside", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if options.command in ("stop", "restart"):
        stop()
    if options.command in ("start", "restart"):
        start()
    if options.command == "kill":
        os.kill(int(PID.read_text()), signal.Signals[f"SIG{options.signal}"])
    if options.command == "logs":
        print("\n".join(OUTPUT.read_text().splitlines()[-options.tail :]))
    if options.command == "exec":
        execute(options)


def execute(options: argparse.Namespace) -> None:
    """Runs a command with the variables that are named, and with standard input only where it is asked for."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_SHELL)}
    given = {name: os.environ[name] for name in options.env}
    stdin = None if options.interactive else subprocess.DEVNULL
    sys.exit(subprocess.run(options.inside, env=kept | given, stdin=stdin, check=False).returncode)


def start() -> None:
    """Starts the service, and waits until it listens or has ended."""
    with OUTPUT.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "handler.py", "--listen", os.environ["LISTEN"]],
            env={name: value for name, value in os.environ.items() if not name.startswith(OF_THE_SHELL)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    PID.write_text(str(process.pid))
    wait_until(lambda: process.poll() is not None or listens())


def stop() -> None:
    """Tells the service to stop, and waits until it listens no more."""
    with suppress(ProcessLookupError):
        os.kill(int(PID.read_text()), signal.SIGTERM)
    wait_until(lambda: not listens())


def listens() -> bool:
    """Whether something listens at the service's address."""
    host, _, port = os.environ["LISTEN"].partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def wait_until(true: Callable[[], bool]) -> None:
    """Waits until it is true, but not for ever."""
    until = time.monotonic() + SECONDS
    while not true() and time.monotonic() < until:
        time.sleep(0.02)


if __name__ == "__main__":
    main()
