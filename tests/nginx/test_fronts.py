"""What nginx itself answers in each front. The other tests rely on it."""

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
    """A sign-up that Keystone does not refuse works through nginx."""
    settings_file(f"user_handler: {{cacert: {leaves.authority}}}")
    env = cloud.cloud_env() | {"auth_url": getattr(fronts, front)}
    assert create_user_project(request_of(cloud_env=env)) == finished(cloud, login)


def says(url: str, body: str = "{}") -> tuple[int, str, str]:
    """Returns status, type and text of the answer to a log-in with this body, without following redirects."""
    answer = requests.post(f"{url}/auth/tokens", data=body, allow_redirects=False, timeout=60)
    return answer.status_code, answer.headers["Content-Type"], answer.text


def page(title: str, text: str = "") -> str:
    """Returns the page that nginx makes of this."""
    inside = f"<center><h1>{title}</h1></center>\r\n" + (f"<center>{text}</center>\r\n" if text else "")
    head = f"<html>\r\n<head><title>{f'400 {text}' if text else title}</title></head>\r\n<body>\r\n"
    return f"{head}{inside}<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"


def test_a_request_without_tls_is_refused_with_a_page(fronts: Fronts) -> None:
    """The front of nginx sends a page, not an alert of TLS, and does not just close the connection."""
    text = page("400 Bad Request", "The plain HTTP request was sent to HTTPS port")
    assert says(fronts.tls.replace("https:", "http:")) == (400, "text/html", text)


def test_a_redirect_names_the_same_path_with_tls(fronts: Fronts) -> None:
    """The front of nginx redirects to TLS like a site that has moved to it."""
    answer = requests.get(f"{fronts.to_tls}/roles?name=x", allow_redirects=False, timeout=60)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{fronts.tls}/roles?name=x")


def test_keystones_refusals_are_replaced_by_a_page(fronts: Fronts) -> None:
    """The front of nginx replaces the body of a refusal by a page and keeps Keystone's header."""
    wrong = {"methods": ["password"], "password": {"user": {"id": "nobody", "password": "x"}}}
    answer = requests.post(f"{fronts.own_pages}/auth/tokens", json={"auth": {"identity": wrong}}, timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"], answer.text) == (401, "text/html", PAGE)
    assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")


def test_without_a_route_it_is_a_404_in_plain_text(fronts: Fronts) -> None:
    """The front of nginx answers like an ingress without a backend."""
    assert says(fronts.default_backend) == (404, "text/plain", "default backend - 404")


def test_a_long_body_is_refused_with_a_page(fronts: Fronts) -> None:
    """The front of nginx refuses the body, so Keystone, whose limit is higher, never gets it."""
    assert says(fronts.small, "x" * 1025) == (413, "text/html", page("413 Request Entity Too Large"))


def test_more_than_a_request_a_minute_is_refused_with_a_page(fronts: Fronts) -> None:
    """The front of nginx refuses the second request in a minute. Another test may have sent the first one."""
    says(fronts.limited)
    assert says(fronts.limited) == (429, "text/html", page("429 Too Many Requests"))


def test_a_keystone_that_is_down_is_a_502_with_a_page(fronts: Fronts) -> None:
    """The front of nginx answers 502 with a page when nobody listens where it looks for Keystone."""
    assert says(fronts.down) == (502, "text/html", page("502 Bad Gateway"))
