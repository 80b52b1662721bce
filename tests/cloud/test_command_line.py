"""`python handler.py`: a function is called, and the settings are looked at, as an operator does in a terminal."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from handler import ROUTES, openapi
from lib import VERSION
from tests.support.answers import error, signed_up
from tests.support.command_line import Run, variables_of
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.ports import free_ports
from tests.support.proxy import Proxy
from tests.support.service import ROOT, complaints


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
    assert f"login: {login}; account: admin; user_id: {body['user_id']}; " in lines
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
        ("[1]\n", "line 1: must be a mapping of keys to values"),
        ("openstack: secret-text\n", "has no section openstack"),
    ],
)
def test_a_file_without_the_section_is_told(run: Run, tmp_path: Path, text: str, why: str) -> None:
    """The message names the file, and quotes nothing of it."""
    config = tmp_path / "shared.yaml"
    config.write_text(text)
    done = run("--config", str(config), "call", "create_user", "--cloud-env-from-config", said="{}")
    assert done.returncode == 78
    assert "secret-text" not in done.stdout + done.stderr
    assert complaints(done.stderr).startswith(f"{config}: ")
    assert why in complaints(done.stderr)


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


def test_every_function_can_be_called(run: Run) -> None:
    """Whatever is served has its place on the command line."""
    told = run("call", "--help").stdout
    assert {function.__name__ for function in ROUTES.values()} - {*re.findall(r"\w+", told)} == set()
    done = run("call", "delete_team_role", said="{}")
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
    first, *warnings, last = done.stdout.splitlines()
    assert last == "The service would start with these settings."
    assert (done.returncode, first) == (0, f"INFO: settings from {tmp_path / 'config.yaml'}: it sets log_file")
    assert [line.partition(":")[0] for line in warnings] == ["WARNING"] * 3
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("command", [("serve",), ("check-settings",), ("check-cloud",), ("call", "running"), ()])
def test_settings_with_a_mistake_end_every_command_with_78(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Each mistake is a line, with the line of the file."""
    config = tmp_path / "bad.yaml"
    config.write_text("user_handler:\n  deadline: -1\n")
    done = run(*command, "--config", str(config)) if command else run("--config", str(config))
    assert done.returncode == 78
    why = f"{config}: line 2: user_handler.deadline: "
    if command == ("check-settings",):
        assert done.stdout.startswith(f"CRITICAL: {why}")
    elif command in (("call", "running"), ("check-cloud",)):
        assert (done.stdout, complaints(done.stderr).startswith(why)) == ("", True)
    else:
        assert complaints(done.stdout).startswith(why)


def test_a_cloud_is_checked_as_an_operator_does(run: Run, cloud: Keystone) -> None:
    """Each line has a state, a check and a sentence. What helps is a line of its own. The exit code is 0 or 4."""
    done = run("check-cloud", **variables_of(cloud))
    *lines, _, last = done.stdout.splitlines()
    assert done.returncode == 0
    assert last == "Sign-ups, changes and removals will work, as far as calls that change nothing can show."
    assert re.match(r"ok       reachable           127\.0\.0\.1 accepts connections at port \d+\.$", lines[0])
    assert all(re.match(r"(ok|warning|unknown) +\w+ +\S| {29}\S", line) for line in lines)
    done = run("check-cloud", **variables_of(cloud) | {"OS_PROJECT_NAME": "none"})
    assert done.returncode == 4
    assert re.search(r"^Not ready: 1 of \d+ items are problems\.$", done.stdout, re.MULTILINE)
    [command] = re.findall(r"^ +.*: (openstack role add .*)$", done.stdout, re.MULTILINE)
    assert command.split()[-3:] == ["--project-domain", "Default", "admin"]


def test_what_a_check_answers_can_be_read_by_a_program(run: Run, cloud: Keystone) -> None:
    """With --json, standard output has the body of the answer, as that of `call` has. No account is a 400."""
    done, called = (
        run("check-cloud", "--json", **variables_of(cloud)),
        run("call", "check_cloud", said="{}", **variables_of(cloud)),
    )
    assert [json.loads(one.stdout)["ready"] for one in (done, called)] == [True, True]
    assert [json.loads(done.stdout).keys(), done.returncode] == [json.loads(called.stdout).keys(), 0]
    done = run("check-cloud")
    assert (done.returncode, json.loads(done.stdout)["error"]) == (4, "bad_request")
    assert "source the openrc file of an account" in done.stderr


def test_the_contract_is_printed_for_generators_of_clients(run: Run) -> None:
    """It is the one that the service answers, and needs no service that runs."""
    done = run("openapi")
    assert (done.returncode, json.loads(done.stdout)) == (0, openapi())


def test_the_version_is_told(run: Run) -> None:
    """It is the one in the metrics and in the contract."""
    assert run("--version").stdout == f"UserHandler {VERSION}\n"


@pytest.mark.parametrize("command", ["serve", "call", "check-cloud", "openapi", "check-settings"])
def test_every_command_has_a_help_with_an_example(run: Run, command: str) -> None:
    """The example is a command that can be typed."""
    done = run(command, "--help")
    assert done.returncode == 0
    assert re.search(rf"^example:\n  (\. .*\n  |echo .* \| )?python handler.py {command}\b", done.stdout, re.MULTILINE)
    assert command in run("--help").stdout


@pytest.mark.parametrize("listen", ["127.0.0.1:42356", "0.0.0.0:42356"])
def test_one_port_for_the_service_and_its_metrics_is_a_mistake(run: Run, tmp_path: Path, listen: str) -> None:
    """The service could not have it then, and a later start would not help."""
    config = tmp_path / "bad.yaml"
    config.write_text(f"user_handler: {{log_file: {tmp_path / 'log'}, metrics_listen: '{listen}'}}\n")
    why = f"the setting metrics_listen has the port at which the service itself listens: {listen}"
    done = run("--config", str(config), "--listen", listen)
    assert (done.returncode, complaints(done.stdout)) == (78, f"{why}\n")
    assert run("check-settings", "--config", str(config)).returncode == 78


@pytest.mark.parametrize(("log_file", "why"), [("none/log", "there is no folder {folder}/none"), ("", "is not a file")])
def test_a_log_that_cannot_be_written_is_doubted(run: Run, tmp_path: Path, log_file: str, why: str) -> None:
    """The service would go on without it, which an operator should know of before."""
    config, path = tmp_path / "doubtful.yaml", tmp_path / log_file
    config.write_text(f"user_handler: {{log_file: {path}}}\n")
    done = run("check-settings", "--config", str(config))
    told = f"WARNING: cannot write the log file {path}: {why.format(folder=tmp_path)}"
    assert (done.returncode, told in done.stdout.splitlines()) == (0, True)


@pytest.fixture
def begin(tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Begins a call of a function, with the log in a file of this test."""
    (tmp_path / "config.yaml").write_text(f"user_handler: {{log_file: {tmp_path / 'log'}}}\n")

    def begin(*arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "handler.py", "--config", str(tmp_path / "config.yaml"), "call", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def test_a_call_that_is_interrupted_ends_with_5_and_says_to_repeat_it(
    through: RequestOf, before: Proxy, tmp_path: Path, begin: Callable[..., "subprocess.Popen[str]"]
) -> None:
    """A script must not go on as if the sign-up were done. The log has the end of the call, too."""
    asked = threading.Event()

    def hang(method: str, path: str) -> None:
        if (method, path) == ("POST", "/projects"):
            asked.set()
            before.over.wait(30)

    before.instead = hang
    (tmp_path / "request.json").write_text(json.dumps(through()))
    process = begin("create_user_project", str(tmp_path / "request.json"))
    assert asked.wait(30)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=30)
    assert (process.returncode, json.loads(out)["error"]) == (5, "stopping")
    assert "create_user_project 503 " in said


def test_a_call_that_is_interrupted_while_it_reads_its_request_has_done_nothing(
    tmp_path: Path, begin: Callable[..., "subprocess.Popen[str]"]
) -> None:
    """It ends as any program that is interrupted."""
    process = begin("create_user")
    until = time.monotonic() + 30
    while not (tmp_path / "log").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=30)
    assert (process.returncode, out, said) == (130, "", "")


@pytest.mark.parametrize(
    ("to", "told"), [("| true", ""), (">/dev/full", "cannot write to standard output: No space left on device\n")]
)
@pytest.mark.parametrize("command", ["openapi", "call running"])
def test_an_output_that_nobody_reads_is_no_failure(command: str, to: str, told: str, tmp_path: Path) -> None:
    """What was done is done, and the exit code says so."""
    (tmp_path / "config.yaml").write_text(f"user_handler: {{log_file: {tmp_path / 'log'}}}\n")
    shell = f"{sys.executable} handler.py --config {tmp_path}/config.yaml {command} {to}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "".join(line for line in done.stderr.splitlines(True) if "[INFO]" not in line)) == (
        0,
        told,
    )
