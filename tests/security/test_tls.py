"""Each reason why TLS with a Keystone fails is named with what helps, and the tests try that it helps."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from operator import attrgetter
from typing import Any
from urllib.parse import urlsplit

import pytest

from functions.create_user_project import create_user_project
from lib.endpoint import Answer
from lib.keystone.client import transport
from tests.support.answers import error
from tests.support.census import finished
from tests.support.fixtures import SettingsFile
from tests.support.keystone import Keystone
from tests.support.proxy import proxy
from tests.support.tls import OTHER_NAME, Certificates, Leaf

RequestTo = Callable[[str], dict[str, Any]]

CERTIFICATES = {
    "expired": "has expired, by the clock of this host. It is to be renewed where Keystone runs.",
    "other_name": "is for another name. Put a name that it is for into auth_url.",
    "unknown_authority": "is signed by an authority that this service does not know. Put the certificate of that"
    " authority into a file, and name the file in the setting cacert.",
    "self_signed": "is signed by nobody but itself. Put it into a file, and name the file in the setting cacert.",
}
SPEAKS_TLS = error(502, "not_a_keystone", "The port in cloud_env.auth_url speaks TLS. Put https in place of http.")
PLAIN = error(
    502,
    "not_a_keystone",
    "The port in cloud_env.auth_url does not speak TLS. Put http in place of https, or the port at which Keystone"
    " speaks https.",
)


@contextmanager
def tls(keystone: str, leaf: Leaf) -> Iterator[str]:
    """The URL of the Keystone behind TLS with this certificate."""
    with proxy(keystone, leaf.context()) as running:
        yield running.auth_url.replace("http:", "https:")


@pytest.fixture
def over_tls(cloud: Keystone, request_of: Callable[..., dict[str, Any]]) -> RequestTo:
    """Builds a sign-up for this auth_url."""
    return lambda auth_url: request_of(cloud_env=cloud.cloud_env() | {"auth_url": auth_url})


def not_verified(shown: str, more: str = "") -> Answer:
    """Returns the answer where the certificate is this one."""
    return error(502, "not_a_keystone", f"The certificate of cloud_env.auth_url {CERTIFICATES[shown]}{more}")


def test_https_is_verified(cloud: Keystone, leaves: Certificates, over_tls: RequestTo) -> None:
    """A certificate that none of the usual authorities has signed is refused."""
    with tls(cloud.auth_url, leaves.good) as url:
        assert create_user_project(over_tls(url)) == not_verified("unknown_authority")


@pytest.mark.parametrize(("shown", "trusted"), [("good", "authority"), ("self_signed", "self_signed.certificate")])
def test_https_is_verified_with_the_setting(
    cloud: Keystone,
    login: str,
    leaves: Certificates,
    settings_file: SettingsFile,
    over_tls: RequestTo,
    shown: str,
    trusted: str,
) -> None:
    """A certificate is accepted once `cacert` names its authority, or itself if self-signed, as refusals advise."""
    settings_file(f"user_handler: {{cacert: {attrgetter(trusted)(leaves)}}}")
    with tls(cloud.auth_url, getattr(leaves, shown)) as url:
        assert create_user_project(over_tls(url)) == finished(cloud, login)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("shown", CERTIFICATES)
def test_a_certificate_that_is_not_good_is_refused_for_what_is_wrong_with_it(
    cloud: Keystone,
    leaves: Certificates,
    settings_file: SettingsFile,
    over_tls: RequestTo,
    caplog: pytest.LogCaptureFixture,
    shown: str,
    host: str,
) -> None:
    """The answer tells the fault. Only the log has the certificate's name, because callers choose who shows it."""
    settings_file(f"user_handler: {{cacert: {leaves.authority}}}")
    with tls(cloud.auth_url, getattr(leaves, shown)) as url:
        answer = create_user_project(over_tls(url.replace("127.0.0.1", host)))
    assert answer == not_verified(shown)
    [line] = caplog.messages
    assert line.endswith("; repeat: does not help")
    assert (f"; the certificate is for {OTHER_NAME}; " in line) == (shown == "other_name")


def test_the_name_in_a_certificate_is_told_where_operators_say_what_is_dialled(
    cloud: Keystone,
    login: str,
    leaves: Certificates,
    settings_file: SettingsFile,
    over_tls: RequestTo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the setting, the answer tells the name, and with that name in auth_url the sign-up works."""
    resolve = socket.getaddrinfo

    def resolve_other(host: str, *more: Any, **other: Any) -> Any:
        return resolve("127.0.0.1" if host == OTHER_NAME else host, *more, **other)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_other)
    with tls(cloud.auth_url, leaves.other_name) as url:
        named = url.replace("127.0.0.1", OTHER_NAME)
        ours = {"allowed_auth_urls": [url, named], "cacert": str(leaves.authority)}
        settings_file(json.dumps({"user_handler": ours}))
        assert create_user_project(over_tls(url)) == not_verified("other_name", f" It is for {OTHER_NAME}.")
        assert create_user_project(over_tls(named)) == finished(cloud, login)


def test_insecure_must_be_asked_for(
    cloud: Keystone, login: str, leaves: Certificates, settings_file: SettingsFile, over_tls: RequestTo
) -> None:
    """Only with `insecure` is nothing verified."""
    settings_file("user_handler: {insecure: true}")
    with tls(cloud.auth_url, leaves.other_name) as url:
        assert create_user_project(over_tls(url)) == finished(cloud, login)


@contextmanager
def accepting(serve: Callable[[socket.socket], object]) -> Iterator[tuple[str, list[int]]]:
    """Yields the address of a server that serves each connection so, and the ports of those who have connected."""
    seen: list[int] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                wire, (_, port) = listening.accept()
                seen.append(port)
                threading.Thread(target=until_closed, args=[wire], daemon=True).start()

    def until_closed(wire: socket.socket) -> None:
        with suppress(OSError), wire:
            serve(wire)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}", seen
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def hand_on(wire: socket.socket, to: str) -> None:
    """Passes bytes between the connection and the server of this URL, both ways."""

    def pour(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    where = urlsplit(to)
    with socket.create_connection((where.hostname or "", where.port or 0)) as keystone:
        back = threading.Thread(target=pour, args=[keystone, wire], daemon=True)
        back.start()
        pour(wire, keystone)
        back.join()


def test_http_at_a_port_of_tls_is_told(cloud: Keystone, leaves: Certificates, over_tls: RequestTo) -> None:
    """A port of Python's TLS hangs up on plain HTTP, and the answer says that the port speaks TLS."""
    with tls(cloud.auth_url, leaves.good) as url:
        assert create_user_project(over_tls(url.replace("https:", "http:"))) == SPEAKS_TLS


def test_an_alert_of_tls_is_no_death(over_tls: RequestTo) -> None:
    """A port that answers plain HTTP with an alert of TLS is asked once, and the answer says that it speaks TLS."""

    def alert(wire: socket.socket) -> None:
        wire.recv(65536)
        wire.sendall(b"\x15\x03\x01\x00\x02\x02\x46")

    with accepting(alert) as (where, connected):
        assert create_user_project(over_tls(f"http://{where}")) == SPEAKS_TLS
    assert len(connected) == 1


def test_https_at_a_plain_port_is_told_after_one_wait(
    cloud: Keystone, over_tls: RequestTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain port waits for the rest of a TLS handshake. After one time-out, the service asks it without TLS."""
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.5)
    with accepting(lambda wire: hand_on(wire, cloud.auth_url)) as (where, connected):
        assert create_user_project(over_tls(f"https://{where}")) == PLAIN
    assert len(connected) == 2


def test_who_says_nothing_at_all_is_not_said_to_speak_either(
    over_tls: RequestTo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A Keystone that says nothing may only hang, so the answer does not say what the port speaks."""
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.5)
    over = threading.Event()
    with accepting(lambda _: over.wait(30)) as (where, connected):
        answer = create_user_project(over_tls(f"https://{where}"))
        over.set()
    why = "Keystone does not begin TLS at cloud_env.auth_url. Repeat the request."
    assert answer == error(502, "keystone_failed", why)
    assert len(connected) == 2
    assert caplog.messages[0].endswith("; repeat: helps")


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (65536, "The connection to cloud_env.auth_url ended while TLS began. Repeat the request."),
        # A peer that closes a connection before it has read everything resets it.
        (1, "Keystone cannot be reached at cloud_env.auth_url."),
    ],
)
def test_a_connection_that_ends_as_tls_begins_is_tried_again(
    over_tls: RequestTo, caplog: pytest.LogCaptureFixture, read: int, why: str
) -> None:
    """A connection that ends while TLS begins is tried again, as the server may be starting or stopping."""
    with accepting(lambda wire: wire.recv(read)) as (where, connected):
        answer = create_user_project(over_tls(f"https://{where}"))
    assert answer == error(502, "keystone_failed", why)
    assert len(connected) == 3
    assert caplog.messages[0].endswith("; repeat: helps")


def test_a_keystone_that_wants_a_certificate_of_ours_is_told_as_openssl_tells_it(
    leaves: Certificates, settings_file: SettingsFile, over_tls: RequestTo
) -> None:
    """No setting can give the service a certificate, so the answer tells what OpenSSL says."""
    settings_file(f"user_handler: {{cacert: {leaves.authority}}}")
    context = leaves.good.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(leaves.authority)

    def refuse(wire: socket.socket) -> None:
        raw = wire.dup()
        with raw, suppress(ssl.SSLError):
            try:
                context.wrap_socket(wire, server_side=True)
            finally:
                # Otherwise the answer, which is an alert, may come after the end of the connection.
                raw.recv(65536)

    with accepting(refuse) as (where, connected):
        answer = create_user_project(over_tls(f"https://{where}"))
    assert len(connected) == 1
    why = "No TLS is possible with cloud_env.auth_url: TLSV13_ALERT_CERTIFICATE_REQUIRED."
    assert answer == error(502, "not_a_keystone", why)


def test_a_plain_keystone_that_is_down_is_not_said_to_speak_tls(over_tls: RequestTo) -> None:
    """Nobody listens at the port, so the answer only says that Keystone cannot be reached."""
    why = "Keystone cannot be reached at cloud_env.auth_url."
    assert create_user_project(over_tls("http://127.0.0.1:1")) == error(502, "keystone_failed", why)
