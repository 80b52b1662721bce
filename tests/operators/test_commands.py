"""`python handler.py list` and `repair`: what an operator sees in a terminal."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from functions.create_user_project import create_user_project
from tests.support.answers import error
from tests.support.command_line import Run, variables_of
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.service import ROOT


@pytest.fixture
def older(cloud: Keystone, login: str) -> tuple[str, str]:
    """Makes a user and a project as the older service did, and returns their ids."""
    project = cloud.admin.projects.create(f"CM_{login}_proj", domain="default").id
    made = {"password": "correct-horse", "default_project": project}
    user = cloud.admin.users.create(f"CM_{login}", domain="default", **made).id
    [admin] = cloud.admin.roles.list(name="admin")
    cloud.admin.roles.grant(admin.id, user=user, project=project)
    return user, project


def line_of(login: str, text: str) -> list[str]:
    """Returns the words in the line of this login."""
    [line] = [one.split() for one in text.splitlines() if one.startswith(f"{login} ")]
    return line


def test_a_list_has_a_line_for_each_login(run: Run, cloud: Keystone, request_of: RequestOf, login: str) -> None:
    """It has the ids that other commands need, and what is wrong."""
    _, person = create_user_project(request_of(email="ann@site.example"))
    assert isinstance(person, dict)
    done = run("list", **variables_of(cloud))
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split() == ["login", "or", "team", "user", "project", "e-mail", "problems"]
    assert line_of(login, done.stdout) == [login, person["user_id"], person["project_id"], "ann@site.example"]
    assert " people, " in done.stderr.splitlines()[-1]
    assert login not in run("list", "--with-problems", **variables_of(cloud)).stdout


def test_a_list_can_be_read_by_a_program(run: Run, cloud: Keystone, older: tuple[str, str], login: str) -> None:
    """As JSON, it is the body of the answer."""
    done = run("list", "--format", "json", **variables_of(cloud))
    body = json.loads(done.stdout)
    [entry] = [one for one in body["entries"] if one.get("login") == login]
    assert (done.returncode, body["complete"]) == (0, True)
    assert (entry["user_id"], entry["project_id"]) == older
    assert [one["code"] for one in entry["problems"]] == ["unmarked", "unmarked", "grant_missing", "holds_admin"]


def test_a_list_can_be_mailed(run: Run, cloud: Keystone, older: tuple[str, str], login: str) -> None:
    """As HTML, it is one page."""
    done = run("list", "--format", "html", **variables_of(cloud))
    assert (done.returncode, done.stdout.startswith("<!DOCTYPE html>"), f"CM_{login}" in done.stdout) == (0, True, True)


@pytest.mark.parametrize("command", [("list",), ("list", "--format", "html"), ("repair",), ("repair", "--apply")])
def test_what_cannot_be_asked_is_answered_as_by_a_call(run: Run, cloud: Keystone, command: tuple[str, ...]) -> None:
    """The exit code is that of the class of the status, and nobody takes an error for an empty list."""
    done = run(*command, **variables_of(cloud) | {"OS_PASSWORD": "wrong-password"})
    body = json.loads(done.stdout)
    assert (done.returncode, (403, body)) == (4, error(403, "cloud_env_refused", body["message"]))
    assert "wrong-password" not in done.stdout + done.stderr


def test_a_repair_is_reviewed_and_then_applied(
    run: Run, cloud: Keystone, older: tuple[str, str], login: str, tmp_path: Path
) -> None:
    """Without --apply nothing is changed, and the plan says what would be. Afterwards, nothing is left to repair."""
    user, project = older
    actions = [
        "Replace the role admin of the user",
        "Grant the roles that are missing",
        "Mark the project",
        "Mark the user",
    ]
    lines = [f"person {login} (user {user}, project {project}): {action}" for action in actions]
    plan = run("repair", **variables_of(cloud))
    assert (plan.returncode, [one for one in plan.stdout.splitlines() if login in one]) == (0, lines)
    assert "--apply" in plan.stderr.splitlines()[-1]
    assert "concertim_kind" not in cloud.admin.users.get(user).to_dict()
    done = run("repair", "--apply", "--most-percent", "100", **variables_of(cloud))
    assert (done.returncode, [one for one in done.stdout.splitlines() if login in one]) == (0, lines)
    assert login not in run("repair", **variables_of(cloud)).stdout
    logged = [one for one in (tmp_path / "log").read_text().splitlines() if "Repaired: " in one and login in one]
    assert len(logged) == len(actions)
    assert all(f"user_id: {user}; " in one and f"project_id: {project}; " in one for one in logged)


def test_a_repair_has_a_bar_in_a_terminal(cloud: Keystone, older: tuple[str, str], tmp_path: Path) -> None:
    """It shows how many of the logins and teams are done, and the log goes to its file alone."""
    assert older
    (tmp_path / "config.yaml").write_text(f"user_handler: {{log_file: {tmp_path / 'log'}}}\n")
    terminal, end = pty.openpty()
    arguments: list[Any] = ["repair", "--apply", "--most-percent", "100", "--config", tmp_path / "config.yaml"]
    process = subprocess.Popen(
        [sys.executable, "handler.py", *arguments],
        cwd=ROOT,
        env=os.environ | variables_of(cloud),
        stdout=subprocess.DEVNULL,
        stderr=end,
    )
    os.close(end)
    shown, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            # The other end is closed.
            break
    os.close(terminal)
    assert process.wait(30) == 0
    assert b"100%" in shown
    assert b"logins and teams" in shown
    assert b"[INFO]" not in shown
