"""The table of paths and functions, and the WSGI application over it; `python handler.py` hosts it in waitress."""

from functions.create_user_project import create_user_project
from functions.running import running
from lib.wsgi import Routes, wsgi

ROUTES: Routes = {
    ("GET", "/"): running,
    ("POST", "/create_user_project"): create_user_project,
}

application = wsgi(ROUTES)

if __name__ == "__main__":
    from lib import serve

    serve.main(application)
