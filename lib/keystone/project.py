"""ensure_project and ensure_team: a project, made or recognised as the sign-up's, or the team's, own."""

from collections.abc import Callable

from lib import marks, names
from lib.errors import BadRequest, NameTaken
from lib.keystone.connection import Connection
from lib.keystone.ownership import is_home, own_project
from lib.keystone.refusals import Taken
from lib.keystone.resources import Project, User, enabled
from lib.keystone.user import release_user
from lib.models import NewTeam, SignUp


def ensure_project(cloud: Connection, sign_up: SignUp, user: User) -> Project:
    """The project of this sign-up: the one whose id it carries, else one made now, else the one of its name if its own.

    Only for the call that holds the user. If the name is another's, or is refused, the user of the unfinished sign-up
    is taken back: nothing was changed.
    """
    login = sign_up.username

    def is_own(project: Project) -> bool:
        # An unmarked one, as the older service made it, is own by being the default project of the proved user.
        return project.mark == (marks.PROJECT, login) if project.mark else project.id == user.default_project_id

    try:
        return _known(cloud, sign_up) or _made(cloud, marks.PROJECT, login, is_own)
    except (NameTaken, BadRequest):
        release_user(cloud, sign_up, user)
        raise


def ensure_team(cloud: Connection, team: NewTeam) -> Project:
    """The project of this team: any of ours whose id it carries, else one made now, else the one marked as its own."""
    known = own_project(cloud, team.project_id)
    if known:
        return enabled(known)
    return _made(cloud, marks.TEAM, team.name, lambda project: project.mark == (marks.TEAM, team.name))


def _known(cloud: Connection, sign_up: SignUp) -> Project | None:
    project = cloud.get_project(sign_up.project_id) if sign_up.project_id else None
    if project is None:
        return None
    own = project.domain_id == cloud.project_domain_id and project.is_for(marks.PROJECT, sign_up.username)
    if not own or is_home(cloud, project):
        raise NameTaken(f"project_id names a Keystone project that is not Concertim's for login {sign_up.username}.")
    return enabled(project)


def _made(cloud: Connection, kind: str, owner: str, is_own: Callable[[Project], bool]) -> Project:
    name = names.name_of(kind, owner)
    try:
        return cloud.create_project(name, marks.mark(kind, owner))
    except Taken:
        found = cloud.find_projects(name)
    project = next((one for one in found if one.name == name), None)
    if project is None and not found:
        raise Taken(f"Project {name} was removed while this request asked for it. Repeat the request.")
    if project is None or not is_own(project):
        raise NameTaken(
            f"Project {name} exists and is not this {'team' if kind == marks.TEAM else 'sign-up'}'s. An operator can"
            f" rename or remove it (openstack project show {(project or found[0]).id})."
        )
    return enabled(project)
