"""The domains of Concertim's users and projects: those in the settings, else those of cloud_env's account."""

from collections.abc import Callable
from typing import TypeVar

from lib import settings
from lib.errors import BadRequest
from lib.keystone.accounts import DomainSetting, prepared_ids
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import KeystoneNotFound
from lib.keystone.client.resources import Project, User

_Created = TypeVar("_Created", User, Project)


def user_domain_id(cloud: Connection) -> str:
    """Returns the id of the domain of Concertim's users. Raises CloudNotPrepared where there is no such domain."""
    name = settings.current().user_domain
    return prepared_ids(cloud, domains=[("user_domain", name)])[0] if name else cloud.identity.user_domain_id


def project_domain_id(cloud: Connection) -> str:
    """Returns the id of the domain of Concertim's projects. Raises CloudNotPrepared where there is no such domain."""
    name = settings.current().project_domain
    return prepared_ids(cloud, domains=[("project_domain", name)])[0] if name else cloud.identity.project_domain_id


def holds(cloud: Connection, found: User | Project) -> bool:
    """Whether it is in the domain of Concertim's users or projects. Raises CloudNotPrepared, too."""
    domain_id = user_domain_id if isinstance(found, User) else project_domain_id
    if found.domain_id != domain_id(cloud) and in_settings():
        # The domain may have been removed and created again since its id was looked up.
        cloud.ids.clear()
    return found.domain_id == domain_id(cloud)


def create_in(domain_id: Callable[[Connection], str], cloud: Connection, create: Callable[[str], _Created]) -> _Created:
    """Creates something in this domain, whose id is looked up again where Keystone does not know it any more."""
    used = domain_id(cloud)
    try:
        return create(used)
    except (BadRequest, KeystoneNotFound) as why:
        # Of a domain that is missing, Keystone answers 404 for a user, and 400 with the id for a project.
        if isinstance(why, BadRequest) and used not in why.message:
            raise
        cloud.ids.clear()
        return create(domain_id(cloud))


def in_settings() -> list[DomainSetting]:
    """Returns the settings that name a domain, each with the name."""
    ours = settings.current()
    named = [("user_domain", ours.user_domain), ("project_domain", ours.project_domain)]
    return [(setting, name) for setting, name in named if name]
