"""remove_all: a user and their project, or either, removed as far as they are still there."""

from lib.errors import Problem
from lib.keystone.connection import Connection
from lib.keystone.resources import Project, User


def remove_all(cloud: Connection, project: Project | None, user: User | None = None) -> None:
    """Removes the project, then the user; the user even if the project cannot be, and then raises what stopped it."""
    failure: Problem | None = None
    try:
        if project:
            cloud.delete_project(project.id)
    except Problem as error:
        failure = error
    if user:
        cloud.delete_user(user.id)
    if failure:
        raise failure
