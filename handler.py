"""The table of paths and functions, and the WSGI application over it; `python handler.py` is the command line."""

import signal
import sys
from typing import Any

if __name__ == "__main__":
    # Before the imports, which take half a second: to the first process of a container a signal that has no handler
    # is lost, and `docker stop` would wait in vain. Only the service has done what it should when it is told to stop.
    OTHERS = {"call", "check-cloud", "check-settings", "list", "openapi", "repair"}
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda signum, _: sys.exit(128 + signum if OTHERS & {*sys.argv} else 0))
    # SIGHUP asks for what has not been read yet to be read again.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

from functions.change_user_details import change_user_details
from functions.check_cloud import check_cloud
from functions.create_team import create_team
from functions.create_team_role import create_team_role
from functions.create_user import create_user
from functions.create_user_project import create_user_project
from functions.delete_team import delete_team
from functions.delete_team_role import delete_team_role
from functions.delete_user import delete_user
from functions.list_user_projects import list_user_projects
from functions.repair_user_projects import repair_user_projects
from functions.running import running
from functions.update_team_role import update_team_role
from lib.serving.contract import document_of
from lib.serving.routing import Routes
from lib.serving.wsgi import wsgi

ROUTES: Routes = {
    ("GET", "/"): running,
    # UI July 2023 to v1.1.0
    ("POST", "/create_user_project"): create_user_project,
    ("POST", "/change_user_details"): change_user_details,
    ("DELETE", "/delete_user"): delete_user,
    # UI v1.2.0 and later
    ("POST", "/user"): create_user,
    ("PATCH", "/user"): change_user_details,
    ("DELETE", "/user"): delete_user,
    ("POST", "/team"): create_team,
    ("DELETE", "/team"): delete_team,
    ("POST", "/team_role"): create_team_role,
    ("PATCH", "/team_role"): update_team_role,
    ("DELETE", "/team_role"): delete_team_role,
    # For operators
    ("POST", "/check_cloud"): check_cloud,
    ("POST", "/list_user_projects"): list_user_projects,
}

OPEN_TO_ALL = [running]

# Called at the command line alone, by whoever reviews what it would change.
WITHOUT_PATH = [repair_user_projects]
FUNCTIONS = {one.__name__: one for one in (*ROUTES.values(), *WITHOUT_PATH)}

# Hosts look for either name.
application = app = wsgi(ROUTES, OPEN_TO_ALL)


def openapi() -> dict[str, Any]:
    """Returns the OpenAPI document of all that is served, as `GET /openapi.json` answers it."""
    return document_of(ROUTES, OPEN_TO_ALL)


if __name__ == "__main__":
    from lib.command_line.commands import main

    main(application, FUNCTIONS, openapi)
