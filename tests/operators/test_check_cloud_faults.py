"""POST /check_cloud where Keystone, or the way to it, is at fault: the answer names what was seen, and no more."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.check_cloud import check_cloud
from tests.operators.test_check_cloud import USUAL, checked, not_ok, seen
from tests.support.answers import refusal
from tests.support.fixtures import SettingsFile
from tests.support.keystone import ADMIN_PASSWORD, Keystone
from tests.support.ports import free_ports
from tests.support.proxy import Answered, Exchange, Proxy, proxy
from tests.support.tls import Certificates

JSON = {"Content-Type": "application/json"}
NOT_CHECKED = "This was not checked, because of the problem with {}."


@pytest.fixture
def env(cloud: Keystone, before: Proxy) -> dict[str, Any]:
    """Returns a cloud environment that reaches Keystone through the proxy."""
    return cloud.cloud_env() | {"auth_url": before.auth_url}


def stopped_at(env: dict[str, Any]) -> tuple[str, str, str]:
    """Returns the one check that is a problem, with its message and remedy. Asserts that what needs it says so."""
    ready, items = checked(env)
    [problem] = [item for several in items.values() for item in several if item["state"] == "problem"]
    after = [one for check in ("credentials", "scope", "read", "roles", "passwords") for one in items[check]]
    assert not ready
    assert {one["message"] for one in after} == {NOT_CHECKED.format(problem["check"])}
    return problem["check"], problem["message"], problem["remedy"]


def test_where_nobody_listens_is_told(cloud: Keystone) -> None:
    """It is an item, and no error: the operator asked whether it works."""
    nobody = f"http://127.0.0.1:{free_ports('keystone')['keystone']}/v3"
    assert stopped_at(cloud.cloud_env() | {"auth_url": nobody}) == (
        "reachable",
        "Keystone cannot be reached at cloud_env.auth_url.",
        "Look whether Keystone runs, and at host and port of auth_url and firewalls.",
    )


def test_a_redirect_is_told(env: dict[str, Any], before: Proxy) -> None:
    """No password is sent."""
    before.instead = lambda _method, _path: (302, {"Location": "http://elsewhere.example/v3"}, b"")
    check, message, remedy = stopped_at(env)
    assert (check, remedy) == ("redirect", "Put the URL that it leads to into cloud_env.auth_url.")
    assert message == "What answers at cloud_env.auth_url redirects (302) to a URL that the log has."
    assert {*before.calls} == {("GET", "")}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            (404, {"Content-Type": "text/html"}, b"<h1>none</h1>"),
            "cloud_env.auth_url answered 404 with a page in place",
        ),
        ((200, JSON, b'{"versions": []}'), "What answers at cloud_env.auth_url is not a Keystone v3."),
        ((200, JSON, b'{"version": {"id": "v2.0"}}'), "What answers at cloud_env.auth_url is not a Keystone v3."),
        ((200, {"Content-Type": "text/html"}, b"hello"), "cloud_env.auth_url answered 200 with a page in place"),
    ],
)
def test_what_is_no_keystone_gets_no_password(env: dict[str, Any], before: Proxy, answer: Answered, told: str) -> None:
    """A wrong path in the URL, or another server at the port, is found before anything is sent there."""
    before.instead = lambda _method, _path: answer
    check, message, remedy = stopped_at(env)
    assert (check, message.startswith(told)) == ("version", True)
    assert "path of auth_url" in remedy
    assert {*before.calls} == {("GET", "")}


def test_an_old_version_is_warned_of(env: dict[str, Any], before: Proxy) -> None:
    """It may work all the same."""
    before.instead = lambda _method, path: None if path else (200, JSON, b'{"version": {"id": "v3.8"}}')
    ready, items = checked(env)
    assert (ready, seen(items)) == (True, {"version": "warning"})


@pytest.mark.parametrize(
    ("leaf", "told"),
    [
        ("expired", "The certificate of cloud_env.auth_url has expired, by the clock of this host."),
        ("other_name", "The certificate of cloud_env.auth_url is for another name."),
        ("unknown_authority", "The certificate of cloud_env.auth_url is signed by an authority that this service does"),
        ("self_signed", "The certificate of cloud_env.auth_url is signed by nobody but itself."),
    ],
)
def test_a_bad_certificate_is_told(
    cloud: Keystone, leaves: Certificates, settings_file: SettingsFile, leaf: str, told: str
) -> None:
    """The server was reached, and nothing was sent to it."""
    settings_file(f"user_handler: {{cacert: {leaves.authority}}}")
    with proxy(cloud.auth_url, getattr(leaves, leaf).context()) as front:
        check, message, _ = stopped_at(cloud.cloud_env() | {"auth_url": front.auth_url.replace("http:", "https:")})
        assert (check, message.startswith(told), front.calls) == ("tls", True, [])


def test_the_wrong_scheme_is_told(cloud: Keystone, before: Proxy, leaves: Certificates) -> None:
    """Whether http at a port with TLS, or https at one without."""
    with proxy(cloud.auth_url, leaves.good.context()) as front:
        check, message, remedy = stopped_at(cloud.cloud_env() | {"auth_url": front.auth_url})
    assert (check, message) == ("tls", "The port in cloud_env.auth_url speaks TLS.")
    assert remedy == "Put https in place of http."
    check, message, _ = stopped_at(cloud.cloud_env() | {"auth_url": before.auth_url.replace("http:", "https:")})
    assert (check, message) == ("tls", "The port in cloud_env.auth_url does not speak TLS.")


@pytest.mark.parametrize(("setting", "state"), [("cacert: {}", "ok"), ("insecure: true", "warning")])
def test_whether_the_certificate_is_verified_is_told(
    cloud: Keystone, leaves: Certificates, settings_file: SettingsFile, setting: str, state: str
) -> None:
    """A site that has switched it off for a trial is reminded."""
    settings_file(f"user_handler: {{{setting.format(leaves.authority)}}}")
    with proxy(cloud.auth_url, leaves.good.context()) as front:
        ready, items = checked(cloud.cloud_env() | {"auth_url": front.auth_url.replace("http:", "https:")})
    assert (ready, items["tls"][0]["state"], items["connections"][0]["state"]) == (True, state, "ok")


def closing(announced: bool) -> Callable[[Exchange], None]:
    """Returns the fault of a server that closes each connection after its answer."""

    def fault(exchange: Exchange) -> None:
        data = exchange.as_bytes(exchange.ask_keystone())
        exchange.send(data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) if announced else data)
        exchange.close_connection = True

    return fault


@pytest.mark.parametrize(("announced", "state"), [(False, "warning"), (True, "ok")])
def test_connections_that_are_closed_silently_are_told(
    env: dict[str, Any], before: Proxy, announced: bool, state: str
) -> None:
    """As a bare uWSGI does. With an announcement, it is no matter."""
    before.instead = lambda _method, _path: closing(announced)
    ready, items = checked(env)
    assert (ready, items["connections"][0]["state"]) == (True, state)


@pytest.mark.parametrize(
    ("hours", "told"), [(2, "7200 s ahead of this host's"), (-2, "7199 s behind this host's"), (0, "")]
)
def test_a_clock_that_is_wrong_is_told(env: dict[str, Any], before: Proxy, hours: int, told: str) -> None:
    """Keystone's own time is in its token. A proxy's header would tell the proxy's."""

    def issue(exchange: Exchange) -> None:
        status, headers, data = exchange.ask_keystone()
        body = json.loads(data)
        now = datetime.now(UTC) + timedelta(hours=hours)
        body["token"]["issued_at"] = now.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        exchange.reply((status, headers | {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}, json.dumps(body).encode()))

    before.instead = lambda _method, path: issue if path == "/auth/tokens" else None
    ready, items = checked(env)
    [item] = items["clock"]
    seconds = [str(7200 + more) for more in (-2, -1, 0, 1, 2)]
    found = any(told.replace("7200", one).replace("7199", one) in item["message"] for one in seconds)
    assert (ready, item["state"], found) == (True, "warning" if told else "ok", True)


PAGES: dict[str, Answered] = {
    "a page": (403, {"Content-Type": "text/html"}, b"<h1>Forbidden</h1>"),
    "JSON of another form": (404, JSON, b'{"message": "no route"}'),
    "a success": (200, JSON, b"{}"),
}
# All that a request needs: with a page at each of these, none could work.
NEEDED = {"read", "create_users", "change_users", "remove_users", "create_projects", "remove_projects"}
NEEDED |= {"revoke_roles", "roles", "accounts"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_place_of_keystone_proves_nothing(env: dict[str, Any], before: Proxy, page: str) -> None:
    """Behind the log-in, every call is answered so. Nothing looks allowed or forbidden, there or missing."""
    before.instead = lambda _method, path: None if path in ("", "/auth/tokens") else PAGES[page]
    ready, items = checked(env)
    wrong = not_ok(items)
    assert (ready, {wrong.get(check) for check in NEEDED}) == (False, {"problem"})
    assert {*seen(items)} - NEEDED == {"account_password", "passwords", "lists"}
    causes = ["in place of an answer in Keystone's form", "is not a Keystone v3", "has changed what does not exist"]
    causes.append("something else than a list of Keystone's")
    # In place of a list or an object that it lacks, each message names the page, and a 404 that names nothing is none.
    for check in NEEDED | {"passwords", "lists", "names_in_use"}:
        for item in items[check]:
            assert any(cause in item["message"] for cause in causes) or item["message"] == NOT_CHECKED.format("roles")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("login", [1, 2])
def test_a_page_in_place_of_a_log_in_is_no_refusal(env: dict[str, Any], before: Proxy, page: str, login: int) -> None:
    """Nobody goes and changes a password that is right."""

    def instead(_method: str, path: str) -> Answered | None:
        return PAGES[page] if path == "/auth/tokens" and before.tokens() >= login else None

    before.instead = instead
    ready, items = checked(env)
    check = {1: "credentials", 2: "scope"}[login]
    assert (ready, items[check][0]["state"]) == (False, "problem")
    assert "refuses" not in items[check][0]["message"] + items[check][0]["remedy"]
    assert "auth_url" in items[check][0]["message"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 503])
def test_no_item_has_what_keystone_quotes_of_a_secret(
    env: dict[str, Any], before: Proxy, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Keystone may quote the password, and what answers in its place the token."""

    def quote(exchange: Exchange) -> None:
        token = exchange.headers.get("X-Auth-Token", ADMIN_PASSWORD)
        exchange.reply(refusal(status, f"Not good: {ADMIN_PASSWORD}, and {token[:40]} is no better."))

    for quoted in (("/auth/tokens",), ("/users", "/projects", "/roles", "/role_assignments")):
        before.instead = lambda _method, path, quoted=quoted: quote if path.startswith(quoted) else None  # type: ignore[misc]
        status_of_answer, body = check_cloud({"cloud_env": env})
        assert status_of_answer == 200
        for secret in (ADMIN_PASSWORD, "gAAAA"):
            assert secret not in json.dumps(body) + caplog.text


@pytest.mark.parametrize(
    ("hangs", "check"),
    [(("GET", ""), "reachable"), (("POST", "/auth/tokens"), "credentials"), (("POST", "/projects"), "create_projects")],
)
def test_a_keystone_that_hangs_is_told_within_the_deadline(
    env: dict[str, Any], before: Proxy, settings_file: SettingsFile, hangs: tuple[str, str], check: str
) -> None:
    """What was seen until then is answered."""
    settings_file("user_handler: {deadline: 1.5}")

    def hang(method: str, path: str) -> None:
        if (method, path) == hangs:
            before.over.wait(30)

    before.instead = hang
    ready, items = checked(env)
    assert (ready, items[check][0]["state"]) == (False, "problem")
    assert items[check][0]["message"].startswith("Keystone took too long to ")
    assert items["project_names"][0]["state"] == "ok"
    assert not_ok(items).keys() >= USUAL
