"""Runs a Keystone that reads the users of one domain from a real LDAP directory, to which it cannot write."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from keystoneclient.v3.client import Client

from tests.support.debian import found
from tests.support.keystone import Keystone, keystone
from tests.support.ports import wait_until_it_listens
from tests.support.service import ROOT

# The Makefile makes this environment on top of Keystone's own.
VENV = ROOT / ".ldap"

DOMAIN = "people"
TREE = f"ou={DOMAIN},dc=example"
# These are the accounts of a cloud whose operators are in the directory, too, and one person.
PEOPLE = ("admin", "concertim", "carol")

SLAPD_CONF = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
database ldif
suffix "dc=example"
directory {data}
"""
ENTRIES = f"""\
dn: dc=example
objectClass: domain
dc: example

dn: {TREE}
objectClass: organizationalUnit
ou: {DOMAIN}
"""
PERSON = """
dn: cn={name},{tree}
objectClass: inetOrgPerson
cn: {name}
sn: {name}
userPassword: {password}
"""
# The domain is configured over the API, because a configuration in files needs the domain before Keystone starts.
OPTIONS = {"identity": {"domain_specific_drivers_enabled": "true", "domain_configurations_from_database": "true"}}


class KeystoneOfPeople(Keystone):
    """A Keystone whose cloud_env has an account of the domain in LDAP. Its `admin` is that of the domain Default."""

    def cloud_env(self) -> dict[str, Any]:
        """Returns a cloud_env whose account is in LDAP and has the role admin on a project of its domain."""
        return {
            "auth_url": self.auth_url,
            "username": "admin",
            "password": password_of("admin"),
            "project_name": "operations",
            "user_domain_name": DOMAIN,
            "project_domain_name": DOMAIN,
        }

    def client_of_people(self) -> Client:
        """Returns a keystoneclient for the account in cloud_env."""
        return self.client(**{name: value for name, value in self.cloud_env().items() if name != "auth_url"})

    def domain_id(self) -> str:
        """Returns the id of the domain in LDAP."""
        return str(self.admin.domains.list(name=DOMAIN)[0].id)

    def people(self) -> dict[str, str]:
        """Returns the ids of the users in LDAP, by name."""
        return {user.name: user.id for user in self.admin.users.list(domain=self.domain_id())}


def password_of(name: str) -> str:
    """Returns the password of this account in LDAP."""
    return f"{name}-of-{DOMAIN}"


@contextmanager
def keystone_of_people() -> Iterator[KeystoneOfPeople]:
    """Runs the directory, and a Keystone that reads the users of the domain from it."""
    with _slapd() as url, keystone(OPTIONS, python=VENV / "bin" / "python") as running:
        _add_domain(running, url)
        cloud = KeystoneOfPeople(running.auth_url)
        project = cloud.admin.projects.create("operations", cloud.domain_id())
        role = cloud.admin.roles.list(name="admin")[0]
        cloud.admin.roles.grant(role.id, user=cloud.people()["admin"], project=project.id)
        yield cloud


def _add_domain(running: Keystone, url: str) -> None:
    admin = running.admin
    domain = admin.domains.create(DOMAIN)
    how = {
        "identity": {"driver": "ldap"},
        "ldap": {"url": url, "suffix": "dc=example", "user_tree_dn": TREE, "user_objectclass": "inetOrgPerson"},
    }
    admin.session.put(f"{running.auth_url}/domains/{domain.id}/config", json={"config": how})


@contextmanager
def _slapd() -> Iterator[str]:
    """Runs an OpenLDAP that only this user can reach, and yields the URL of its socket."""
    with TemporaryDirectory(prefix="slapd-") as name, (Path(name) / "log").open("w") as log:
        folder, program = Path(name), found("slapd") or "slapd"
        config, socket, data = folder / "slapd.conf", folder / "socket", folder / "data"
        data.mkdir()
        config.write_text(SLAPD_CONF.format(data=data))
        people = (PERSON.format(name=one, tree=TREE, password=password_of(one)) for one in PEOPLE)
        (folder / "entries").write_text(ENTRIES + "".join(people))
        subprocess.run([program, "-T", "add", "-f", config, "-l", folder / "entries"], check=True, capture_output=True)
        url = f"ldapi://{quote(str(socket), safe='')}"
        # slapd stays in the foreground if a debugging level is given, even 0.
        with subprocess.Popen([program, "-d", "0", "-f", config, "-h", url], stdout=log, stderr=log) as server:
            try:
                wait_until_it_listens(server, socket, folder / "log")
                yield url
            finally:
                server.terminate()
