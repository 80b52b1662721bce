"""Tests of what a request must look like and of the message that refuses it, by direct calls and without a Keystone."""

import subprocess
import sys
from typing import Any

import pytest

from functions.change_user_details import change_user_details
from functions.create_user_project import create_user_project
from functions.running import running
from tests.support.answers import error
from tests.support.service import ROOT

E1 = {
    "auth_url": "http://127.0.0.1:1/v3",
    "username": "admin",
    "password": "of-the-cloud-account",
    "project_name": "admin",
    "user_domain_name": "Default",
    "project_domain_name": "Default",
}
SIGN_UP = {"cloud_env": E1, "username": "ann", "password": "correct-horse"}
BY_ID = "is required, unless {}_id is given"
BLANK_PASSWORD = "password: is required and must not be blank, unless cloud_user_id is given"


def test_running_says_so() -> None:
    """The function `running` answers anybody, whatever they send."""
    assert running({}) == (200, "Running")


def test_an_empty_request_is_told_every_missing_field() -> None:
    """One message names every missing field, including those of cloud_env."""
    why = (
        f"cloud_env.auth_url: is required; cloud_env.password: is required;"
        f" cloud_env.username: {BY_ID.format('user')}; cloud_env.user_domain_name: {BY_ID.format('user')};"
        f" cloud_env.project_name: {BY_ID.format('project')}; cloud_env.project_domain_name: {BY_ID.format('project')};"
        f" username: is required; {BLANK_PASSWORD}"
    )
    assert create_user_project({}) == error(400, "bad_request", why)


def test_a_function_imports_no_web_framework() -> None:
    """Whoever wraps a function for another runtime brings a web framework of their own."""
    code = (
        "import sys; from functions.create_user_project import create_user_project as f; print(f({})[0]);"
        "print({name.split('.')[0] for name in sys.modules} & {'werkzeug', 'waitress', 'flask'} or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "400\nnone\n"


@pytest.mark.parametrize("request_", [None, [], "ann", 7, [SIGN_UP]])
def test_a_request_that_is_no_object_is_refused(request_: object) -> None:
    """An array is refused even if it contains one good request."""
    assert create_user_project(request_) == error(400, "bad_request", "request: must be an object")


ID = "must be a Keystone id: letters and digits, at most 64"
LOGIN = "must hold only letters, digits, '.', '_' and '-'"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"username": ""}, "username: must not be blank"),
        ({"username": "\n"}, "username: must not be blank"),
        ({"username": 7}, "username: must be a string"),
        ({"username": b"ann"}, "username: must be a string"),
        ({"username": None}, "username: must be a string"),
        ({"username": "ann\n\n"}, f"username: {LOGIN}"),
        ({"username": "ann\x00"}, f"username: {LOGIN}"),
        ({"username": "../ann"}, f"username: {LOGIN}"),
        ({"username": "änn"}, f"username: {LOGIN}"),
        ({"username": "x" * 256}, "username: must have at most 255 characters"),
        ({"password": ""}, BLANK_PASSWORD),
        ({"password": "  \t"}, BLANK_PASSWORD),
        ({"password": None}, BLANK_PASSWORD),
        ({"password": 123456}, "password: must be a string"),
        ({"password": "correct-horse" * 129}, "password: must have at most 128 characters"),
        ({"password": "half a \ud83d"}, "password: must be well-formed Unicode"),
        ({"email": ["a@b"]}, "email: must be a string"),
        ({"email": "\udc00@b"}, "email: must be well-formed Unicode"),
        ({"cloud_user_id": "../projects/x"}, f"cloud_user_id: {ID}"),
        ({"cloud_user_id": 5, "password": ""}, "cloud_user_id: must be a string"),
        ({"project_id": "a" * 65}, f"project_id: {ID}"),
        ({"project_id": "a\n"}, f"project_id: {ID}"),
        ({"project_id": "aaaaaaaa-bbbb"}, None),
        ({"billing_account_id": "x" * 256}, "billing_account_id: must have at most 255 characters"),
        ({"billing_account_id": "a\x07"}, "billing_account_id: must not hold control characters"),
        ({"cloud_env": None}, "cloud_env: must be an object"),
        ({"cloud_env": "http://keystone"}, "cloud_env: must be an object"),
        ({"cloud_env": E1 | {"auth_url": "keystone:5000"}}, "cloud_env.auth_url: must be an http or https URL"),
        ({"cloud_env": E1 | {"auth_url": "file:///etc/passwd"}}, "cloud_env.auth_url: must be an http or https URL"),
        ({"cloud_env": E1 | {"auth_url": "http://h:99999"}}, "cloud_env.auth_url: must be an http or https URL"),
        (
            {"cloud_env": E1 | {"auth_url": "http://u:p@h/v3"}},
            "cloud_env.auth_url: must be a URL without user, password, query or fragment",
        ),
        (
            {"cloud_env": E1 | {"auth_url": "http://h/?x=/v3"}},
            "cloud_env.auth_url: must be a URL without user, password, query or fragment",
        ),
        ({"cloud_env": E1 | {"auth_url": "http://h\n.x"}}, "cloud_env.auth_url: must not hold control characters"),
        ({"cloud_env": E1 | {"password": ""}}, "cloud_env.password: must not be blank"),
        (
            {"cloud_env": E1 | {"password": "correct-horse" * 256}},
            "cloud_env.password: must have at most 255 characters",
        ),
        ({"cloud_env": E1 | {"user_domain_name": " "}}, f"cloud_env.user_domain_name: {BY_ID.format('user')}"),
        ({"cloud_env": E1 | {"project_name": {}}}, "cloud_env.project_name: must be a string"),
        (
            {"username": 1, "cloud_env": E1 | {"auth_url": 2}},
            "cloud_env.auth_url: must be a string; username: must be a string",
        ),
    ],
)
def test_a_bad_value_is_named_with_what_is_wrong(change: dict[str, Any], why: str | None) -> None:
    """A refused value is never quoted; a good request gets as far as a Keystone that cannot be reached."""
    answer = create_user_project(SIGN_UP | change)
    unreachable = error(502, "keystone_failed", "Keystone cannot be reached at cloud_env.auth_url.")
    assert answer == (error(400, "bad_request", why) if why else unreachable)


def test_required_fields_are_not_satisfied_by_those_of_cloud_env() -> None:
    """The older service accepted a field of cloud_env in place of a missing one of the same name (its defect 17)."""
    answer = create_user_project({"cloud_env": E1})
    assert answer == error(400, "bad_request", f"username: is required; {BLANK_PASSWORD}")


UNKNOWN = "({} is not known)"


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"user_name": "ann", "password": "correct-horse"}, f"username: is required {UNKNOWN.format('user_name')}"),
        # The UI sends some keys that no field has.
        ({"billing_acct_id": "x", "password": "correct-horse"}, "username: is required"),
        ({"username": "ann", "passwd": "zyxwv"}, f"{BLANK_PASSWORD} {UNKNOWN.format('passwd')}"),
        (
            {"pass": "zyxwv", "user": "ann", "colour": "red"},
            f"username: is required {UNKNOWN.format('user')}; {BLANK_PASSWORD} {UNKNOWN.format('pass')}",
        ),
        ({"username": "", "user_name": "ann", "password": "correct-horse"}, "username: must not be blank"),
        ({"username": "ann", "password": "", "passwd": "zyxwv"}, BLANK_PASSWORD),
    ],
)
def test_a_key_that_is_not_known_is_named_where_a_field_is_missing(request_: dict[str, Any], why: str) -> None:
    """Unknown keys are ignored, so a misspelt one would not be seen. One that is like the field is named."""
    assert create_user_project({"cloud_env": E1, **request_}) == error(400, "bad_request", why)


def test_a_key_that_is_not_known_is_named_with_its_own_object() -> None:
    """A misspelt field of cloud_env, cloud_env itself misspelt, and a change of nothing are told alike."""
    without = {key: value for key, value in E1.items() if key != "auth_url"}
    answer = create_user_project(SIGN_UP | {"cloud_env": without | {"auth_uri": E1["auth_url"]}})
    assert answer == error(400, "bad_request", "cloud_env.auth_url: is required (auth_uri is not known)")
    _, body = create_user_project({"username": "ann", "password": "correct-horse", "cloud-env": E1})
    assert isinstance(body, dict)
    assert body["message"].startswith(
        "cloud_env.auth_url: is required (cloud-env is not known); cloud_env.password: is "
    )
    assert body["message"].count("cloud-env") == 1
    change = {"cloud_user_id": "0" * 32, "new_data": {"pasword": "zyxwv"}}
    nothing = "user_info.new_data: holds nothing to change: neither email nor password (pasword is not known)"
    assert change_user_details({"cloud_env": E1, "user_info": change}) == error(400, "bad_request", nothing)


@pytest.mark.parametrize(
    "key",
    [
        "user\nname",
        "user name",
        "usernamé",
        "user\u202ename",
        "username" * 6,
        "correct-horse",
        "S3cr3tWord",
        "horse",
        "my-long-password-of-the-cloud",
        7,
        None,
        b"user_name",
        ("user", "name"),
    ],
)
def test_a_key_that_may_be_anything_is_not_named(key: object) -> None:
    """A key may be long, unprintable or a secret that went astray, and the message goes into the log."""
    env = E1 | {"password": "long-password"}
    answer = create_user_project({"cloud_env": env, "password": "correct-horse", key: "x"})
    assert answer == error(400, "bad_request", "username: is required")


def test_few_of_many_keys_are_named() -> None:
    """However many a caller sends, the message stays short, and nobody waits for it."""
    keys = {f"key{'_' * (number % 30)}{chr(97 + number % 26)}{'x' * (number // 780)}": "" for number in range(5000)}
    _, body = create_user_project(SIGN_UP | {"cloud_env": keys})
    assert isinstance(body, dict)
    assert len(body["message"]) < 1000


@pytest.mark.parametrize(
    ("new_data", "why"),
    [
        ({"password": None}, ".password: must not be null or blank"),
        ({"password": " \t"}, ".password: must not be null or blank"),
        ({"password": 5}, ".password: must be a string"),
        ({"password": None, "email": "ann@site.example"}, ".password: must not be null or blank"),
        ({}, ": holds nothing to change: neither email nor password"),
        ({"email": None}, ": holds nothing to change: neither email nor password"),
    ],
)
def test_a_change_of_nothing_or_to_no_password_is_refused(new_data: dict[str, Any], why: str) -> None:
    """At a 2xx the UI would overwrite the password that it stores."""
    request = {
        "cloud_env": SIGN_UP["cloud_env"],
        "user_info": {"cloud_user_id": "0" * 32, "new_data": new_data},
    }
    assert change_user_details(request) == error(400, "bad_request", f"user_info.new_data{why}")
