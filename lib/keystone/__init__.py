"""Keystone: the connection, and the steps that a recipe is made of. All that knows keystoneauth and keystoneclient."""

from lib.keystone.connection import Connection, connect
from lib.keystone.grants import ensure_grants, look_up_grants
from lib.keystone.project import ensure_project
from lib.keystone.user import ensure_user

__all__ = ["Connection", "connect", "ensure_grants", "ensure_project", "ensure_user", "look_up_grants"]
