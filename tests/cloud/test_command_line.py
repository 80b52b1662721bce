"""`python handler.py`: a function is called, and the settings are looked at, as an operator does in a terminal."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from handler import ROUTES, openapi
from lib import VERSION
from tests.support.answers import error, signed_up
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.ports import free_ports
from tests.support.service import ROOT, complaints

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs handler.py with these arguments, with a log in a file of this test, and with nothing of this machine."""
    config = tmp_path / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {tmp_path / 'log'}}}\n")

    def run(*arguments: str, said: str = "", **environment: str) -> Done:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "CONCERTIM"))}
        return subprocess.run(
            [sys.executable, "handler.py", *arguments],
            cwd=ROOT,
            env=inherited | {"CONCERTIM_CONFIG": str(config)} | environment,
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def variables_of(cloud: Keystone) -> dict[str, str]:
    """Returns the environment that an openrc file sets for the account in cloud_env."""
    return {f"OS_{name.upper()}": value for name, value in cloud.cloud_env().items()}


def test_a_request_on_standard_input_is_answered_as_over_http(
    run: Run, request_of: RequestOf, login: str, tmp_path: Path
) -> None:
    """The body is all that is on standard output, so that another program can read it. The exit code is 0."""
    done = run("call", "create_user_project", said=json.dumps(request_of()))
    body = json.loads(done.stdout)
    assert done.returncode == 0
    assert (201, body) == signed_up(login, body["user_id"], body["project_id"])
    lines = (tmp_path / "log").read_text()
    assert done.stderr == lines
    assert f"login: {login}; user_id: {body['user_id']}; " in lines
    assert lines.count(f"; caller: uid {os.getuid()} at the command line") == 2


def test_a_request_in_a_file_may_leave_cloud_env_to_the_environment(
    run: Run, cloud: Keystone, login: str, tmp_path: Path
) -> None:
    """An operator sources the openrc file of the account, as for the openstack command."""
    (tmp_path / "request.json").write_text(json.dumps({"username": login, "password": "correct-horse"}))
    for source in (variables_of(cloud), _with_domains_by_id(variables_of(cloud))):
        done = run("call", "create_user", str(tmp_path / "request.json"), **source)
        assert (done.returncode, json.loads(done.stdout)["username"]) == (0, login)
    assert "correct-horse" not in done.stdout + done.stderr


def _with_domains_by_id(variables: dict[str, str]) -> dict[str, str]:
    """Returns the variables as Horizon's openrc file has them."""
    return {
        name.replace("DOMAIN_NAME", "DOMAIN_ID"): value.replace("Default", "default")
        for name, value in variables.items()
    }


def test_cloud_env_may_come_from_the_file_that_the_services_share(
    run: Run, cloud: Keystone, login: str, tmp_path: Path
) -> None:
    """When it is told to, the command line reads the section of the other services."""
    config = tmp_path / "shared.yaml"
    config.write_text(
        yaml.safe_dump(
            {"openstack": {**cloud.cloud_env(), "other": [1]}, "user_handler": {"log_file": str(tmp_path / "log")}}
        )
    )
    request = json.dumps({"username": login, "password": "correct-horse"})
    done = run("--config", str(config), "call", "create_user", "-", "--cloud-env-from-config", said=request)
    assert (done.returncode, json.loads(done.stdout)["username"]) == (0, login)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("user_handler: {}\n", "has no section openstack"),
        ("[1]\n", None),
        ("openstack: secret-text\n", "has no section openstack"),
    ],
)
def test_a_file_without_the_section_is_told(run: Run, tmp_path: Path, text: str, why: str | None) -> None:
    """The message names the file, and quotes nothing of it."""
    config = tmp_path / "shared.yaml"
    config.write_text(text)
    done = run("--config", str(config), "call", "create_user", "--cloud-env-from-config", said="{}")
    assert done.returncode == 78
    assert "secret-text" not in done.stdout + done.stderr
    assert why is None or f"{config}: {why}" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (
            "{",
            error(
                400,
                "bad_request",
                "request: is not JSON: Expecting property name enclosed in double quotes at line 1, column 2",
            ),
        ),
        ("[]", error(400, "bad_request", "request: must be an object")),
        (
            '{"a": 1, "a": 2}',
            error(
                400, "bad_request", "request: is not JSON that can be read: UTF-8, each key once, no NaN, not too deep"
            ),
        ),
    ],
)
def test_what_is_no_request_is_answered_as_over_http(run: Run, said: str, answer: Any) -> None:
    """The exit code is 4 for any 4xx."""
    done = run("call", "create_user", said=said)
    assert (done.returncode, json.loads(done.stdout)) == (4, answer[1])


def test_a_keystone_that_is_not_there_ends_with_5(run: Run, request_of: RequestOf, cloud: Keystone) -> None:
    """A script can repeat the call then."""
    nobody = cloud.cloud_env() | {"auth_url": f"http://127.0.0.1:{free_ports('keystone')['keystone']}/v3"}
    done = run("call", "create_user_project", said=json.dumps(request_of(cloud_env=nobody)))
    assert (done.returncode, json.loads(done.stdout)["error"]) == (5, "keystone_failed")


def test_a_function_that_takes_no_request_waits_for_none(run: Run) -> None:
    """Nobody need type an empty request."""
    done = run("call", "running")
    assert (done.returncode, done.stdout) == (0, "Running\n")


@pytest.mark.parametrize("function", sorted({function.__name__ for function in ROUTES.values()} - {"running"}))
def test_every_function_can_be_called(run: Run, function: str) -> None:
    """Whatever is served has its place on the command line."""
    done = run("call", function, said="{}")
    assert (done.returncode, json.loads(done.stdout)["error"]) == (4, "bad_request")


@pytest.mark.parametrize(
    "arguments", [("call",), ("call", "none"), ("call", "create_user", ""), ("none",), ("--none",)]
)
def test_wrong_options_end_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    """Argparse says what is wrong."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: " in done.stderr


def test_a_file_that_cannot_be_read_ends_with_2(run: Run, tmp_path: Path) -> None:
    """The message names it."""
    done = run("call", "create_user", str(tmp_path / "none.json"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"error: argument FILE: {tmp_path / 'none.json'}: No such file or directory\n")


def test_good_settings_are_told_with_what_they_leave_open(run: Run, tmp_path: Path) -> None:
    """An operator looks before a restart. Nothing is written to the log."""
    done = run("check-settings")
    first, *warnings = done.stdout.splitlines()
    assert (done.returncode, first) == (0, f"INFO: settings from {tmp_path / 'config.yaml'}: it sets log_file")
    assert [line.partition(":")[0] for line in warnings] == ["WARNING"] * 2
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("command", [("serve",), ("check-settings",), ("call", "running"), ()])
def test_settings_with_a_mistake_end_every_command_with_78(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Each mistake is a line, with the line of the file."""
    config = tmp_path / "bad.yaml"
    config.write_text("user_handler:\n  deadline: -1\n")
    done = run(*command, "--config", str(config)) if command else run("--config", str(config))
    assert done.returncode == 78
    assert complaints(done.stdout).startswith(f"{config}: line 2: user_handler.deadline: ")


def test_the_contract_is_printed_for_generators_of_clients(run: Run) -> None:
    """It is the one that the service answers, and needs no service that runs."""
    done = run("openapi")
    assert (done.returncode, json.loads(done.stdout)) == (0, openapi())


def test_the_version_is_told(run: Run) -> None:
    """It is the one in the metrics and in the contract."""
    assert run("--version").stdout == f"UserHandler {VERSION}\n"


@pytest.mark.parametrize("command", ["serve", "call", "openapi", "check-settings"])
def test_every_command_has_a_help_with_an_example(run: Run, command: str) -> None:
    """The example is a command that can be typed."""
    done = run(command, "--help")
    assert done.returncode == 0
    assert re.search(rf"^example:\n  (echo .* \| )?python handler.py {command}\b", done.stdout, re.MULTILINE)
    assert command in run("--help").stdout
