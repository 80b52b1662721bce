"""The one rule of ownership: which users and projects may be adopted, changed or removed, whoever asks, and how."""

from typing import TypeVar

from lib import marks, names, settings
from lib.errors import NotConcertims, NotFound
from lib.keystone.connection import Connection
from lib.keystone.refusals import Gone
from lib.keystone.resources import Project, User
from lib.settings import StandingGrant
from lib.waves import both

_Found = TypeVar("_Found", User, Project)


def why_not_managed(cloud: Connection, found: User | Project, whose: tuple[str, str] | None = None) -> str:
    """Why Concertim must not adopt, change or remove it; empty if it may. In words that follow "it".

    `whose`, a kind and a login or team, is for whom it must be; without it, it may be anybody's in Concertim. What has
    no mark is the older service's if its whole name fits a legacy template. To be asked before any password is tried.
    """
    owners = found.owners()
    if found.domain_id != (cloud.user_domain_id if isinstance(found, User) else cloud.project_domain_id):
        return "is in another domain than what cloud_env names"
    if whose not in owners if whose else not owners:
        if found.mark:
            return "has a mark that is another's"
        return "has no mark of Concertim's, and its name is not as the older service named it"
    if _is_operators(cloud, found) if isinstance(found, User) else _is_home(cloud, found):
        return "is cloud_env's own, or a standing account's"
    return ""


def own_user(cloud: Connection, user_id: str | None) -> User | None:
    """The user of this id, if there is one. Raises NotConcertims if it is not managed by Concertim."""
    return _managed(cloud, cloud.get_user(user_id) if user_id else None)


def own_project(cloud: Connection, project_id: str | None) -> Project | None:
    """The project of this id, if there is one. Raises NotConcertims if it is not managed by Concertim."""
    return _managed(cloud, cloud.get_project(project_id) if project_id else None)


def _managed(cloud: Connection, found: _Found | None) -> _Found | None:
    why = found and why_not_managed(cloud, found)
    if found and why:
        raise NotConcertims(f"{type(found).__name__} {found.id} is not managed by Concertim: it {why}.")
    return found


def existing_user(cloud: Connection, user_id: str) -> User:
    """As own_user; raises NotFound where there is none."""
    user = own_user(cloud, user_id)
    if user is None:
        raise NotFound(f"There is no user {user_id} in the cloud.")
    return user


def existing_project(cloud: Connection, project_id: str) -> Project:
    """As own_project; raises NotFound where there is none."""
    project = own_project(cloud, project_id)
    if project is None:
        raise NotFound(f"There is no project {project_id} in the cloud.")
    return project


def own_member(cloud: Connection, user_id: str | None, project_id: str | None) -> tuple[User | None, Project | None]:
    """As own_user and own_project, of a user in a team's project; asked for at once."""
    return both(lambda: own_user(cloud, user_id), lambda: own_project(cloud, project_id))


def existing_member(cloud: Connection, user_id: str, project_id: str) -> tuple[User, Project]:
    """As existing_user and existing_project, likewise."""
    return both(lambda: existing_user(cloud, user_id), lambda: existing_project(cloud, project_id))


def own_pair(cloud: Connection, user_id: str | None, project_id: str | None) -> tuple[User | None, Project | None]:
    """Both, where they exist. Raises NotConcertims unless the project is this very user's."""
    user, project = own_member(cloud, user_id, project_id)
    if project and user_id and not _belongs(cloud, project, user):
        raise NotConcertims(f"Project {project.id} is not that of user {user_id}.")
    return user, project


def _belongs(cloud: Connection, project: Project, user: User | None) -> bool:
    logins = {login for kind, login in project.owners() if kind == marks.PROJECT}
    if user and not logins:
        return project.mark is None and project.id == user.default_project_id
    if user:
        return bool(logins & {login for _, login in user.owners()})
    # Removed already, perhaps by the first try of this request. That of a user who is still there is theirs.
    namesakes = [
        one for login in logins for name in names.names_of(marks.USER, login) for one in cloud.find_users(name)
    ]
    return bool(logins) and not any((marks.USER, login) in one.owners() for one in namesakes for login in logins)


def _is_operators(cloud: Connection, user: User) -> bool:
    """Whether it is the account of cloud_env, or a standing one."""
    accounts = {one.username.casefold() for one in settings.current().standing_grants}
    return user.id == cloud.user_id or user.name.casefold() in accounts


def _is_home(cloud: Connection, project: Project) -> bool:
    """Whether it is the project of cloud_env, or one that we have not made and in which an operator's account lives."""
    if project.id == cloud.project_id:
        return True
    accounts = [] if project.mark else [cloud.get_user(cloud.user_id), *_standing_accounts(cloud)]
    return any(one and one.default_project_id == project.id for one in accounts)


def _standing_accounts(cloud: Connection) -> list[User | None]:
    return [_account(cloud, one) for one in settings.current().standing_grants]


def _account(cloud: Connection, account: StandingGrant) -> User | None:
    try:
        domain_id = cloud.domain_id(account.user_domain_name) if account.user_domain_name else cloud.user_domain_id
        found = cloud.get_user(cloud.account_id(account.username, domain_id))
        if found is None:
            # Made anew since its id was looked up.
            cloud.forget_ids()
            found = cloud.get_user(cloud.account_id(account.username, domain_id))
        return found
    except Gone:
        return None
