"""What the service is asked besides sign-ups."""

from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit


def see_running(url: str) -> None:
    """Asserts that `GET /` says Running."""
    assert _ask(url, "GET", "/") == (200, b"Running")


def be_refused(url: str) -> None:
    """Asserts that an empty request is refused."""
    assert _ask(url, "POST", "/create_user_project", "{}")[0] == 400


def _ask(url: str, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
