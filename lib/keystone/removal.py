"""remove_all: a user and their project, or either, removed as far as they are still there."""

from lib.keystone.connection import Connection
from lib.keystone.resources import Project, User


def remove_all(cloud: Connection, project: Project | None, user: User | None = None) -> None:
    """Removes the project, then the user.

    Where Keystone refuses to remove the project nothing is changed: the user is kept, and can still reach the project.
    """
    if project:
        cloud.delete_project(project.id)
    if user:
        cloud.delete_user(user.id)
