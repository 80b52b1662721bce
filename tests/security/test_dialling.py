"""Tests that the service connects only to Keystones that the settings allow, and never to metadata addresses."""

import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import ValidationError

from functions.create_user_project import create_user_project
from lib.call.log_format import AsLine
from lib.errors import AuthUrlNotAllowed
from lib.keystone.client import allowed_hosts
from lib.request.model import CloudEnv
from tests.support.answers import error
from tests.support.census import finished
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone
from tests.support.proxy import Answered, Exchange, Proxy, proxy
from tests.support.tls import Certificates

NOT_LISTED = error(
    403, "auth_url_not_allowed", "cloud_env.auth_url is not under any of the URLs in the setting allowed_auth_urls."
)
NEVER = error(
    403,
    "auth_url_not_allowed",
    "cloud_env.auth_url leads to a link-local or metadata address, where no Keystone is. If one is there all the same,"
    " put its URL into the setting allowed_auth_urls.",
)


def checked(auth_url: str) -> str:
    """Returns the URL that a request with this auth_url connects to. Raises if the request would be refused."""
    env = CloudEnv.model_validate({"auth_url": auth_url, "user_id": "x", "project_id": "x", "password": "x"})
    allowed_hosts.check(env.auth_url)
    return env.auth_url


@pytest.mark.parametrize(
    ("allowed", "auth_url"),
    [
        ("http://keystone.example:5000", "http://keystone.example:5000"),
        ("http://keystone.example:5000", "http://keystone.example:5000/v3/"),
        ("http://keystone.example:5000/v3", "http://keystone.example:5000"),
        ("http://keystone.example:5000/", "http://KEYSTONE.example:5000/identity/v3"),
        ("https://keystone.example", "https://keystone.example:443/v3"),
        ("https://keystone.example:443/identity", "https://keystone.example/identity"),
        ("https://keystone.example/identity/v3", "https://keystone.example/x/../identity/v3"),
        ("http://127.0.0.1:5000", "http://127.1:5000"),
        ("http://[::1]:5000", "http://[0:0:0:0:0:0:0:1]:5000/v3"),
        ("http://169.254.7.7:5000", "http://169.254.7.7:5000"),
    ],
)
def test_an_allowed_keystone_may_be_written_in_any_way(
    settings_file: SettingsFile, allowed: str, auth_url: str
) -> None:
    """The URLs of the setting and the request are compared in normal form, so that either may be spelled in any way."""
    settings_file(json.dumps({"user_handler": {"allowed_auth_urls": ["http://other.example", allowed]}}))
    assert checked(auth_url).endswith("/v3")


@pytest.mark.parametrize(
    "auth_url",
    [
        "http://keystone.example:5000/identity",
        "https://keystone.example:5001/identity",
        "https://keystone.example/identity",
        "https://keystone.example:5000",
        "https://keystone.example:5000/",
        "https://keystone.example:5000/identity2",
        "https://keystone.example:5000/identity-evil/v3",
        "https://keystone.example:5000/identity/../evil",
        "https://keystone.example:5000/identity/%2e%2e/evil",
        "https://keystone.example.:5000/identity",
        "https://keystone.example.evil.example:5000/identity",
        "https://evil.example:5000/identity",
        "https://ķeystone.example:5000/identity",
        "https://127.0.0.1:5000/identity",
        "https://[::1]:5000/identity",
    ],
)
def test_nothing_but_an_allowed_keystone_is_dialled(settings_file: SettingsFile, auth_url: str) -> None:
    """A URL is allowed only if scheme, host and port are equal and its path is the allowed path or under it."""
    settings_file('user_handler: {allowed_auth_urls: ["https://keystone.example:5000/identity"]}')
    with pytest.raises(AuthUrlNotAllowed):
        checked(auth_url)


@pytest.mark.parametrize(
    "auth_url",
    [
        "https://keystone.example:5000@evil.example/identity",
        "https://keystone.example:5000\\@evil.example/identity",
        "https://evil.example:5000/https://keystone.example:5000/identity",
        "https://x:y@keystone.example:5000/identity",
        "https://keystone.example:5000/identity?x=y",
        "https://keystone.example:5000/identity#@evil.example",
        "https://keystone.example:5000/identity/..%2f..%2fevil",
        "https://keystone.example:5000/identity;x=y",
        "https://keystone.example:0/identity",
        "https://keystone.example:99999/identity",
        "https://keystone .example:5000/identity",
        "https://keystone%00.example:5000/identity",
        "https://[fe80::1%25eth0]:5000/identity",
        "file:///etc/passwd",
        "gopher://keystone.example:5000/identity",
        "//keystone.example:5000/identity",
        "keystone.example:5000/identity",
        "https://",
    ],
)
def test_a_url_that_two_could_read_differently_is_no_url(auth_url: str) -> None:
    """A URL that two parsers may read differently is invalid, whether or not allowed_auth_urls is set."""
    with pytest.raises(ValidationError, match="auth_url"):
        checked(auth_url)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "2852039166",
        "0xa9fea9fe",
        "0xA9.0xFE.0xA9.0xFE",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.16689662",
        "%31%36%39.254.169.254",
        "\uff11\uff16\uff19.254.169.254",
        "169。254。169。254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[0:0:0:0:0:ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[64:ff9b:1:a9fe:a9:fe00::]",
        "[fe80::1]",
        "[fe80::a9fe:a9fe]",
        "[febf::1]",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_link_local_and_metadata_addresses_are_dialled_in_no_spelling(scheme: str, host: str) -> None:
    """Link-local and metadata addresses are refused in every spelling, also if allowed_auth_urls is not set."""
    with pytest.raises(AuthUrlNotAllowed):
        checked(f"{scheme}://{host}/latest/meta-data")


def test_what_is_refused_is_answered_403_and_told_to_the_log(
    settings_file: SettingsFile, request_of: RequestOf, cloud: Keystone, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer and the log line name the setting allowed_auth_urls. Only the log line adds the host or the URL."""
    env = cloud.cloud_env() | {"auth_url": "http://169.254.169.254"}
    assert create_user_project(request_of(cloud_env=env)) == NEVER
    settings_file('user_handler: {allowed_auth_urls: ["http://keystone.example"]}')
    assert create_user_project(request_of()) == NOT_LISTED
    first, second = caplog.messages
    assert "allowed_auth_urls" in first
    assert first.endswith("; detail: 169.254.169.254; repeat: does not help")
    assert "allowed_auth_urls" in second
    assert second.endswith(f"; detail: {cloud.auth_url}; repeat: does not help")


def test_what_is_not_allowed_sees_no_connection(settings_file: SettingsFile, request_of: RequestOf) -> None:
    """A URL that is not allowed is refused without opening a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.5)
        env = {"auth_url": f"http://127.0.0.1:{listening.getsockname()[1]}", "user_id": "x", "project_id": "x"}
        settings_file('user_handler: {allowed_auth_urls: ["http://127.0.0.1:1"]}')
        assert create_user_project(request_of(cloud_env=env | {"password": "x"})) == NOT_LISTED
        with pytest.raises(TimeoutError):
            listening.accept()


def test_a_sign_up_at_an_allowed_keystone_is_as_ever(
    settings_file: SettingsFile, cloud: Keystone, login: str, request_of: RequestOf
) -> None:
    """A sign-up works if the setting allowed_auth_urls lists its Keystone."""
    settings_file(json.dumps({"user_handler": {"allowed_auth_urls": [cloud.auth_url]}}))
    assert create_user_project(request_of()) == finished(cloud, login)


@pytest.fixture
def elsewhere() -> Iterator[Proxy]:
    """Runs a server that no call may reach."""
    with proxy("http://127.0.0.1:9") as running:
        running.instead = lambda _method, _path: (200, {"Content-Type": "application/json"}, b"{}")
        yield running


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("where", [0, 1, 5, 6, 8])
def test_a_redirect_leads_nowhere(before: Proxy, elsewhere: Proxy, through: RequestOf, status: int, where: int) -> None:
    """A redirect is not followed, whether it answers the log-in, a look-up, the creation or a grant."""

    def redirect(_method: str, path: str) -> Answered | None:
        away = {"Location": f"{elsewhere.auth_url}{path}", "Content-Type": "application/json"}
        return (status, away, b"{}") if len(before.calls) > where else None

    before.instead = redirect
    why = (
        f"What answers at cloud_env.auth_url redirects ({status}) to a URL that the log has. Put the URL that it leads"
        " to into cloud_env.auth_url."
    )
    assert create_user_project(through()) == error(502, "not_a_keystone", why)
    assert elsewhere.calls == []


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize(
    ("location", "host", "logged"),
    [
        ("https://elsewhere.example:5000/v3/x?code=correct-horse#x", "https://elsewhere.example:5000", "/v3/x"),
        ("https://ann:correct-horse@elsewhere.example/", "https://elsewhere.example", "/"),
        ("//elsewhere.example", "http://elsewhere.example", ""),
        ("https://elsewhere.example/\x1b[2Jcorrect-horse", "https://elsewhere.example", "***"),
        ("/login", "", "/login"),
    ],
)
def test_where_a_redirect_leads_is_told_in_the_log_or_where_operators_say_what_is_dialled(
    before: Proxy,
    through: RequestOf,
    settings_file: SettingsFile,
    caplog: pytest.LogCaptureFixture,
    location: str,
    host: str,
    logged: str,
    allowed: bool,
) -> None:
    """The target of a redirect is in the answer only if allowed_auth_urls is set, and in the log without its secrets.

    Without the setting, callers choose what the service connects to, and could learn from redirects which hosts exist.
    """
    here = before.auth_url.removesuffix("/v3")
    if allowed:
        settings_file(json.dumps({"user_handler": {"allowed_auth_urls": [here]}}))
    before.instead = lambda _method, _path: (302, {"Location": location}, b"")
    told = f"to {host or here}" if allowed else "to a URL that the log has"
    why = (
        f"What answers at cloud_env.auth_url redirects (302) {told}. Put the URL that it leads to into"
        " cloud_env.auth_url."
    )
    assert create_user_project(through()) == error(502, "not_a_keystone", why)
    assert f"; detail: answered 302 with a redirect to {host or here}{logged}; repeat: does not help" in caplog.text
    assert "correct-horse" not in caplog.text


@pytest.mark.parametrize("status", [300, 304, 306])
def test_a_3xx_without_a_target_is_no_success(before: Proxy, through: RequestOf, status: int) -> None:
    """A 3xx without a target is retried and then answered 502, even if its body is JSON like a success of Keystone."""
    before.instead = lambda _method, _path: (status, {"Content-Type": "application/json"}, b'{"token": {}}')
    status, body = create_user_project(through())
    assert isinstance(body, dict)
    assert (status, body["error"]) == (502, "unclear_answer")
    assert before.tokens() == 3


def test_a_catalog_leads_nowhere(
    cloud: Keystone, login: str, before: Proxy, elsewhere: Proxy, through: RequestOf
) -> None:
    """The service ignores the endpoints in a token's catalog, and sends every call to the auth_url of the request."""

    def with_catalog(exchange: Exchange) -> None:
        status, headers, data = exchange.ask_keystone()
        token = json.loads(data)
        urls = [
            {"id": name, "interface": name, "region": "x", "region_id": "x", "url": elsewhere.auth_url}
            for name in ("public", "internal", "admin")
        ]
        token["token"]["catalog"] = [{"id": "x", "type": "identity", "name": "keystone", "endpoints": urls}]
        exchange.reply((status, headers, json.dumps(token).encode()))

    before.instead = lambda _method, path: with_catalog if path == "/auth/tokens" else None
    assert create_user_project(through()) == finished(cloud, login)
    assert elsewhere.calls == []


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, cloud: Keystone, login: str, elsewhere: Proxy, request_of: RequestOf, variable: str
) -> None:
    """Proxies in the environment are ignored, so that passwords go to the auth_url alone."""
    with monkeypatch.context() as environment:
        environment.setenv(variable, elsewhere.auth_url.removesuffix("/v3"))
        # On a machine with no_proxy for loopback, the test would pass even if the service used the proxy.
        for exception in ("no_proxy", "NO_PROXY"):
            environment.delenv(exception, raising=False)
        answer = create_user_project(request_of())
    assert answer == finished(cloud, login)
    assert elsewhere.calls == []


def resolving(*answers: str) -> Callable[..., list[Any]]:
    """Returns a resolver that gives these addresses in turn for any name, and then the last one every time."""
    left = [*answers]

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        address = host if host[0].isdigit() else left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    return resolve


def test_a_name_of_a_metadata_service_is_not_dialled(monkeypatch: pytest.MonkeyPatch, request_of: RequestOf) -> None:
    """A name is refused if it resolves to a metadata address."""
    monkeypatch.setattr(socket, "getaddrinfo", resolving("169.254.169.254"))
    env = {"auth_url": "http://metadata.example/", "user_id": "x", "project_id": "x", "password": "x"}
    assert create_user_project(request_of(cloud_env=env)) == NEVER


def test_a_name_that_changes_its_mind_is_dialled_where_it_was_checked(
    monkeypatch: pytest.MonkeyPatch, request_of: RequestOf
) -> None:
    """Each try resolves the name once and connects to the address that was checked, so a changed address is refused."""
    monkeypatch.setattr(allowed_hosts, "_NEVER", [ip_network("127.0.0.2")])
    monkeypatch.setattr(socket, "getaddrinfo", resolving("127.0.0.1", "127.0.0.2"))
    with socket.create_server(("127.0.0.2", 0)) as forbidden:
        forbidden.settimeout(0.5)
        port = forbidden.getsockname()[1]
        with socket.create_server(("127.0.0.1", port)) as good:
            env = {"auth_url": f"http://rebound.example:{port}", "user_id": "x", "project_id": "x", "password": "x"}
            threading.Thread(target=lambda: good.accept()[0].close(), daemon=True).start()
            status, _ = create_user_project(request_of(cloud_env=env))
        # The first try connected to the allowed address. The next one resolved the name to the forbidden address.
        assert status == 403
        with pytest.raises(TimeoutError):
            forbidden.accept()


@pytest.mark.parametrize("first", ["127.0.0.3", "169.254.169.254", "fe80::1%lo"])
def test_the_next_address_of_a_name_is_tried(
    monkeypatch: pytest.MonkeyPatch, cloud: Keystone, login: str, request_of: RequestOf, first: str
) -> None:
    """If the first address of a name fails or is forbidden, the next one is tried, as for a host with IPv6 and IPv4."""
    monkeypatch.setattr(socket, "getaddrinfo", two_addresses(socket.getaddrinfo, first))
    port = cloud.auth_url.split(":")[2]
    env = cloud.cloud_env() | {"auth_url": f"http://two.example:{port}"}
    assert create_user_project(request_of(cloud_env=env)) == finished(cloud, login)


def two_addresses(resolve: Callable[..., Any], first: str) -> Callable[..., Any]:
    """Returns a resolver that gives two.example this first address, at which nothing listens, and then loopback."""

    def both(host: str, port: int, *more: Any, **other: Any) -> Any:
        if host != "two.example":
            return resolve(host, port, *more, **other)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in (first, "127.0.0.1")]

    return both


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def dripping(first: bytes, then: bytes, context: ssl.SSLContext | None) -> Iterator[str]:
    """Yields the address of a server that sends each client `first` once, and then `then` until the client hangs up."""
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) if context else connection as wire:
            wire.sendall(first)
            while not over.wait(0.1):
                wire.sendall(then)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=[listening.accept()[0]], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("scheme", "first", "then"),
    [
        pytest.param("http", b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", id="headers"),
        pytest.param("http", b"HTTP/1.1 200 OK\r\nX-A: ", b"b", id="a header"),
        pytest.param("http", b"HTTP/1.1 ", b"2", id="a status line"),
        pytest.param("https", b"HTTP/1.1 ", b"2", id="a status line over TLS"),
        pytest.param("http", b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="100 Continue"),
        # These bytes announce a TLS handshake record of 16 KiB.
        pytest.param("https", b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", b"x", id="a handshake"),
        pytest.param("http", CHUNKED, b"1\r\nx\r\n", id="chunks"),
        pytest.param("http", CHUNKED + b"1;", b"x", id="the size of a chunk"),
        pytest.param("http", CHUNKED + b"2\r\n{}\r\n0\r\n", b"A: b\r\n", id="trailers"),
        pytest.param("http", CHUNKED.replace(b"chunked", b"identity"), b" ", id="a body to the end"),
        pytest.param("https", CHUNKED + b"1;", b"x", id="the size of a chunk over TLS"),
    ],
)
def test_whoever_answers_too_slowly_is_cut_off(
    settings_file: SettingsFile, request_of: RequestOf, leaves: Certificates, scheme: str, first: bytes, then: bytes
) -> None:
    """An answer that drips is cut off at the request's deadline, and no thread is left waiting for it."""
    settings_file("user_handler: {deadline: 1, insecure: true}")
    context = leaves.good.context() if scheme == "https" and not first.startswith(b"\x16") else None
    threads = threading.active_count()
    with dripping(first, then, context) as address:
        env = {"auth_url": f"{scheme}://{address}", "user_id": "x", "project_id": "x", "password": "x"}
        begun = time.monotonic()
        status, body = create_user_project(request_of(cloud_env=env))
        why = "Keystone took too long to log in. Repeat the request."
        assert (status, body) == error(504, "deadline_exceeded", why)
        assert time.monotonic() - begun < 5
        # The dripping server still runs, with one thread that accepts connections.
        until = time.monotonic() + 5
        while threading.active_count() > threads + 1 and time.monotonic() < until:
            time.sleep(0.05)
        assert threading.active_count() <= threads + 1


def packed(data: bytes, times: int) -> bytes:
    """Returns the data, compressed as many times as `times` says."""
    for _ in range(times):
        data = gzip.compress(data)
    return data


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({"Content-Encoding": "gzip, gzip"}, packed(b"0" * 2**26, 2), id="a packed answer"),
        pytest.param(
            {"Content-Type": "text/plain; charset=punycode"}, b"a" * 2**20 + b"-" + b"b" * 2**20, id="punycode"
        ),
        pytest.param({"X-Subject-Token": "\\" * 60_000}, b"{}", id="an endless token"),
        pytest.param({"X-OpenStack-Request-ID": "\\" * 60_000}, b"{}", id="an endless request id"),
        pytest.param({}, b'{"error": {"message": "' + b"\\\\" * 2**20 + b'"}}', id="endless backslashes"),
        pytest.param({}, b'{"error": {"message": "&#' + b"9" * 5000 + b'"}}', id="an endless number"),
        pytest.param({}, b'{"error": {"message": "bad \\ud800 thing"}}', id="half a character"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 404])
def test_an_answer_made_to_be_hard_work_is_little_work(
    before: Proxy,
    through: RequestOf,
    caplog: pytest.LogCaptureFixture,
    status: int,
    headers: dict[str, str],
    body: bytes,
) -> None:
    """An answer made to be costly takes little CPU time, is answered 400 or 502, and is logged in one short line."""
    begun = time.process_time()
    before.instead = lambda _method, _path: (status, {"Content-Type": "application/json", **headers}, body)
    answer = create_user_project(through())
    assert answer[0] in (400, 502)
    assert time.process_time() - begun < 5
    [record] = caplog.records
    assert len(LINE.format(record).encode()) < 4000


LINE = AsLine("%(message)s")
