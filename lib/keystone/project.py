"""ensure_project and ensure_team: a project, made or recognised as the sign-up's, or the team's, own."""

from lib import marks, names
from lib.errors import BadRequest, NameTaken
from lib.keystone.connection import Connection
from lib.keystone.ownership import own_project, why_not_managed
from lib.keystone.refusals import Taken
from lib.keystone.resources import Project, User, enabled
from lib.keystone.retry import note_if_ours
from lib.keystone.user import release_user
from lib.models import NewTeam, SignUp


def ensure_project(cloud: Connection, sign_up: SignUp, user: User) -> Project:
    """The project of this sign-up: the one whose id it carries, else one made now, else the one of its name if its own.

    Only for the call that holds the user. If the name is another's, or is refused, the user of the unfinished sign-up
    is taken back: nothing was changed.
    """
    login = sign_up.username
    try:
        # An unmarked one, as the older service made it, is own by being the default project of the proved user.
        return _known(cloud, sign_up) or _made(cloud, marks.PROJECT, login, user.default_project_id)
    except (NameTaken, BadRequest):
        release_user(cloud, sign_up, user)
        raise


def ensure_team(cloud: Connection, team: NewTeam) -> Project:
    """The project of this team: any of ours whose id it carries, else one made now, else the one marked as its own."""
    known = own_project(cloud, team.project_id)
    if known:
        return enabled(known)
    return _made(cloud, marks.TEAM, team.name)


def _known(cloud: Connection, sign_up: SignUp) -> Project | None:
    project = cloud.get_project(sign_up.project_id) if sign_up.project_id else None
    if project is None:
        return None
    why = why_not_managed(cloud, project, (marks.PROJECT, sign_up.username))
    if why:
        raise NameTaken(f"project_id names a project that is not login {sign_up.username}'s in Concertim: it {why}.")
    return enabled(project)


def _made(cloud: Connection, kind: str, owner: str, known_id: str | None = None) -> Project:
    """The project made now, else that of its name, if it is marked for this owner or is the one whose id is known."""
    name = names.name_of(kind, owner)
    try:
        return cloud.create_project(name, marks.mark(kind, owner))
    except Taken:
        found = cloud.find_projects(name)
    project = next((one for one in found if one.name == name), None)
    if project is None and not found:
        raise Taken(f"Project {name} was removed while this request asked for it. Repeat the request.")
    known = project is not None and (project.mark or project.id == known_id)
    if project is None or not known or why_not_managed(cloud, project, (kind, owner)):
        raise NameTaken(
            f"Project {name} exists and is not this {'team' if kind == marks.TEAM else 'sign-up'}'s. An operator can"
            f" rename or remove it (openstack project show {(project or found[0]).id})."
        )
    note_if_ours(project.claimed_by)
    return enabled(project)
