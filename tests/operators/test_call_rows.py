"""`python handler.py call … --csv`: a site's people are signed up from a list, on a real Keystone."""

import csv
import io
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.command_line.outcome import IN_PARALLEL
from lib.endpoint import Answer
from tests.security.canaries import canaries, hits
from tests.support.answers import error, signed_up
from tests.support.census import census, finished
from tests.support.command_line import variables_of
from tests.support.keystone import Keystone
from tests.support.pages import section_of, text_of
from tests.support.proxy import Proxy
from tests.support.service import ROOT

Process = subprocess.Popen[str]
Begin = Callable[..., Process]
# As many as make some wait until others have ended.
PEOPLE = 12


@pytest.fixture
def environment(tmp_path: Path, cloud: Keystone) -> dict[str, str]:
    """Returns the environment of whoever has sourced the openrc file of the account in cloud_env."""
    (tmp_path / "config.yaml").write_text(f"user_handler: {{log_file: {tmp_path / 'log'}}}\n")
    return {**os.environ, **variables_of(cloud), "CONCERTIM_CONFIG": str(tmp_path / "config.yaml")}


@pytest.fixture
def begin(tmp_path: Path, environment: dict[str, str]) -> Iterator[Begin]:
    """Begins a call for each row of a list."""
    begun: list[Process] = []

    def begin(function: str, rows: str, stderr: int = subprocess.PIPE, **changes: str) -> Process:
        (tmp_path / "list.csv").write_text(rows)
        command = [sys.executable, "handler.py", "call", function, "--csv", str(tmp_path / "list.csv")]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment | changes, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate(timeout=30)


def written(rows: list[dict[str, str]]) -> str:
    """Returns the rows as CSV, below one with the names of their fields."""
    text = io.StringIO()
    table = csv.DictWriter(text, [*rows[0]])
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def people(login: str) -> list[dict[str, str]]:
    """Returns rows of people whose names are awkward to quote, and whose passwords are found wherever they are."""
    return [
        {"username": f"{login}-{one}", "password": f"correct-horse-{login}-{one}", "name": f'{one}, "the\nsecond"'}
        for one in range(PEOPLE)
    ]


def ended(process: Process) -> tuple[int, dict[int, dict[str, Any]], list[str]]:
    """Returns the exit code, the line of each row by its number, and what standard error has at the end."""
    out, said = process.communicate(timeout=60)
    lines = [json.loads(line) for line in out.splitlines()]
    by_row = {line.pop("row"): line for line in lines}
    assert len(by_row) == len(lines)
    return process.returncode, by_row, [line for line in said.splitlines() if " - [" not in line]


def done_for(cloud: Keystone, rows: list[dict[str, str]]) -> dict[int, dict[str, Any]]:
    """Returns the line of each row, once all are signed up. Asserts that each has one user and one project.

    To look at all else of one of them is enough.
    """
    now = census(cloud.admin)
    finished(cloud, rows[0]["username"], rows[0]["password"], now)
    lines = {}
    for row, one in enumerate(rows, 2):
        ours = now.of(one["username"])
        [user], [project], grants = ours.users, ours.projects, len(ours.grants)
        assert grants == len(now.of(rows[0]["username"]).grants)
        lines[row] = {"status": 201, **body_of(signed_up(one["username"], user, project))}
    return lines


def body_of(answer: Answer) -> dict[str, Any]:
    """Returns the body of an answer that has a JSON object."""
    assert isinstance(answer[1], dict)
    return answer[1]


def test_a_list_of_people_is_signed_up_and_a_repeat_finishes_the_rest(
    begin: Begin, cloud: Keystone, login: str, tmp_path: Path
) -> None:
    """Each row ends as a call of its own would. Who is there already is answered with the same ids."""
    good = people(login)
    broken = [*good]
    broken[4] = good[4] | {"username": "no login"}
    refused = body_of(error(400, "bad_request", "username: must hold only letters, digits, '.', '_' and '-'"))
    code, first, said = ended(begin("create_user_project", written(broken)))
    again, second, _ = ended(begin("create_user_project", written(good)))
    true = done_for(cloud, good)
    assert second == true
    assert first == true | {6: {"username": "no login", "status": 400, **refused}}
    assert (code, again) == (4, 0)
    assert said == [
        "12 rows: 11 answered 201, 1 answered 400 bad_request.",
        "4xx: nothing was changed for these rows. Their messages say what to mend.",
    ]
    [user] = cloud.admin.users.list(name=f"concertim_{login}-0")
    assert user.concertim_full_name == '0, "the\nsecond"'
    log = (tmp_path / "log").read_text()
    assert len({*re.findall(r"\[(req-\S+)\] create_user_project \d", log)}) == 2 * PEOPLE


def test_a_list_whose_process_was_killed_is_finished_by_the_same_command(
    begin: Begin, cloud: Keystone, before: Proxy, login: str
) -> None:
    """Nothing else has to be remembered of the first one."""
    rows, hangs = people(login)[:8], hanging(before, 3)
    process = begin("create_user_project", written(rows), OS_AUTH_URL=before.auth_url)
    assert hangs.wait(30)
    process.kill()
    process.communicate(timeout=30)
    before.over.set()
    assert ended(begin("create_user_project", written(rows))) == (
        0,
        done_for(cloud, rows),
        ["8 rows: 8 answered 201."],
    )


def hanging(before: Proxy, projects: int) -> threading.Event:
    """Lets Keystone answer nothing once so many projects were asked for. Returns what is set then."""
    hangs = threading.Event()

    def hang(method: str, path: str) -> None:
        if (method, path) == ("POST", "/projects") and before.calls.count((method, path)) >= projects:
            hangs.set()
        if hangs.is_set():
            before.over.wait(30)

    before.instead = hang
    return hangs


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_list_that_is_interrupted_ends_with_5_and_says_what_was_not_tried(
    begin: Begin, before: Proxy, login: str, number: signal.Signals
) -> None:
    """Rows that are in flight end as any call that is interrupted, and no more begin."""
    hangs = hanging(before, 3)
    process = begin("create_user_project", written(people(login)), OS_AUTH_URL=before.auth_url)
    assert hangs.wait(30)
    process.send_signal(number)
    code, lines, said = ended(process)
    stopped = [line["error"] for line in lines.values() if line["status"] != 201]
    assert (code, {*stopped}) == (5, {"stopping"})
    assert len(stopped) <= IN_PARALLEL
    done, left = len(lines) - len(stopped), PEOPLE - len(lines)
    assert left > 0
    assert said == [
        f"12 rows: {done} answered 201, {len(stopped)} answered 503 stopping, {left} not tried.",
        "5xx, or not tried: run the same command again once the problem in the messages is solved.",
    ]


def test_a_wrong_password_of_the_account_is_tried_by_one_row_alone(begin: Begin, before: Proxy, login: str) -> None:
    """More log-ins could lock the account. One row makes two, as the domain `Default` is named in two ways."""
    rows = people(login)
    rows[0]["username"] = "no login"
    process = begin("create_user_project", written(rows), OS_AUTH_URL=before.auth_url, OS_PASSWORD="wrong-horse")
    code, lines, said = ended(process)
    assert (code, {row: line["error"] for row, line in lines.items()}) == (
        4,
        {2: "bad_request", 3: "cloud_env_refused"},
    )
    assert before.calls == [("POST", "/auth/tokens")] * 2
    assert said[:2] == [
        "12 rows: 1 answered 400 bad_request, 1 answered 403 cloud_env_refused, 10 not tried.",
        "Stopped early: row 3 was answered 403 cloud_env_refused, and the others would be, too.",
    ]


def test_passwords_are_nowhere_in_what_a_list_leaves(begin: Begin, login: str, tmp_path: Path) -> None:
    """However awkward they are, and whether their rows fail or not. Somebody also took one for the login."""
    secrets = canaries()
    rows = [
        {"username": f"{login}-{row}{' no login' * (row % 2)}", "password": one.secret}
        for row, one in enumerate(secrets)
    ]
    rows[1]["username"] = f"x {rows[1]['password']}"
    process = begin("create_user", written(rows))
    out, said = process.communicate(timeout=60)
    answers = {line["row"]: line for line in map(json.loads, out.splitlines())}
    assert (process.returncode, len(answers), answers[3]["username"]) == (4, len(rows), "***")
    left = [text.encode() for text in (out, said, (tmp_path / "log").read_text())]
    assert hits([trace for one in secrets for trace in one.traces()], left) == []


TOO_MANY_CELLS = "row 2: the number of cells is 3, and 2 in the first row"
OTHERS = "--csv is for functions whose request is a row of texts: create_team, create_user, create_user_project"


@pytest.mark.parametrize(
    ("function", "rows", "said"),
    [
        ("create_user", "username,password\nann,correct-horse,x\n", TOO_MANY_CELLS),
        ("delete_user", "cloud_user_id\n6cff3\n", OTHERS),
    ],
)
def test_a_list_with_a_mistake_ends_with_2_and_calls_nothing(
    begin: Begin, before: Proxy, function: str, rows: str, said: str
) -> None:
    """Whoever reads the message can mend it before anybody is signed up."""
    assert ended(begin(function, rows, OS_AUTH_URL=before.auth_url)) == (2, {}, [said])
    assert before.calls == []


def test_an_account_that_is_not_given_ends_with_2(begin: Begin) -> None:
    """Otherwise each of a thousand rows would say so."""
    code, lines, said = ended(begin("create_user", "username,password\nann,x\n", OS_AUTH_URL="", OS_PASSWORD=""))
    assert (code, lines, said[1:]) == (2, {}, ["cloud_env.auth_url: is required; cloud_env.password: is required"])


def test_a_list_may_come_from_standard_input(cloud: Keystone, login: str, environment: dict[str, str]) -> None:
    """Then it need not be in a file. Teams are named by `name`."""
    rows = f"name\n{login} one\n{login} two\n"
    command = [sys.executable, "handler.py", "call", "create_team", "--csv", "-"]
    out = subprocess.run(
        command, cwd=ROOT, env=environment, input=rows, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    for line in sorted(map(json.loads, out.splitlines()), key=lambda line: int(line["row"])):
        name = f"{login} {'one' if line['row'] == 2 else 'two'}"
        [project] = cloud.admin.projects.list(name=f"concertim_{name}")
        told = {"name": name, "status": 201, "project_id": project.id, "billing_acct_id": project.id}
        assert line == {"row": line["row"], **told}
    assert len(out.splitlines()) == 2


def test_on_a_terminal_there_is_a_progress_bar_and_no_log(begin: Begin, login: str, tmp_path: Path) -> None:
    """The lines of the log would tear it apart. They are in the file."""
    ours, terminal = pty.openpty()
    rows = people(login)[:2]
    rows[1]["username"] = "no login"
    process = begin("create_user", written(rows), stderr=terminal)
    os.close(terminal)
    out, _ = process.communicate(timeout=60)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert [json.loads(line)["row"] for line in out.splitlines()] == [2, 3]
    assert re.search(r"100%\|.*2/2 .*, 1 failed\]\r\n2 rows: 1 answered 201, 1 answered 400 bad_request\.\r\n", shown)
    assert " - [" not in shown
    assert (tmp_path / "log").read_text().count("answered") == 0
    assert len(re.findall("create_user (?:201|400) ", (tmp_path / "log").read_text())) == 2


def test_the_example_in_the_page_for_operators_works(
    cloud: Keystone, login: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    """The list and the command are as the page has them, but for the logins."""
    section = section_of(text_of("docs/operations.md"), "Many people at once")
    [rows] = re.findall(r"^    (username,(?:.*\n)+?)\n", section, re.MULTILINE)
    [command] = re.findall(r"^    (python handler.py .*)$", section, re.MULTILINE)
    text = re.sub("^ +", "", rows, flags=re.MULTILINE)
    (tmp_path / "people.csv").write_text(re.sub("^(ann|bob)", rf"{login}-\1", text, flags=re.MULTILINE))
    program = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'handler.py'))}"
    typed = command.replace("python handler.py", program)
    subprocess.run(["bash", "-c", typed], cwd=tmp_path, env=environment, timeout=60, check=True)
    lines = map(json.loads, (tmp_path / "answers.jsonl").read_text().splitlines())
    by_row = {line.pop("row"): line for line in lines}
    passwords = {"ann": "correct-horse", "bob": "battery,staple"}
    assert by_row == done_for(
        cloud, [{"username": f"{login}-{one}", "password": password} for one, password in passwords.items()]
    )
