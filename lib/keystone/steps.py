"""The steps that a recipe is made of, as `keystone` has them."""

from lib.keystone.connection import Connection, connect
from lib.keystone.grants import ensure_grants, look_up_grants
from lib.keystone.ownership import existing_member, own_member, own_pair, own_project
from lib.keystone.project import ensure_project, ensure_team
from lib.keystone.removal import remove_all
from lib.keystone.session import load_client
from lib.keystone.team_roles import give_team_role, replace_team_roles, take_team_roles
from lib.keystone.user import change_user, ensure_user

__all__ = [
    "Connection",
    "change_user",
    "connect",
    "ensure_grants",
    "ensure_project",
    "ensure_team",
    "ensure_user",
    "existing_member",
    "give_team_role",
    "load_client",
    "look_up_grants",
    "own_member",
    "own_pair",
    "own_project",
    "remove_all",
    "replace_team_roles",
    "take_team_roles",
]
