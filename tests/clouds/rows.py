"""The kinds of Keystone, each with what is to be expected of it beyond the usual."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import requests

from functions.create_user_project import create_user_project
from lib.endpoint import Answer
from tests.clouds.columns import COLUMNS
from tests.clouds.production import PATH, PYTHON, haproxy, memcached, uwsgi
from tests.clouds.site import Site
from tests.ldap import keystone_of_people
from tests.support.answers import error
from tests.support.keystone import Keystone
from tests.support.keystone.folders import PYTHON as NEWEST
from tests.support.keystone.folders import Options, configured, manage, owner
from tests.support.keystone.serving import served
from tests.support.mariadb import mariadb
from tests.support.service import ROOT
from tests.support.tls import certificates

ZED = Path("/usr/bin/python3")
# Up to this one, a token of a project may change nothing if scopes are enforced.
EARLIER_ZED = ROOT / ".clouds" / "22.0.1" / "bin" / "python"
OF_2025 = ROOT / ".clouds" / "2025.1" / "bin" / "python"

SCOPES = {"oslo_policy": {"enforce_scope": "true"}}

Run = Callable[[], AbstractContextManager[Site]]


@dataclass(frozen=True)
class Row:
    """One kind of Keystone."""

    run: Run
    needs: Sequence[str] = ()
    """What it is made of that a machine may lack: see __main__.py."""
    refused: Answer | None = None
    """What the first sign-up is answered, where an operator has to do something before any can succeed."""
    remedy: Mapping[str, object] = field(default_factory=dict)
    """The settings that the answer tells the operator to write."""
    unusual: Mapping[str, Answer] = field(default_factory=dict)
    """The answers that differ from the usual ones, by column."""
    tries: int = 1
    """How often a column is tried: a load balancer may find no server for a moment, and the UI repeats what fails."""


def plain(
    options: Options | None = None, python: Path = NEWEST, *, fresh: bool = False, host: str = "127.0.0.1"
) -> Run:
    """Returns what runs a Keystone by itself, with these options."""

    @contextmanager
    def run() -> Iterator[Site]:
        with (
            configured(options or {}, python, fresh=fresh, mariadb="") as folder,
            served(folder, python, host=host) as auth_url,
        ):
            yield Site(Keystone(auth_url))

    return run


@contextmanager
def no_tokens_of_projects() -> Iterator[Site]:
    """Runs a Keystone that refuses the tokens of all projects. Its operators use one for the system."""
    with configured(SCOPES, EARLIER_ZED, mariadb="") as folder, served(folder, EARLIER_ZED) as auth_url:
        yield Site(Keystone(auth_url, system_scope="all"))


@contextmanager
def all_roles_immutable() -> Iterator[Site]:
    """Runs a Keystone whose roles can be neither renamed nor removed."""
    with plain()() as site:
        for role in site.cloud.admin.roles.list():
            # Those that Keystone's bootstrap makes are immutable already.
            if not role.options:
                site.cloud.admin.roles.update(role.id, options={"immutable": True})
        yield site


@contextmanager
def keys_rotated() -> Iterator[Site]:
    """Runs a Keystone whose keys are rotated half-way, so that it does not know its own tokens any more."""
    # With a cache, Keystone would still know them.
    options = {"cache": {"enabled": "false"}}

    def rotate(site: Site) -> None:
        own = site.cloud.admin.session.get_token()
        for _ in range(2):
            manage(folder, "fernet_rotate", *owner())
        answer = requests.get(f"{site.cloud.auth_url}/roles", headers={"X-Auth-Token": own}, timeout=60)
        assert answer.status_code == 401

    with configured(options, mariadb="") as folder, served(folder, NEWEST) as auth_url:
        yield Site(Keystone(auth_url), halfway=rotate)


@contextmanager
def lists_cut() -> Iterator[Site]:
    """Runs a Keystone that sends five users at most. It does not say so, unless a list was asked for with a limit."""

    def look(site: Site) -> None:
        headers = {"X-Auth-Token": site.cloud.admin.session.get_token()}
        urls = [f"{site.cloud.auth_url}/users{query}" for query in ("", "?limit=5")]
        lists = [requests.get(url, headers=headers, timeout=60).json() for url in urls]
        assert [(len(one["users"]), bool(one["links"]["next"])) for one in lists] == [(5, False), (5, True)]

    with plain({"DEFAULT": {"max_db_limit": "5"}})() as site:
        site.halfway = look
        yield site


@contextmanager
def in_production() -> Iterator[Site]:
    """Runs a Keystone as installers of OpenStack do, with TLS by an authority of the site, under a path."""
    with TemporaryDirectory() as name, _folder() as folder, uwsgi(folder) as keystone:
        leaves = certificates(Path(name))
        with haproxy([keystone], leaves.good) as auth_url:
            settings = {"cacert": str(leaves.authority), "allowed_auth_urls": [auth_url]}
            yield Site(Keystone(auth_url, leaves.authority), settings)


@contextmanager
def one_of_two_dies() -> Iterator[Site]:
    """Runs two Keystones on one database behind a HAProxy. One is killed while people sign up."""
    with TemporaryDirectory() as name, _folder() as folder, served(folder, PYTHON) as one, ExitStack() as dying:
        other, leaves = dying.enter_context(served(folder, PYTHON)), certificates(Path(name))

        def die(site: Site) -> None:
            with ThreadPoolExecutor(5) as threads:
                people = [threads.submit(site.person) for _ in range(5)]
                # By then they are under way.
                time.sleep(0.2)
                dying.close()
            for login, answer in (person.result() for person in people):
                # What is answered 5xx finishes when it is repeated.
                again = answer if answer[0] == 201 else create_user_project(site.sign_up(login))
                assert again == site.complete(login), answer

        with haproxy([urlsplit(url).netloc for url in (one, other)], leaves.good) as auth_url:
            yield Site(Keystone(auth_url, leaves.authority), {"cacert": str(leaves.authority)}, halfway=die)


@contextmanager
def _folder() -> Iterator[Path]:
    """Makes the folder of a Keystone with MariaDB and memcached."""
    with mariadb() as socket, memcached() as cache, configured(cache, PYTHON, mariadb=str(socket)) as folder:
        yield folder


@contextmanager
def people_in_ldap() -> Iterator[Site]:
    """Runs a Keystone whose operators are in a domain in LDAP, beside a domain that Keystone keeps by itself."""
    with keystone_of_people() as cloud:
        yield Site(cloud, domain_name="people")


def refused_by_policy(step: str, rule: str) -> Answer:
    """Returns the answer where a Keystone refuses the tokens of all projects."""
    return error(
        403,
        "rights_missing",
        f"Keystone's policy does not let cloud_env's account {step}: You are not authorized to perform the requested"
        f" action: {rule}. The account holds the role admin, and Keystone has let it change nothing since this service"
        " has connected. Keystone up to 22.0.1 (Zed) refuses the tokens of projects if enforce_scope is true in"
        " [oslo_policy]: switch it off. Otherwise its policy would have to change.",
    )


NOTHING_BY_NAME = refused_by_policy("find the role", "identity:list_roles")
COMPLIANCE = {
    "password_regex": r"^(?=.*\d)(?=.*-).{8,}$",
    "password_regex_description": "Eight characters, with a digit and a dash",
    "unique_last_password_count": "5",
    "minimum_password_age": "1",
    "password_expires_days": "90",
    "lockout_failure_attempts": "5",
    "lockout_duration": "1800",
    "disable_user_account_days_inactive": "3650",
    "change_password_upon_first_use": "true",
}
EXPIRES = error(
    424,
    "cloud_not_prepared",
    "The cloud is not prepared for Concertim: Keystone let the password expire as soon as it was set, so that nobody"
    " can log in with it (change_password_upon_first_use). Add ignore_change_password_upon_first_use to the setting"
    " user_options.",
)
READ_ONLY = error(
    403,
    "rights_missing",
    "Keystone does not let cloud_env's account create the user, and does not say why: You are not authorized to perform"
    " the requested action. The domain may be read-only, as those of LDAP are: then users are made, changed and removed"
    " in the directory. To sign users up in a domain that Keystone keeps by itself, name that domain in the setting"
    " user_domain.",
)
BREAKS_REGEX = error(
    400,
    "bad_request",
    "Keystone refuses to create the user: The password does not match the requirements: Eight characters, with a digit"
    " and a dash.",
)
TOO_LONG = error(
    400,
    "bad_request",
    "Keystone refuses to create the user: The password length must be less than or equal to 72. The server could not"
    " comply with the request because the password is invalid.",
)
# Without the log-in, nothing is asked that could be refused.
REFUSED = [column for column in COLUMNS if column != "wrong admin"]

ROWS: dict[str, Row] = {
    "22.0.2 (Zed, Debian 12)": Row(plain(python=ZED), ["zed"]),
    "22.0.2, enforce_scope": Row(plain(SCOPES, ZED), ["zed"]),
    "22.0.1, enforce_scope": Row(
        no_tokens_of_projects,
        ["zed"],
        unusual=dict.fromkeys(REFUSED, NOTHING_BY_NAME)
        | {"user, team": refused_by_policy("create the user", "identity:create_user")},
    ),
    "27.1 (2025.1)": Row(plain(python=OF_2025)),
    "30.0": Row(plain()),
    f"30.0, TLS, {PATH}, uWSGI": Row(in_production, ["haproxy", "memcached", "mariadb"], tries=3),
    "30.0, one of two dies": Row(one_of_two_dies, ["haproxy", "memcached", "mariadb"], tries=3),
    "30.0, LDAP": Row(people_in_ldap, ["ldap"], READ_ONLY, {"user_domain": "Default"}),
    "30.0, compliance": Row(
        plain({"security_compliance": COMPLIANCE}),
        refused=EXPIRES,
        remedy={"user_options": ["ignore_change_password_upon_first_use"]},
        unusual={"refused password": BREAKS_REGEX},
    ),
    "30.0, strict length": Row(
        plain({"DEFAULT": {"strict_password_check": "true"}}), unusual={"refused password": TOO_LONG}
    ),
    "30.0, default_domain_id": Row(plain({"identity": {"default_domain_id": "f" * 32}}, fresh=True)),
    "30.0, immutable roles": Row(all_roles_immutable),
    "30.0, max_db_limit 5": Row(lists_cut),
    "30.0, keys rotated": Row(keys_rotated),
    "30.0, IPv6": Row(plain(host="::1")),
}
