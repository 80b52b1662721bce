"""ensure_project: the project of a sign-up, made or recognised as its own, for the call that holds the user."""

from lib import marks, names, settings
from lib.errors import BadRequest, NameTaken
from lib.keystone.connection import Connection
from lib.keystone.refusals import Taken
from lib.keystone.resources import Project, User, enabled
from lib.keystone.user import release_user
from lib.models import SignUp


def ensure_project(cloud: Connection, sign_up: SignUp, user: User) -> Project:
    """The project of this sign-up: the one whose id it carries, else one made now, else the one of its name if its own.

    If the name is another's, or is refused, the user of the unfinished sign-up is taken back: nothing was changed.
    """
    try:
        return _known(cloud, sign_up) or _made(cloud, sign_up, user)
    except (NameTaken, BadRequest):
        release_user(cloud, sign_up, user)
        raise


def project_name(login: str) -> str:
    """The Keystone name of this login's project."""
    return names.name_for(settings.current().project_name, login, names.PROJECT_NAME_LENGTH)


def _known(cloud: Connection, sign_up: SignUp) -> Project | None:
    project = cloud.get_project(sign_up.project_id) if sign_up.project_id else None
    if project is None:
        return None
    name = project_name(sign_up.username)
    if project.domain_id != cloud.project_domain_id or not project.is_for(marks.PROJECT, sign_up.username, name):
        raise NameTaken(f"project_id names a Keystone project that is not Concertim's for login {sign_up.username}.")
    return enabled(project)


def _made(cloud: Connection, sign_up: SignUp, user: User) -> Project:
    name = project_name(sign_up.username)
    try:
        return cloud.create_project(name, marks.mark(marks.PROJECT, sign_up.username))
    except Taken:
        found = cloud.find_projects(name)
    project = next((one for one in found if one.name == name), None)
    if project is None and not found:
        raise Taken(f"Project {name} was removed while this request asked for it. Repeat the request.")
    if project is None or not _is_own(project, sign_up.username, user):
        raise NameTaken(
            f"Project {name} exists and is not this sign-up's. An operator can rename or remove it"
            f" (openstack project show {(project or found[0]).id})."
        )
    return enabled(project)


def _is_own(project: Project, login: str, user: User) -> bool:
    """By its mark; an unmarked one, as the older service made it, by being the default project of the proved user."""
    if project.mark:
        return project.mark == (marks.PROJECT, login)
    return project.id == user.default_project_id
