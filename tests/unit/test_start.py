"""Tests of what a process loads and when, since Keystone's libraries take longer to load than everything else."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lib.serving import health
from tests.support.service import ROOT, service

# How the warnings of a site begin that has set nothing.
WARNINGS = [
    "anybody who reaches this port may call",
    "callers choose which hosts this service connects to",
    "Concertim services of v1.2 and later show no cluster of what is created with these settings",
]
LOADED = "any(name.startswith(('keystone', 'requests', 'urllib3', 'oslo')) for name in sys.modules)"


def said(program: str, *, whole: bool = False, **environment: str) -> str:
    """Returns the last line that a new Python prints when it runs this program, or with `whole` all that it prints."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CONCERTIM", "JWT"))}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout if whole else done.stdout.splitlines()[-1]


def test_a_process_starts_without_keystones_libraries() -> None:
    """Neither the application with its server and command line nor a function that is imported alone loads them."""
    assert said(f"import sys, handler, lib.command_line.commands; print({LOADED})") == "False"
    assert said(f"import sys, functions.create_user_project; print({LOADED})") == "False"


@pytest.mark.parametrize(
    ("listen", "shown"),
    [
        ("127.0.0.1:0", r"127\.0\.0\.1:\d+"),
        ("[::1]:0", r"\[::1\]:\d+"),
        ("127.0.0.1:0 [::1]:0", r"127\.0\.0\.1:\d+, \[::1\]:\d+"),
    ],
)
def test_the_health_check_asks_where_the_service_listens(listen: str, shown: str) -> None:
    """The check finds the sockets of the process, at whatever addresses and ports."""
    with service(listen=listen) as running:
        assert re.search(f"listening on {shown}\n", running.said())
        assert checked(running.process.pid) == (0, "")


def test_the_health_check_fails_where_nobody_answers() -> None:
    """A process that hangs still has its sockets."""
    with service() as running:
        os.kill(running.process.pid, signal.SIGSTOP)
        try:
            code, why = checked(running.process.pid)
        finally:
            os.kill(running.process.pid, signal.SIGCONT)
        assert code == 1
        assert re.fullmatch(r"The service does not answer at \S+, port \d+: timed out\n", why)


def test_the_health_check_fails_where_nothing_listens() -> None:
    """A process that does not listen yet is not healthy."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert checked(process.pid) == (1, "No process here runs handler.py and listens.\n")


def test_a_kernel_without_ipv6_is_no_trouble_for_the_health_check(tmp_path: Path) -> None:
    """Such a kernel has no table of its sockets."""
    line = "0: 0100007F:A574 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4711 1"
    (tmp_path / "fd").mkdir()
    (tmp_path / "fd" / "3").symlink_to("socket:[4711]")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(f"  sl  local_address\n{line}\n")
    assert [*health.addresses(tmp_path)] == [("127.0.0.1", 42356)]


def checked(pid: int) -> tuple[int, str]:
    """Returns the exit code of the health check for this process, and what it says."""
    command = [sys.executable, "-m", "lib.serving.health", str(pid)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_the_first_request_of_any_kind_loads_keystones_libraries_ahead_of_a_sign_up() -> None:
    """A health check is enough to load Keystone's libraries, also on a host that only imports the application."""
    program = f"""
import sys, time, handler
from werkzeug.test import Client
assert Client(handler.application).get("/").text == "Running"
while not {LOADED}:
    time.sleep(0.01)
print("loaded")
"""
    assert said(program) == "loaded"


def test_a_function_that_is_called_first_loads_keystones_libraries_itself() -> None:
    """A function that is called before anything has loaded Keystone's libraries loads them."""
    program = """
from functions.delete_team import delete_team
env = {"auth_url": "http://127.0.0.1:1/v3", "user_id": "a" * 32, "password": "x", "project_id": "b" * 32}
print(delete_team({"cloud_env": env, "team_info": {"project_id": "c" * 32}})[0])
"""
    assert said(program) == "502"


def test_any_host_gets_the_log_and_its_warnings_with_the_first_request(tmp_path: Path) -> None:
    """The first request opens the log, and only the first, on any host and not only under `python handler.py`.

    The settings come from an environment variable here, and the log file is where they say.
    """
    program = """
import handler
from werkzeug.test import Client
for _ in range(2):
    Client(handler.app).post("/team", data=b"{")
"""
    path = tmp_path / "user-handler.log"
    lines = said(program, CONCERTIM_CONFIG_TEXT=f"user_handler:\n  log_file: {path}\n", whole=True)
    assert lines == path.read_text()
    messages = [line.partition("] ")[2].partition("] ")[2] for line in lines.splitlines()]
    assert messages[0] == "settings from the environment variable CONCERTIM_CONFIG_TEXT: it sets log_file"
    assert [message.partition(":")[0] for message in messages[1:4]] == WARNINGS
    assert [message.partition(" ms;")[0].rpartition(" ")[0] for message in messages[4:]] == ["POST /team 400"] * 2


# The beginning of the programs that send 16 requests from threads, as close to the same moment as possible.
AT_ONCE = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from werkzeug.test import Client
import handler
from lib.call import log

sys.setswitchinterval(1e-6)
barrier = Barrier(16)

def post(_):
    barrier.wait()
    return Client(handler.application).post("/user", json={}).status_code

def post_at_once():
    with ThreadPoolExecutor(16) as threads:
        return [*threads.map(post, range(16))]
"""


@pytest.mark.parametrize("_", range(3))
def test_concurrent_first_requests_open_the_log_once(tmp_path: Path, _: int) -> None:
    """When 16 threads send the first requests, no warning is logged twice, and no line is doubled or lost.

    The test runs three times, since it depends on a race.
    """
    program = f"""{AT_ONCE}
statuses = post_at_once()
print(sorted(type(one).__name__ for one in log.logger.handlers))
print(statuses)
"""
    path = tmp_path / "user-handler.log"
    text = f"user_handler:\n  log_file: {path}\n"
    *lines, handlers, statuses = said(program, CONCERTIM_CONFIG_TEXT=text, whole=True).splitlines()
    assert statuses == str([400] * 16)
    assert handlers == str(["SharedFile", "Stream"])
    messages = [line.partition("] ")[2].partition("] ")[2] for line in lines]
    assert [message.partition(":")[0] for message in messages[:4]] == [
        "settings from the environment variable CONCERTIM_CONFIG_TEXT",
        *WARNINGS,
    ]
    assert [message.partition(" ms;")[0].rpartition(" ")[0] for message in messages[4:]] == ["create_user 400"] * 16
    # Each handler has its own lock, so lines that are written at the same time may differ in order.
    assert sorted(path.read_text().splitlines()) == sorted(lines)


def test_a_broken_settings_file_opens_the_log_once_until_it_is_mended(tmp_path: Path) -> None:
    """However many requests come while the settings file is broken, the log is opened once.

    Once the settings are mended, the process goes on as if it had just been started.
    """
    path, log_file = tmp_path / "config.yaml", tmp_path / "user-handler.log"
    path.write_text("user_handler:\n  deadline: -1\n")
    program = f"""{AT_ONCE}
from pathlib import Path
def held():
    return [id(one) for one in log.logger.handlers], len(os.listdir("/proc/self/fd"))
statuses = [post_at_once()]
before = held()
statuses += [post_at_once() for _ in range(5)]
same = held() == before
Path({str(path)!r}).write_text("user_handler:\\n  log_file: {log_file}\\n")
mended = post_at_once()
print([statuses == [[500] * 16] * 6, same, mended, sorted(type(one).__name__ for one in log.logger.handlers)])
"""
    output = said(program, CONCERTIM_CONFIG=str(path))
    assert output == str([True, True, [400] * 16, ["SharedFile", "Stream"]])
    messages = [line.partition("] ")[2].partition("] ")[2] for line in log_file.read_text().splitlines()]
    assert messages[0] == f"settings from {path}: it sets log_file"
    assert [message.partition(":")[0] for message in messages[1:4]] == WARNINGS
    assert [message.partition(" ms;")[0].rpartition(" ")[0] for message in messages[4:]] == ["create_user 400"] * 16


def test_mistakes_in_the_settings_are_told_to_the_log_and_not_to_strangers(tmp_path: Path) -> None:
    """Some hosts start in spite of mistakes in the settings.

    The log then names them in a line with a time and a request id, as every line has them.
    """
    program = """
import handler
from werkzeug.test import Client
print(Client(handler.app).get("/").get_json()["message"])
"""
    lines = said(program, CONCERTIM_CONFIG=str(tmp_path / "none.yaml"), whole=True).splitlines()
    assert lines[-1] == "The settings of this service cannot be used; its log says why."
    [line] = [line for line in lines if "[ERROR]" in line]
    assert re.search(r" - \[ERROR\] \(endpoint\) - \[req-[0-9a-f-]{36}\] GET / 500 ", line)
    assert f"detail: {tmp_path / 'none.yaml'}: No such file or directory" in line
