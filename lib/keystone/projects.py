"""ensure_project and ensure_team: the project of a sign-up or of a team, which is created, or found again."""

from lib.call.masking import shown
from lib.errors import BadRequest, NameTaken
from lib.keystone import domains
from lib.keystone.client import marks
from lib.keystone.client.connection import Connection
from lib.keystone.client.problems import KeystoneConflict
from lib.keystone.client.resources import Project, User
from lib.keystone.names import keystone_name
from lib.keystone.ownership import (
    Owner,
    find_managed_project,
    note_about,
    note_found,
    refuse_disabled,
    warn_of_unknown_id,
    why_not_managed,
)
from lib.keystone.users import take_back_if_unfinished
from lib.request.teams import NewTeam
from lib.request.users import SignUp


def ensure_project(cloud: Connection, sign_up: SignUp, user: User) -> Project:
    """Returns the project of this sign-up: that of the id it carries, else a new one, else the managed one of its name.

    Only the request that holds the user may call this. If the name is another's, or Keystone refuses it, the user of
    the unfinished sign-up is taken back: nothing was changed.
    """
    try:
        # The older service's projects have no mark. One is recognised as the default project of the proved user.
        owner = (marks.PROJECT, sign_up.username)
        return _known(cloud, sign_up) or _ensured(cloud, owner, sign_up.project_id, user.default_project_id)
    except (NameTaken, BadRequest):
        take_back_if_unfinished(cloud, sign_up, user)
        raise


def ensure_team(cloud: Connection, team: NewTeam) -> Project:
    """Returns the project of this team: any managed one of the id it carries, else a new one, else that of its name."""
    known = find_managed_project(cloud, team.project_id)
    return refuse_disabled(known) if known else _ensured(cloud, (marks.TEAM, team.name), team.project_id)


def _known(cloud: Connection, sign_up: SignUp) -> Project | None:
    project = cloud.find_project(sign_up.project_id) if sign_up.project_id else None
    if project is None:
        return None
    note_found(project)
    if why := why_not_managed(cloud, project, (marks.PROJECT, sign_up.username)):
        raise NameTaken(
            f"project_id names a project that is not login {shown(sign_up.username)}'s in Concertim: it {why}."
        )
    return refuse_disabled(project)


def _ensured(cloud: Connection, owner: Owner, sent_id: str | None, default_id: str | None = None) -> Project:
    """Returns a new project, else that of its name. `sent_id` is what the request carries, and is no project's id."""
    try:
        project = _created(cloud, owner)
    except KeystoneConflict:
        return _of_name(cloud, owner, default_id)
    warn_of_unknown_id(project, sent_id)
    return project


def _created(cloud: Connection, owner: Owner) -> Project:
    """Returns a new project. Raises KeystoneConflict where the name exists."""
    name, mark = keystone_name(*owner), marks.mark(*owner)
    project = domains.create_in(
        domains.project_domain_id, cloud, lambda domain_id: cloud.create_project(name, domain_id, mark)
    )
    note_about(project)
    return project


def _of_name(cloud: Connection, owner: Owner, default_id: str | None) -> Project:
    """Returns the existing project of this owner's name, if it is marked for the owner or is the user's default one."""
    name = keystone_name(*owner)
    found = cloud.find_projects(name, domains.project_domain_id(cloud))
    project = next((one for one in found if one.name == name), None)
    if project is None and not found:
        raise KeystoneConflict(
            f"Project {shown(name)} was removed while this request asked for it. Repeat the request."
        )
    known = project is not None and (project.mark or project.id == default_id)
    if project is None or not known or why_not_managed(cloud, project, owner):
        whose = "team" if owner[0] == marks.TEAM else "sign-up"
        helps = f"An operator can rename or remove it (openstack project show {(project or found[0]).shown_id})."
        raise NameTaken(f"Project {shown(name)} exists and is not this {whose}'s. {helps}")
    note_found(project)
    return refuse_disabled(project)
