"""Tests that nginx itself answers in each front as the other tests in this folder assume."""

import pytest
import requests

from functions.create_user_project import create_user_project
from tests.nginx import PAGE, Fronts
from tests.support.census import finished
from tests.support.fixtures import RequestOf, SettingsFile
from tests.support.keystone import Keystone
from tests.support.tls import Certificates


@pytest.mark.parametrize("front", ["plain", "tls", "own_pages", "small"])
def test_a_sign_up_goes_through(
    cloud: Keystone,
    fronts: Fronts,
    leaves: Certificates,
    front: str,
    login: str,
    request_of: RequestOf,
    settings_file: SettingsFile,
) -> None:
    """A sign-up works through a front that passes requests on, as long as Keystone does not refuse any of its calls."""
    settings_file(f"user_handler: {{cacert: {leaves.authority}}}")
    env = cloud.cloud_env() | {"auth_url": getattr(fronts, front)}
    assert create_user_project(request_of(cloud_env=env)) == finished(cloud, login)


def says(url: str, body: str = "{}") -> tuple[int, str, str]:
    """Returns status, type and text of the answer to a log-in with this body, without following redirects."""
    answer = requests.post(f"{url}/auth/tokens", data=body, allow_redirects=False, timeout=60)
    return answer.status_code, answer.headers["Content-Type"], answer.text


def page(title: str, text: str = "") -> str:
    """Returns the page that nginx makes of this title and text."""
    inside = f"<center><h1>{title}</h1></center>\r\n" + (f"<center>{text}</center>\r\n" if text else "")
    head = f"<html>\r\n<head><title>{f'400 {text}' if text else title}</title></head>\r\n<body>\r\n"
    return f"{head}{inside}<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"


def test_a_request_without_tls_is_refused_with_a_page(fronts: Fronts) -> None:
    """A port with TLS answers plain HTTP with a page of status 400, and neither sends an alert nor hangs up."""
    text = page("400 Bad Request", "The plain HTTP request was sent to HTTPS port")
    assert says(fronts.tls.replace("https:", "http:")) == (400, "text/html", text)


def test_a_redirect_names_the_same_path_with_tls(fronts: Fronts) -> None:
    """The redirect to TLS names the same path and query, as on a site that has moved to TLS."""
    answer = requests.get(f"{fronts.to_tls}/roles?name=x", allow_redirects=False, timeout=60)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{fronts.tls}/roles?name=x")


def test_keystones_refusals_are_replaced_by_a_page(fronts: Fronts) -> None:
    """A page in place of Keystone's 401 still has Keystone's header WWW-Authenticate."""
    wrong = {"methods": ["password"], "password": {"user": {"id": "nobody", "password": "x"}}}
    answer = requests.post(f"{fronts.own_pages}/auth/tokens", json={"auth": {"identity": wrong}}, timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"], answer.text) == (401, "text/html", PAGE)
    assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")


def test_without_a_route_it_is_a_404_in_plain_text(fronts: Fronts) -> None:
    """A front without a route answers 404 in plain text, as an ingress without a backend does."""
    assert says(fronts.default_backend) == (404, "text/plain", "default backend - 404")


def test_a_long_body_is_refused_with_a_page(fronts: Fronts) -> None:
    """A body above nginx's limit, which is lower than Keystone's, is answered 413 with a page by nginx."""
    assert says(fronts.small, "x" * 1025) == (413, "text/html", page("413 Request Entity Too Large"))


def test_more_than_a_request_a_minute_is_refused_with_a_page(fronts: Fronts) -> None:
    """A second request within a minute is answered 429 with a page. The first may be that of another test."""
    says(fronts.limited)
    assert says(fronts.limited) == (429, "text/html", page("429 Too Many Requests"))


def test_a_keystone_that_is_down_is_a_502_with_a_page(fronts: Fronts) -> None:
    """A front whose Keystone cannot be reached answers 502 with a page."""
    assert says(fronts.down) == (502, "text/html", page("502 Bad Gateway"))
