"""The one rule of ownership: which users and projects may be adopted, changed or removed, whoever asks, and how."""

from functools import partial
from typing import TypeVar

from lib import call
from lib.call import log
from lib.call.concurrency import both
from lib.call.masking import shown, shown_name
from lib.errors import NameTaken, NotConcertims, NotFound
from lib.keystone import domains, names
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.resources import Project, User
from lib.keystone.operators import is_operators_account, is_operators_project

_Found = TypeVar("_Found", User, Project)
Owner = tuple[str, str]
"""Of whom something may be managed: a kind of what is managed, and the login or team."""
_UserAndProject = tuple[User | None, Project | None]


def why_not_managed(cloud: Connection, found: User | Project, owner: Owner | None = None) -> str:
    """Returns why Concertim must not adopt, change or remove it, in words that follow "it", or an empty text.

    `owner`, a kind and a login or team, is for whom it must be managed. Without it, anybody in Concertim will do. This
    is to be asked before any password is tried.
    """
    owners = owners_of(found)
    if not domains.holds(cloud, found):
        return f"is in another domain than Concertim's {'users' if isinstance(found, User) else 'projects'}"
    if not (owner in owners if owner else owners):
        if found.mark:
            return "has a mark that is another's"
        return "has no mark of Concertim's, and its name is not as the older service named it"
    if is_operators_account(cloud, found) if isinstance(found, User) else is_operators_project(cloud, found):
        return "is cloud_env's own, or a standing account's"
    return ""


def owners_of(found: User | Project) -> set[Owner]:
    """Returns the (kind, login or team) that it may be managed for: by its mark, or without one by its legacy name."""
    kinds = (marks.USER,) if isinstance(found, User) else (marks.PROJECT, marks.TEAM)
    if found.mark:
        return {found.mark} if found.mark[0] in kinds else set()
    return set().union(*(names.legacy_owners(kind, found.name) for kind in kinds))


def note_about(found: User | Project) -> None:
    """Tells the log which user or project the call is about, and of which login or team."""
    about, owners = call.current().about, owners_of(found)
    about_user = "user_id" in about
    about["user_id" if isinstance(found, User) else "project_id"] = shown_name(found.id)
    if len(owners) != 1:
        return
    [(kind, name)] = owners
    # Of a user and a project, which may not be one person's, the user's login counts.
    if kind != marks.PROJECT or not about_user:
        about.setdefault("team" if kind == marks.TEAM else "login", shown_name(name))


def note_found(found: User | Project) -> None:
    """Tells the log what was found. It is a change if an earlier try of this request, which seemed to fail, made it."""
    this, kind = call.current(), type(found).__name__.lower()
    note_about(found)
    if found.last_request == this.request_id:
        this.note_change()
        this.note_done(f"{kind} created")
    else:
        this.note_done(f"{kind} found")


def warn_of_unknown_id(created: User | Project, known_id: str | None) -> None:
    """Warns in the log where something was created although the request carries an id for it."""
    if known_id:
        kind = type(created).__name__.lower()
        log.logger.warning("A new %s was created: no %s of this cloud has the id %s", kind, kind, shown(known_id))


def refuse_disabled(found: _Found) -> _Found:
    """Returns the user or project. Raises NameTaken if an operator has disabled it, which is not for us to undo."""
    if not found.enabled:
        kind = type(found).__name__
        raise NameTaken(
            f"{kind} {found.shown_name} exists and is disabled. If it is to be used again, an operator can enable it"
            f" (openstack {kind.lower()} set --enable {found.shown_id})."
        )
    return found


def find_managed_user(cloud: Connection, user_id: str | None) -> User | None:
    """Returns the user of this id, if there is one. Raises NotConcertims if it is not managed by Concertim."""
    return _managed(cloud, cloud.find_user(user_id) if user_id else None)


def find_managed_project(cloud: Connection, project_id: str | None) -> Project | None:
    """Returns the project of this id, if there is one. Raises NotConcertims if it is not managed by Concertim."""
    return _managed(cloud, cloud.find_project(project_id) if project_id else None)


def get_managed_user(cloud: Connection, user_id: str) -> User:
    """Returns the user of this id. Raises NotFound, or NotConcertims if it is not managed by Concertim."""
    user = find_managed_user(cloud, user_id)
    if user is None:
        raise NotFound(f"There is no user {shown(user_id)} in the cloud.")
    return user


def get_managed_project(cloud: Connection, project_id: str) -> Project:
    """Returns the project of this id. Raises NotFound, or NotConcertims if it is not managed by Concertim."""
    project = find_managed_project(cloud, project_id)
    if project is None:
        raise NotFound(f"There is no project {shown(project_id)} in the cloud.")
    return project


def find_user_and_project(cloud: Connection, user_id: str | None, project_id: str | None) -> _UserAndProject:
    """Finds the managed user and the managed project of these ids, in parallel. Raises NotConcertims."""
    return both(partial(find_managed_user, cloud, user_id), partial(find_managed_project, cloud, project_id))


def get_user_and_project(cloud: Connection, user_id: str, project_id: str) -> tuple[User, Project]:
    """Gets the managed user and the managed project of these ids, in parallel. Raises NotFound or NotConcertims."""
    return both(partial(get_managed_user, cloud, user_id), partial(get_managed_project, cloud, project_id))


def find_user_and_own_project(cloud: Connection, user_id: str | None, project_id: str | None) -> _UserAndProject:
    """Finds a managed user and their project. Raises NotConcertims if the project is not this very user's."""
    user, project = find_user_and_project(cloud, user_id, project_id)
    if project and user_id and not _belongs(cloud, project, user):
        raise NotConcertims(f"Project {project.shown_id} is not that of user {shown(user_id or '')}.")
    return user, project


def _managed(cloud: Connection, found: _Found | None) -> _Found | None:
    if found:
        note_found(found)
    why = found and why_not_managed(cloud, found)
    if found and why:
        raise NotConcertims(f"{type(found).__name__} {found.shown_id} is not managed by Concertim: it {why}.")
    return found


def _belongs(cloud: Connection, project: Project, user: User | None) -> bool:
    """Whether the project is this user's or, if the user is removed, that of a login that has no user any more."""
    logins = {login for kind, login in owners_of(project) if kind == marks.PROJECT}
    if user and not logins:
        return project.mark is None and project.id == user.default_project_id
    if user:
        return bool(logins & {login for _, login in owners_of(user)})
    # The user is removed already, perhaps by the first try of this request. The project of a user who exists is theirs.
    namesakes = [
        one
        for login in logins
        for name in names.possible_names(marks.USER, login)
        for one in cloud.find_users(name, domains.user_domain_id(cloud))
    ]
    return bool(logins) and not any((marks.USER, login) in owners_of(one) for one in namesakes for login in logins)
