"""ensure_project and ensure_team: the project of a sign-up or of a team, which is created, or found again."""

from lib.errors import BadRequest, NameTaken
from lib.keystone import domains
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import KeystoneConflict
from lib.keystone.client.resources import Project, User
from lib.keystone.names import keystone_name
from lib.keystone.ownership import find_managed_project, refuse_disabled, why_not_managed
from lib.keystone.users import note_if_created, take_back_if_unfinished
from lib.request.teams import NewTeam
from lib.request.users import SignUp


def ensure_project(cloud: Connection, sign_up: SignUp, user: User) -> Project:
    """Returns the project of this sign-up: that of the id it carries, else a new one, else the managed one of its name.

    Only the request that holds the user may call this. If the name is another's, or Keystone refuses it, the user of
    the unfinished sign-up is taken back: nothing was changed.
    """
    try:
        # The older service's projects have no mark. One is recognised as the default project of the proved user.
        return _known(cloud, sign_up) or _created(cloud, marks.PROJECT, sign_up.username, user.default_project_id)
    except (NameTaken, BadRequest):
        take_back_if_unfinished(cloud, sign_up, user)
        raise


def ensure_team(cloud: Connection, team: NewTeam) -> Project:
    """Returns the project of this team: any managed one of the id it carries, else a new one, else that of its name."""
    known = find_managed_project(cloud, team.project_id)
    return refuse_disabled(known) if known else _created(cloud, marks.TEAM, team.name)


def _known(cloud: Connection, sign_up: SignUp) -> Project | None:
    project = cloud.find_project(sign_up.project_id) if sign_up.project_id else None
    if project is None:
        return None
    if why := why_not_managed(cloud, project, (marks.PROJECT, sign_up.username)):
        raise NameTaken(f"project_id names a project that is not login {sign_up.username}'s in Concertim: it {why}.")
    return refuse_disabled(project)


def _created(cloud: Connection, kind: str, owner: str, known_id: str | None = None) -> Project:
    """Returns a new project, else that of its name, if it is marked for this owner or is the one whose id is known."""
    name, mark = keystone_name(kind, owner), marks.mark(kind, owner)
    try:
        return domains.create_in(
            domains.project_domain_id, cloud, lambda domain_id: cloud.create_project(name, domain_id, mark)
        )
    except KeystoneConflict:
        found = cloud.find_projects(name, domains.project_domain_id(cloud))
    project = next((one for one in found if one.name == name), None)
    if project is None and not found:
        raise KeystoneConflict(f"Project {name} was removed while this request asked for it. Repeat the request.")
    known = project is not None and (project.mark or project.id == known_id)
    if project is None or not known or why_not_managed(cloud, project, (kind, owner)):
        whose = "team" if kind == marks.TEAM else "sign-up"
        helps = f"An operator can rename or remove it (openstack project show {(project or found[0]).id})."
        raise NameTaken(f"Project {name} exists and is not this {whose}'s. {helps}")
    note_if_created(project)
    return refuse_disabled(project)
