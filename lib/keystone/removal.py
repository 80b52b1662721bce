"""remove_all: removes a user and their project, or either of them, as far as they still exist."""

from lib.keystone.client.connection import Connection
from lib.keystone.client.resources import Project, User


def remove_all(cloud: Connection, project: Project | None, user: User | None = None) -> None:
    """Removes the project, then the user.

    Where Keystone refuses to remove the project, nothing is changed: the user is kept and can still reach the project.
    """
    if project:
        cloud.delete_project(project.id)
    if user:
        cloud.delete_user(user.id)
