"""Tests of the log: its file is shared and rotated by several processes, and no logged value can begin a new line."""

import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lib import call
from lib.answer.body import Done
from lib.call import log, log_file
from lib.endpoint import endpoint
from lib.errors import BadRequest
from lib.request.model import Model
from lib.settings.settings import Settings
from tests.support.service import ROOT

Configure = Callable[..., Path]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Configures the log with a file for this test."""
    path = tmp_path / "user-handler.log"

    def with_settings(**settings: object) -> Path:
        log.configure(Settings.model_validate({"log_file": str(path), **settings}))
        return path

    return with_settings


def test_control_characters_cannot_begin_a_line(configure: Configure) -> None:
    """A login or an answer from Keystone may contain any character."""
    path = configure()
    log.logger.info("a\nb\r\x1b[31m\u2028\x85é")
    [line] = path.read_text().splitlines()
    assert line.endswith(" - [INFO] (test_log) - [-] a\\u000ab\\u000d\\u001b[31m\\u2028\\u0085é")


def test_a_failure_tells_the_step_the_request_at_keystone_and_whether_a_repeat_helps(configure: Configure) -> None:
    """Each failure is one line in the log."""

    @endpoint
    def refusing(request: Model) -> Done:
        raise BadRequest("It is wrong.", step="create the user", keystone_request_id="req-1", detail="BadRequest 400")

    path = configure()
    _, body = refusing({})
    assert isinstance(body, dict)
    [line] = path.read_text().splitlines()
    assert f"- [WARNING] (endpoint) - [{body['request_id']}] refusing 400 " in line
    assert line.endswith(
        " ms; code: bad_request; problem: It is wrong.; step: create the user; keystone_request_id: req-1;"
        " detail: BadRequest 400;"
        " repeat: does not help"
    )


def test_the_log_as_json_has_the_same_as_fields(configure: Configure) -> None:
    """Each line is one JSON object, as log collectors read it."""

    @endpoint
    def refusing(request: Model) -> Done:
        raise BadRequest("It is\nwrong.")

    path = configure(log_format="json")
    _, body = refusing({})
    assert isinstance(body, dict)
    [line] = map(json.loads, path.read_text().splitlines())
    known = {
        "level": "WARNING",
        "module": "endpoint",
        "request_id": body["request_id"],
        "message": "answered",
        "function": "refusing",
        "status": 400,
        "code": "bad_request",
        "problem": "It is\nwrong.",
        "repeat": "does not help",
    }
    assert line | known == line
    assert set(line) - set(known) == {"time", "milliseconds"}


def test_each_time_has_its_offset(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """The logs of hosts in other time zones can be put beside each other."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        path = configure()
        log.logger.info("x")
        configure(log_format="json")
        log.logger.info("x")
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    line, as_json = path.read_text().splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \+05:30 - \[INFO\] ", line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30", json.loads(as_json)["time"])


def test_what_waitress_warns_of_is_in_the_log(configure: Configure) -> None:
    """Waitress warns, for example, of more requests than threads; no other library writes to the log."""
    log.of_waitress.clear()
    path = configure(log_level="DEBUG")
    logging.getLogger("waitress.queue").warning("Task queue depth is 7")
    logging.getLogger("waitress").info("Serving")
    logging.getLogger("keystoneauth").debug("X-Auth-Token: secret")
    [line] = path.read_text().splitlines()
    assert line.endswith("- [WARNING] (test_log) - [-] waitress.queue: Task queue depth is 7")


def test_what_strangers_make_waitress_say_is_limited(configure: Configure) -> None:
    """A request that waitress cannot read makes it log what was sent, which could push all other lines out."""
    log.of_waitress.clear()
    path = configure()
    for _ in range(50):
        logging.getLogger("waitress").error("uncaptured python exception (%s)", "GET /; login: ann; " * 1000)
    [line] = path.read_text().splitlines()
    assert line.endswith("- [ERROR] (test_log) - [-] waitress: uncaptured python exception ")


def test_standard_output_that_is_closed_is_told_once(
    configure: Configure, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each line goes into the file all the same, and standard error is not filled with tracebacks."""
    path, stream = configure(), (tmp_path / "out").open("w")
    log.configure(Settings.model_validate({"log_file": str(path)}), stream)
    stream.close()
    for _ in range(3):
        log.logger.info("a line")
    assert path.read_text().count("a line") == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cannot write to standard output: " in said


def test_a_file_that_logrotate_moves_away_is_begun_again(configure: Configure) -> None:
    """After logrotate has moved the log file, a new one is opened without any signal."""
    path = configure()
    log.logger.info("before")
    path.rename(path.with_suffix(".moved"))
    log.logger.info("after")
    assert path.with_suffix(".moved").read_text().endswith("before\n")
    assert path.read_text().count("\n") == 1
    assert path.read_text().endswith("after\n")


def test_a_file_that_nobody_rotates_stays_bounded(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service rotates its log file by itself and removes the oldest parts."""
    monkeypatch.setattr(log_file, "FILE_BYTES", 1000)
    path = configure()
    for number in range(500):
        log.logger.info("line %d", number)
    parts = sorted(path.parent.glob("user-handler.log*"))
    assert [part.name for part in parts] == ["user-handler.log", *(f"user-handler.log.{n}" for n in range(1, 5))]
    assert all(part.stat().st_size <= 1100 for part in parts)
    kept = "".join(part.read_text() for part in (*reversed(parts[1:]), parts[0]))
    numbers = [int(line.rpartition(" ")[2]) for line in kept.splitlines()]
    assert numbers == list(range(numbers[0], 500))


def test_processes_that_share_a_file_lose_and_break_no_line(tmp_path: Path) -> None:
    """Every line of a shared log file stays whole, although each of the processes may rotate the file."""
    path = tmp_path / "user-handler.log"
    code = (
        "import sys; from lib.call import log, log_file; from lib.settings.settings import Settings;"
        "log_file.FILE_BYTES, log_file.OLDER_FILES = 4000, 500;"
        f"log.configure(Settings(log_file={str(path)!r}));"
        "[log.logger.info('%s %d', sys.argv[1], number) for number in range(1000)]"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, name], cwd=ROOT, stdout=subprocess.DEVNULL) for name in "abcd"
    ]
    assert [process.wait(60) for process in started] == [0] * 4
    parts = list(tmp_path.glob("user-handler.log*"))
    lines = [line.rpartition("[-] ")[2] for part in parts for line in part.read_text().splitlines()]
    assert len(parts) > 20
    # If two processes rotated at the same time, a part would be moved away before it was full.
    assert all(part.stat().st_size >= 4000 for part in parts if part != path)
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abcd" for number in range(1000))


def test_a_shared_file_can_be_opened_while_another_process_rotates_it(tmp_path: Path) -> None:
    """A file that was just moved away does not count as something that is no file, whose lines would be lost."""
    path, over = tmp_path / "user-handler.log", threading.Event()

    def rotate() -> None:
        while not over.is_set():
            path.touch()
            path.replace(path.with_suffix(".1"))

    other = threading.Thread(target=rotate)
    other.start()
    try:
        for _ in range(6000):
            log_file.SharedFile(path).close()
    finally:
        over.set()
        other.join()


def test_a_file_that_can_be_written_no_more_is_told_once(
    configure: Configure, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk neither stops the service nor fills standard error."""
    path = configure()
    [file] = [handler for handler in log.logger.handlers if isinstance(handler, logging.FileHandler)]

    def full(_: str) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file.stream, "write", full)
    with call.serving("x"):
        log.logger.info("one")
        log.logger.info("two")
    out, err = capsys.readouterr()
    assert err.endswith(
        f" - [ERROR] (log_file) - [-] cannot write the log file {path}: [Errno 28] No space left on device\n"
    )
    assert err.count("\n") == 1
    assert [line.rpartition(" ")[2] for line in out.splitlines()] == ["one", "two"]


def test_a_file_that_cannot_be_opened_again_stops_no_call(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    """The failure to open the log file is reported once, and the file is used again as soon as it can be opened.

    One cause is a logrotate that makes the new file for root.
    """
    path = configure()
    path.unlink()
    path.mkdir()
    log.logger.info("one")
    log.logger.info("two")
    path.rmdir()
    log.logger.info("three")
    out, err = capsys.readouterr()
    assert err.endswith(
        f" - [ERROR] (log_file) - [-] cannot write the log file {path}: [Errno 21] Is a directory: '{path}'\n"
    )
    assert err.count("\n") == 1
    assert [line.rpartition(" ")[2] for line in out.splitlines()] == ["one", "two", "three"]
    assert path.read_text().endswith(" three\n")


def test_a_fifo_is_no_log_file(configure: Configure, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Opening a FIFO that nobody reads would block the start."""
    os.mkfifo(tmp_path / "fifo")
    configure(log_file=str(tmp_path / "fifo"))
    why = f"cannot write the log file {tmp_path / 'fifo'}: is not a file; going on without it\n"
    assert capsys.readouterr().out.endswith(why)


def test_a_file_that_cannot_be_rotated_is_told_once(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log file that cannot be rotated is still written to, since its lines matter more than its size."""
    monkeypatch.setattr(log_file, "FILE_BYTES", 10)
    monkeypatch.setattr(log_file, "OLDER_FILES", 1)
    path = configure()
    Path(f"{path}.1").mkdir()
    (Path(f"{path}.1") / "in the way").touch()
    for _ in range(3):
        log.logger.info("a line")
    assert capsys.readouterr().err.count("cannot rotate the log file") == 1
    assert path.read_text().count("a line") == 3
