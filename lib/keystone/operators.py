"""What belongs to the operators, and is never Concertim's: the account in cloud_env and the standing accounts."""

from lib import settings
from lib.keystone.accounts import account_id, is_in_domain
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import DomainDisabled, KeystoneNotFound
from lib.keystone.client.resources import Project, User
from lib.settings.sections import StandingGrant


def is_operators_account(cloud: Connection, user: User) -> bool:
    """Whether it is the account in cloud_env, or has the name of a standing account of its domain, in any case."""
    namesakes = [one for one in settings.current().standing_grants if one.username.casefold() == user.name.casefold()]
    return user.id == cloud.identity.user_id or any(is_in_domain(cloud, one, user.domain_id) for one in namesakes)


def is_operators_project(cloud: Connection, project: Project) -> bool:
    """Whether it is the project in cloud_env, or an unmarked one that is an operator's account's default project."""
    if project.mark:
        return project.id == cloud.identity.project_id
    return project.id in {cloud.identity.project_id, *default_projects(cloud)}


def default_projects(cloud: Connection) -> set[str]:
    """Returns the ids of the default projects of the operators' accounts."""
    standing = [_find_account(cloud, one) for one in settings.current().standing_grants]
    accounts = [cloud.find_user(cloud.identity.user_id), *standing]
    return {one.default_project_id for one in accounts if one and one.default_project_id}


def _find_account(cloud: Connection, account: StandingGrant) -> User | None:
    try:
        found = cloud.find_user(account_id(cloud, account))
        if found is None:
            # The account was removed and created again since its id was looked up.
            cloud.ids.clear()
            found = cloud.find_user(account_id(cloud, account))
    except (DomainDisabled, KeystoneNotFound):
        return None
    return found
