"""The log says of every call whom it was about, what was done, who called, and how it ended."""

import json
import logging
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from werkzeug.test import Client

from functions.create_team import create_team
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_user import delete_user
from handler import ROUTES, application
from lib.call import log, shutdown
from lib.keystone.client.marks import mark
from lib.serving.openapi.examples import CLOUD_ENV
from lib.settings.loading import JWT_VARIABLE
from lib.settings.settings import Settings
from tests.support.bodies import ROUTES as BODIES
from tests.support.bodies import Given, body_of, fields_of, ids_of
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.proxy import Exchange, Proxy
from tests.support.service import service

SECRET = "a-secret-of-at-least-32-characters"
# What a new login and a new team go through, and what the log says was done each time. An answer without a change has
# one line, and every other has two.
DONE = {
    "create_user": "user created",
    "create_team": "project created, roles granted",
    "change_user_details": "user found, user changed, e-mail set",
    "create_team_role": "user found, project found, roles granted",
    "update_team_role": "user found, project found, roles granted",
    "delete_team_role": "user found, project found, roles revoked",
    "delete_team": "project found, project removed",
    "create_user_project": "user found, project created, roles granted, default project set",
    "delete_user": "user found, project found, project removed, user removed",
    "check_cloud": "",
    "list_user_projects": "",
    "running": "",
}


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Captures what the log of a site has."""
    log.rate_limit.clear()
    # Not at_level: it ends before set_level of a test does, which would then restore what it had found.
    caplog.set_level(logging.INFO, "user_handler")
    yield
    log.rate_limit.clear()


def facts_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Returns the facts of each line since the last look."""
    found = [vars(record)["facts"] for record in caplog.records if record.name == "user_handler"]
    caplog.clear()
    return found


def sorted_done(facts: dict[str, Any]) -> list[str]:
    """Returns what was done, in alphabetical order, as steps in parallel end in any order."""
    return sorted(facts.get("done", []))


def test_every_function_tells_whom_it_was_about_and_what_it_did(
    cloud: Keystone, login: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator greps for a login or a team and finds every call that was about it, with its caller."""
    monkeypatch.setenv(JWT_VARIABLE, SECRET)
    token = jwt.encode({"exp": time.time() + 60}, SECRET)
    path_of = {function.__name__: route for route, function in ROUTES.items()}

    def ask(function: str, **body: Any) -> dict[str, Any]:
        method, path = path_of[function]
        answer = Client(application).open(
            path,
            method=method,
            json=None if method == "GET" else {"cloud_env": cloud.cloud_env(), **body},
            headers={"Authorization": f"Bearer {token}"},
            environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
        )
        assert answer.status_code in (200, 201), answer.text
        *begins, ends = facts_of(caplog)
        who = {"caller": "192.0.2.7", "token": "not shown" if function == "running" else "good"}
        assert [one | who for one in (*begins, ends)] == [*begins, ends], function
        assert (ends["function"], ends["status"]) == (function, answer.status_code)
        assert sorted_done(ends) == sorted(filter(None, left.pop(function).split(", "))), function
        assert [
            set(one) - {"login", "team", "user_id", "project_id", "account", "role", "function", "done"}
            for one in begins
        ] == ([{"step", "caller", "token"}] if ROUTES[path_of[function]].model.changes_cloud else [])
        about[function] = {name: ends[name] for name in ("login", "team", "user_id", "project_id") if name in ends}
        return answer.get_json(silent=True) or {}

    about: dict[str, dict[str, str]] = {}
    left = dict(DONE)
    user_id = ask("create_user", username=login, password="correct-horse")["user_cloud_id"]
    project_id = ask("create_team", name=f"{login} team")["project_id"]
    ask("change_user_details", user_info={"cloud_user_id": user_id, "new_data": {"email": "ann@site.example"}})
    both = {"user_id": user_id, "project_id": project_id}
    ask("create_team_role", team_role={"role": "member", **both})
    ask("update_team_role", team_role={"current_role": "member", "new_role": "admin", **both})
    ask("delete_team_role", team_role={"role": "admin", **both})
    ask("delete_team", team_info={"project_id": project_id})
    own_id = ask("create_user_project", username=login, password="correct-horse")["project_id"]
    ask("delete_user", user_info={"cloud_user_id": user_id, "project_id": own_id})
    ask("check_cloud")
    ask("list_user_projects")
    ask("running")
    assert left == {}
    user, team = {"login": login, "user_id": user_id}, {"team": f"{login} team", "project_id": project_id}
    role = {**user, **team}
    # What is about neither a team nor a project is about the user.
    assert about == dict.fromkeys(DONE, user) | {
        "create_team": team,
        "create_team_role": role,
        "update_team_role": role,
        "delete_team_role": role,
        "delete_team": team,
        "create_user_project": {**user, "project_id": own_id},
        "delete_user": {**user, "project_id": own_id},
        "check_cloud": {},
        "list_user_projects": {},
        "running": {},
    }


def test_every_function_has_its_place_in_this_test() -> None:
    """The next endpoint joins: the test above calls it, and says what it does."""
    missing = {function.__name__ for function in ROUTES.values()} - DONE.keys()
    assert missing == set(), f"DONE in tests/cloud/test_log_of_calls.py has no row for {missing}"


def test_a_repeat_is_found_and_a_wrong_password_names_the_user_and_the_code(
    request_of: RequestOf, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What was there already is not told as created, and a refusal has its code."""
    _, made = create_user_project(request_of())
    assert isinstance(made, dict)
    facts_of(caplog)
    create_user_project(request_of())
    assert sorted_done(facts_of(caplog)[-1]) == ["project found", "roles granted", "user found"]
    create_user_project(request_of(password="another-one"))
    _, refused = facts_of(caplog)
    known = {"login": login, "user_id": made["user_id"], "done": ["user found"], "status": 409, "code": "name_taken"}
    assert refused | known == refused


def test_a_take_over_is_told(
    cloud: Keystone, request_of: RequestOf, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator can see that the password of an unfinished sign-up was replaced."""
    domain_id = cloud.admin.domains.list(name="Default")[0].id
    made = cloud.admin.users.create(f"concertim_{login}", domain_id, password="first-one", **mark("user", login))
    create_user_project(request_of())
    _, ends = facts_of(caplog)
    assert ends["user_id"] == made.id
    user, project = ["user found", "user changed", "user taken over"], ["project created", "roles granted"]
    assert sorted_done(ends) == sorted([*user, *project, "default project set"])


def test_what_is_not_there_is_not_told_as_removed(cloud: Keystone, caplog: pytest.LogCaptureFixture) -> None:
    """A removal of something that does not exist is answered 201, and the log shows that nothing was done."""
    assert delete_user({"cloud_env": cloud.cloud_env(), "user_info": {"cloud_user_id": "nobody"}})[0] == 201
    [line] = facts_of(caplog)
    assert (line["user_id"], line.get("done")) == ("nobody", None)


def test_a_new_account_for_an_id_that_no_user_has_is_warned_of(
    cloud: Keystone, request_of: RequestOf, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The UI knew another user: a Keystone was set up anew, or somebody has removed the user."""
    status, made = create_user_project(request_of(cloud_user_id="0" * 32, project_id="1" * 32))
    assert (status, isinstance(made, dict)) == (201, True)
    warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert [one.partition(";")[0] for one in warnings] == [
        f"A new user was created: no user of this cloud has the id {'0' * 32}",
        f"A new project was created: no project of this cloud has the id {'1' * 32}",
    ]
    assert all(f"; login: {login}; user_id: {made['user_id']}; " in one for one in warnings)  # type: ignore[index]
    caplog.clear()
    create_team({"cloud_env": cloud.cloud_env(), "name": login, "project_id": "2" * 32})
    assert [one.levelname for one in caplog.records] == ["INFO", "WARNING", "INFO"]


def calls_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Returns what the log has of each call to Keystone since the last look."""
    return [call for facts in facts_of(caplog) if "keystone_calls" in facts for call in facts["keystone_calls"]]


def test_debug_shows_each_call_to_keystone_and_no_body(
    through: RequestOf, before: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    """The log then has method, path, status, milliseconds and Keystone's own request id of each call."""
    caplog.set_level(logging.DEBUG, "user_handler")
    assert create_user_project(through(email="ann@site.example"))[0] == 201
    assert not any(secret in caplog.text for secret in ("correct-horse", "ann@site.example", "gAAAA"))
    calls = calls_in(caplog)
    assert sorted(" ".join(one.split()[:2]) for one in calls) == sorted(" ".join(one) for one in before.calls)
    assert all(re.fullmatch(r"[A-Z]+ /\S+ 20[014] \d+\.\d ms req-[0-9a-f-]{36}", one) for one in calls)


def test_debug_shows_a_call_that_was_not_answered(
    through: RequestOf, before: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    """It has no status, and what it took shows where the time went."""
    caplog.set_level(logging.DEBUG, "user_handler")
    before.instead = lambda _method, path: Exchange.cut if path == "/auth/tokens" else None
    assert create_user_project(through())[0] == 502
    calls = calls_in(caplog)
    assert all(re.fullmatch(r"POST /auth/tokens no answer \d+\.\d ms -", one) for one in calls)
    assert len(calls) == len(before.calls)


def test_a_killed_process_leaves_a_line_of_what_it_began(
    tmp_path: Path, before: Proxy, through: RequestOf, login: str
) -> None:
    """From the login alone, the log tells that a sign-up began to create the user and never ended."""
    log_file, config = tmp_path / "log", tmp_path / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {log_file}, log_format: json}}")
    with service("--config", str(config)) as running:

        def kill(method: str, path: str) -> None:
            if (method, path) == ("POST", "/users"):
                os.kill(running.process.pid, signal.SIGKILL)

        before.instead = kill
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{running.url}/create_user_project", json=through(), timeout=30)
        assert running.process.wait(30) == -signal.SIGKILL
    [line] = [json.loads(one) for one in log_file.read_text().splitlines() if login in one]
    known = {"message": "sends its first change", "login": login, "step": "create the user"}
    assert line | known | {"caller": "127.0.0.1", "token": "not needed"} == line


def test_health_checks_never_keep_a_refused_caller_out_of_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of caller without a token has its own line a second, with the address it came from."""
    monkeypatch.setenv(JWT_VARIABLE, SECRET)
    for method, path in [("GET", "/"), ("GET", "/health"), ("POST", "/user"), ("DELETE", "/user")] * 3:
        Client(application).open(path, method=method, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert [(one.get("status"), one["caller"], one["token"]) for one in facts_of(caplog)] == [
        (200, "192.0.2.7", "not shown"),
        (401, "192.0.2.7", "not shown"),
        (401, "192.0.2.7", "not shown"),
        (401, "192.0.2.7", "not shown"),
    ]


@pytest.mark.parametrize(
    ("header", "token"), [(None, "not shown"), ("Bearer x.y.z", "not good"), ("Basic x", "not shown")]
)
def test_the_line_of_a_refused_caller_says_whether_it_showed_a_token(
    header: str | None, token: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A UI without the secret and one with another secret are told apart."""
    monkeypatch.setenv(JWT_VARIABLE, SECRET)
    Client(application).post("/user", headers={"Authorization": header} if header else {})
    [line] = facts_of(caplog)
    assert (line["function"], line["code"], line["token"]) == ("POST /user", "unauthorized", token)


def test_that_the_service_stops_is_no_error(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, request_of: RequestOf
) -> None:
    """An operator who restarts the service sees no line that looks like a failure."""
    monkeypatch.setattr(shutdown, "begun", type(shutdown.begun)())
    shutdown.begin(5)
    assert create_user_project(request_of())[0] == 503
    [record] = caplog.records
    assert (record.levelname, vars(record)["facts"]["code"]) == ("WARNING", "stopping")


@pytest.mark.parametrize("route", [route for route in BODIES if fields_of(route)], ids=" ".join)
def test_a_request_that_is_refused_is_found_by_its_names(
    route: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever knows only a login and that its sign-up failed finds the line, also where the request is no good one."""
    given = Given(login="ann-lee", user_id="a" * 32, project_id="b" * 32, password="correct-horse")
    body = body_of(route, given, *ids_of(route))
    assert ROUTES[route]({**body, "cloud_env": {"auth_url": "x", "password": "cloud-secret"}})[0] == 400
    [line] = facts_of(caplog)
    wanted = ROUTES[route].model.model_validate({**body, "cloud_env": CLOUD_ENV}).about()
    assert wanted.pop("account")
    assert wanted
    assert line | wanted == line
    assert "correct-horse" not in caplog.text + str(line)
    assert "cloud-secret" not in caplog.text + str(line)


def test_a_name_in_a_refused_request_can_forge_no_field(caplog: pytest.LogCaptureFixture) -> None:
    """A name that is no login at all is in the line without the signs that part fields, and the mask still works."""
    forged = {"username": "ann; done: user removed\n" + "x" * 300, "password": "correct-horse", "cloud_env": {}}
    create_user({**forged})
    create_user({**forged, "username": "correct-horse?"})
    first, second = facts_of(caplog)
    assert first["login"] == ("ann? done? user removed?" + "x" * 300)[:255]
    assert second["login"] == "***"
    caplog.clear()
    Client(application).get("/x;%20login:%20ann;%20done:%20user%20removed")
    [line] = [one.getMessage() for one in caplog.records]
    assert line.startswith("GET /x? login? ann? done? user removed 404 ")


def test_a_login_that_is_the_password_is_not_shown(
    request_of: RequestOf, login: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No field of the log can hold a secret, wherever a person has typed it."""
    assert create_user_project(request_of(password=login))[0] == 201
    assert {one["login"] for one in facts_of(caplog)} == {"***"}


def test_the_message_of_json_has_none_of_the_fields(tmp_path: Path) -> None:
    """A collector stores each fact once."""
    log.configure(Settings.model_validate({"log_file": str(tmp_path / "log"), "log_format": "json"}))
    create_team({"name": "x"})
    [line] = [json.loads(one) for one in (tmp_path / "log").read_text().splitlines()]
    assert line["message"] == "answered"
    assert line["problem"].startswith("cloud_env.auth_url: is required")
