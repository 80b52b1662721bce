"""Tests that no way of writing a path leads around the split: what is compared is what is passed on."""

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.deploy.split.fronts import Front
from tests.deploy.split.tables import routes_of_the_ui
from tests.support.older_server import NAME

OF_THE_UI = {path for _, path in routes_of_the_ui()}
# Each is the same to the older server, and to UserHandler, as the path on its right.
WRITTEN = {
    "//user": "/user",
    "///user": "/user",
    "/./user": "/user",
    "/x/../user": "/user",
    "/x/y/../..//user": "/user",
    "/x/%2e%2E/user": "/user",
    "/x%2F..%2fuser": "/user",
    "/%2fuser": "/user",
    "/%2Fuser": "/user",
    "/%75ser": "/user",
    "/us%65%72": "/user",
    "/team/..%2Fuser": "/user",
    "/user?x=1": "/user",
    "//?x=1": "/",
    "http://site.example/%75ser": "/user",
    "http://site.example//statistics": "/statistics",
    "http://site.example/x/..//user": "/user",
    "//statistics": "/statistics",
    "//team//limits": "/team/limits",
    "/team/..%2Fuser/quotas": "/user/quotas",
    "/team/%2e%2e/user/quotas": "/user/quotas",
    "/team/a%2Fb/quotas": "/team/a/b/quotas",
    "/team/%252e%252e/quotas": "/team/%2e%2e/quotas",
    "/%2575ser": "/%75ser",
    "/user/": "/user/",
    "/users": "/users",
    "/USER": "/USER",
    "/user;x": "/user;x",
    "/user.": "/user.",
    "/user%20": "/user ",
    "/user%09": "/user\t",
    "/user%0A": "/user\n",
    "/user%3Fx": "/user?x",
    "/user%23x": "/user#x",
    "/user%0D%0AX-Injected:%20yes": "/user\r\nX-Injected: yes",
    "/x%20HTTP/1.1%0d%0aX-Injected:%20yes%0d%0a%0d%0a": "/x HTTP/1.1\r\nX-Injected: yes\r\n\r\n",
    "/key_pairs/%C3%B6%E2%82%AC": "/key_pairs/ö€",
    "/key_pairs/a%5Cb": "/key_pairs/a\\b",
}


def asked(front: Front, target: str, method: str = "PUT") -> tuple[int, dict[str, Any]]:
    """Sends this very target, and returns status and JSON of the answer. UserHandler serves no path for PUT."""
    with closing(HTTPConnection(urlsplit(front.url).netloc, timeout=60)) as connection:
        headers = {"Content-Type": "application/json", "Host": "site.example"}
        connection.request(method, target, body=b"{}", headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize("target", WRITTEN)
def test_a_path_leads_to_the_same_server_however_it_is_written(plain: Front, target: str) -> None:
    """The older server gets the path without an escape, a dot or a slash that could make it another."""
    status, told = asked(plain, target)
    if WRITTEN[target] in OF_THE_UI:
        assert (status, told["error"]) == (405, "method_not_allowed")
    else:
        assert (status, told["server"], told["path"]) == (200, NAME, WRITTEN[target])
        assert "X-Injected" not in told["headers"]


@pytest.mark.parametrize("target", ["/%zz", "/%7", "/%", "/user%"])
def test_an_escape_that_is_none_is_refused(plain: Front, target: str) -> None:
    """The two servers might read it in different ways."""
    status, told = asked(plain, target)
    assert (status, told["error"]) == (400, "bad_request")


PIECES = [
    "/",
    "//",
    "%2F",
    "%2f",
    "..",
    ".",
    "%2e",
    "%2E%2e",
    "user",
    "%75ser",
    "team",
    "x",
    "%25",
    "%",
    ";",
    "%00",
    "\\",
]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8))
def test_no_path_of_the_ui_reaches_the_older_server(plain: Front, pieces: list[str]) -> None:
    """Nor does any other path reach UserHandler. The older server gets no path that Flask would redirect."""
    target = "/" + "".join(pieces)
    status, told = asked(plain, target)
    if told.get("server") == NAME:
        assert status == 200
        assert told["path"] not in OF_THE_UI
        assert "//" not in told["path"]
    else:
        assert (status, told["error"]) in {(405, "method_not_allowed"), (400, "bad_request")}
