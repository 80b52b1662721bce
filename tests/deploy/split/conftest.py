"""Provides the two servers of a site, and the web servers in front of them."""

from collections.abc import Iterator

import pytest

from lib.settings.loading import PATH_VARIABLE, TEXT_VARIABLE
from tests.deploy.split.fronts import FILES, Front, Site, front
from tests.support.older_server import OlderServer, older_server
from tests.support.ports import free_ports
from tests.support.service import Service, service
from tests.support.tls import Certificates


@pytest.fixture(scope="session")
def older() -> Iterator[OlderServer]:
    """Runs a stand-in for the older server."""
    with older_server() as running:
        yield running


@pytest.fixture(scope="session")
def user_handler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Runs UserHandler with the default settings."""
    text = f"user_handler: {{log_file: {tmp_path_factory.mktemp('user-handler')}/log}}"
    with service(**{PATH_VARIABLE: "", TEXT_VARIABLE: text}) as running:
        yield running


@pytest.fixture(scope="session")
def site(user_handler: Service, older: OlderServer) -> Site:
    """Returns the site of these two servers, without TLS."""
    return Site(str(user_handler.url).removeprefix("http://"), older.address)


@pytest.fixture(scope="session", params=FILES)
def plain(site: Site, request: pytest.FixtureRequest) -> Iterator[Front]:
    """Runs each web server before the site."""
    with front(request.param, site) as running:
        yield running


@pytest.fixture(scope="session", params=FILES)
def tls(site: Site, leaves: Certificates, request: pytest.FixtureRequest) -> Iterator[Front]:
    """Runs each web server before the site, with TLS."""
    with front(request.param, Site(site.user_handler, site.older_server, leaves.good)) as running:
        yield running


@pytest.fixture(scope="session", params=[f"{name}-{scheme}" for name in FILES for scheme in ("http", "https")])
def either(site: Site, leaves: Certificates, request: pytest.FixtureRequest) -> Iterator[Front]:
    """Runs each web server before the site, without TLS and with it."""
    name, _, scheme = str(request.param).partition("-")
    leaf = leaves.good if scheme == "https" else None
    with front(name, Site(site.user_handler, site.older_server, leaf)) as running:
        yield running


@pytest.fixture(params=["", "/"], ids=["without-slash", "with-slash"])
def base(either: Front, request: pytest.FixtureRequest) -> str:
    """Returns the base URL that an admin enters in the UI, with and without a slash at its end."""
    return f"{either.url}{request.param}"


@pytest.fixture
def nobody() -> str:
    """Returns a host:port at which nothing listens."""
    return f"127.0.0.1:{free_ports('nobody')['nobody']}"


@pytest.fixture(autouse=True)
def _trust(leaves: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets clients trust the authority of the certificates."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(leaves.authority))
