"""One process of the service behind HAProxy, which can be killed, stopped, started again and caught in a change."""

import json
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from tests.replicas.client import DEADLINE
from tests.support.service import Service, service

# However the process of the tests ends, the kernel kills what this command starts.
ENDS_WITH_THE_TESTS = ("setpriv", "--pdeathsig", "KILL")
# Nothing that is waited for takes as long as this, in seconds, even on a busy machine.
PATIENCE = 60
# Two requests that are changing the cloud at the same moment are worth a shorter wait. Then one will do.
SECONDS_FOR_TWO = 3
REQUEST_ID = re.compile(r" - \[(req-[0-9a-f-]{36})\] ")
FIRST_CHANGE = re.compile(r" - \[(req-[0-9a-f-]{36})\] create_user_project sends its first change; login: (\S+);")
ANSWERED = re.compile(r" - \[(req-[0-9a-f-]{36})\] create_user_project (\d{3}) \d+ ms;")


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Waits until this is so. Raises RuntimeError with what was waited for when patience has run out."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > until:
            raise RuntimeError(f"This has not come about: {what}")
        time.sleep(0.01)


class Replica:
    """A process of the service at an address of its own."""

    def __init__(self, name: str, address: str, auth_url: str, folder: Path, under: Sequence[str] = ()) -> None:
        self.name = name
        self.address = address
        self._under = (*ENDS_WITH_THE_TESTS, *under)
        self._log_file = folder / f"{name}.log"
        self._config = folder / f"{name}.yaml"
        settings = {
            "log_file": str(self._log_file),
            "deadline": DEADLINE,
            "allowed_auth_urls": [auth_url],
            "readiness_auth_url": auth_url,
        }
        self._config.write_text(json.dumps({"user_handler": settings}))
        self._processes: list[Service] = []

    @contextmanager
    def running(self, jwt_secret: str) -> Iterator[None]:
        """Starts the service, and stops whichever process of it runs in the end."""
        with ExitStack() as self._stack:
            self._secret = jwt_secret
            self.start()
            yield

    def start(self) -> None:
        """Starts a process of the service at the address."""
        options = ("--config", str(self._config))
        process = service(*options, listen=self.address, under=self._under, JWT_SECRET=self._secret)
        self._processes.append(self._stack.enter_context(process))

    def kill(self) -> None:
        """Kills the process, which cannot defend itself."""
        self._processes[-1].process.kill()
        self._processes[-1].process.wait()

    def terminate(self) -> None:
        """Tells the process to stop."""
        self._processes[-1].process.terminate()

    def wait(self) -> int:
        """Waits until the process has ended, and returns its exit code."""
        return self._processes[-1].process.wait(PATIENCE)

    def log(self) -> str:
        """Returns what all processes of this replica have written to the log file."""
        return self._log_file.read_text()

    def output(self) -> str:
        """Returns what all processes of this replica have written, to the log file and elsewhere."""
        return "".join([self.log(), *(one.said() + one.complained() for one in self._processes)])

    def served(self) -> dict[str, str]:
        """Returns the requests that this replica has served: the status of its answer, or nothing, by their id."""
        log = self.log()
        return dict.fromkeys(REQUEST_ID.findall(log), "") | dict(ANSWERED.findall(log))

    def changing(self) -> dict[str, str]:
        """Returns the requests that may have changed something and have no answer yet: the login of each, by its id."""
        log = self.log().rpartition(" listening on ")[2]
        answered = dict(ANSWERED.findall(log))
        return {key: login for key, login in FIRST_CHANGE.findall(log) if key not in answered}

    @contextmanager
    def caught_in_a_change(self) -> Iterator[dict[str, str]]:
        """Waits until the process is changing the cloud, and holds it still within the block; yields its `changing`."""
        process = psutil.Process(self._processes[-1].process.pid)
        one_will_do = time.monotonic() + SECONDS_FOR_TWO

        def is_caught() -> bool:
            wanted = 2 if time.monotonic() < one_will_do else 1
            if len(self.changing()) < wanted:
                return False
            process.send_signal(signal.SIGSTOP)
            wait_until(lambda: process.status() == psutil.STATUS_STOPPED, f"{self.name} stands still")
            # It may have ended in the meantime what it was changing.
            if len(self.changing()) >= wanted:
                return True
            process.send_signal(signal.SIGCONT)
            return False

        try:
            wait_until(is_caught, f"{self.name} is changing the cloud")
            yield self.changing()
        finally:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
