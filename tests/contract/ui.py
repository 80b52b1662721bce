"""The Concertim UI as a client of the service: what each of its releases sends, and what it needs from the answer."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.support.keystone import Keystone

# A job of the UI makes this many attempts; it waits 3 s after the first failure, and hours in all.
ATTEMPTS = 10


@dataclass(frozen=True)
class Release:
    """One release of the UI, by what distinguishes it from the others."""

    name: str
    cloud_form: str
    timeout: float
    billing_key: str = ""
    """The key of the billing account that the answer to a sign-up must have."""
    email: bool = False
    jwt: bool = False
    changes: tuple[tuple[str, str], ...] = ()
    """The method and path by which a user is changed, and those by which a user is deleted."""
    teams: bool = False
    blank: str | None = "absent"
    """What the release sends as the password of an account that is older than passwords."""


RELEASES = [
    Release("July 2023", "E1", 5),
    *(Release(name, "E2", 5, blank="") for name in ("v0.2.0", "v0.2.1")),
    *(Release(name, "E2", 5, "billing_acct_id", email=True, blank=None) for name in ("v0.2.2", "v0.2.3")),
    *(
        Release(
            name,
            "E2",
            60,
            "billing_account_id",
            email=True,
            jwt=True,
            changes=(("POST", "/change_user_details"), ("DELETE", "/delete_user")),
            blank=None,
        )
        for name in ("v1.0.0", "v1.0.1", "v1.1.0")
    ),
    *(
        Release(name, "E2", 60, email=True, jwt=True, changes=(("PATCH", "/user"), ("DELETE", "/user")), teams=True)
        for name in ("v1.2.0", "main")
    ),
]


# How many requests were sent, by the URL of the service.
SENT: Counter[str] = Counter()


class Refused(Exception):
    """The UI takes the answer for a failure of the service, and tries again later."""


@dataclass
class UI:
    """One UI of a release, with the cloud environment that its admin has entered."""

    release: Release
    url: str
    cloud: Keystone
    auth_url: str = ""
    """The URL of a proxy that spoils calls to the Keystone; the UI then repeats its jobs."""
    jwt_secret: str = "of-a-site-that-asks-for-no-tokens"
    login: str = field(default_factory=lambda: f"ann-{uuid.uuid4().hex[:12]}")

    def __post_init__(self) -> None:
        """Enters the cloud environment as the UI's admin does."""
        env = self.cloud.cloud_env() if self.release.cloud_form == "E1" else self.cloud.cloud_env_by_ids()
        self.faulty = bool(self.auth_url)
        self.cloud_env = env | ({"auth_url": self.auth_url} if self.auth_url else {})

    def send(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Makes one attempt, and returns the object in the answer. Raises Refused if the UI would try again."""
        headers = {"Authorization": f"Bearer {token(self.jwt_secret)}"} if self.release.jwt else {}
        body = {"cloud_env": self.cloud_env, **body}
        SENT[self.url] += 1
        try:
            answer = requests.request(
                method, f"{self.url}{path}", json=body, headers=headers, timeout=self.release.timeout
            )
        except requests.Timeout:
            raise Refused("timed out") from None
        assert answer.headers["Content-Type"] == "application/json"
        content = answer.json()
        # Anything but an object would make the UI's job die.
        assert isinstance(content, dict)
        if not answer.ok:
            raise Refused(f"{answer.status_code} {content['error']}: {content['message']}")
        return content

    def job(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Makes attempts as a background job does, but without waiting; only spoiled calls may need more than one."""
        for _ in range(ATTEMPTS - 1 if self.faulty else 0):
            try:
                return self.send(method, path, **body)
            except Refused:
                continue
        return self.send(method, path, **body)

    def sign_up(self, login: str = "", password: str | None = "correct-horse", **ids: Any) -> dict[str, str]:
        """Signs a person up and returns what the UI stores of the answer; fails where the UI would fail."""
        login = login or self.login
        email = {"email": f"{login}@site.example"} if self.release.email else {}
        if self.release.teams:
            person = {"username": login, "name": "Ann Ömer", "password": password, **email}
            return {"user_id": _filled(self.job("POST", "/user", **person), "user_cloud_id")}
        sent = {"password": password} if password != "absent" else {}
        answer = self.job("POST", "/create_user_project", username=login, **sent, **email, **ids)
        kept = {key: _filled(answer, key) for key in ("user_id", "project_id")}
        if self.release.billing_key:
            kept["billing"] = _filled(answer, self.release.billing_key)
        return kept

    def user_info(self, kept: dict[str, str]) -> dict[str, Any]:
        """Returns the object by which the UI names a person to be changed or deleted."""
        if self.release.teams:
            return {"cloud_user_id": kept["user_id"]}
        return {
            "billing_acct_id": kept.get("billing"),
            "cloud_user_id": kept["user_id"],
            "project_id": kept.get("project_id"),
        }


def _filled(answer: dict[str, Any], key: str) -> str:
    """Returns what the UI stores of the answer: a text that is not blank and fits into its column."""
    value = answer[key]
    assert isinstance(value, str)
    assert 0 < len(value.strip()) <= 255
    return value


def token(secret: str, **changes: Any) -> str:
    """Returns a token as the UI signs it, with HS256 over exactly these claims.

    `changes` replace or add claims; a value of None leaves a claim out.
    """
    now = int(time.time())
    claims = {"iat": now, "exp": now + 60, "jti": uuid.uuid4().hex} | changes
    return signed({"alg": "HS256"}, {name: value for name, value in claims.items() if value is not None}, secret)


def signed(header: dict[str, Any], claims: dict[str, Any], secret: str) -> str:
    """Returns a token with any header and claims, signed with HMAC and SHA-256 whatever the header says."""
    text = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{_base64(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
