"""The table of paths and functions, and the WSGI application over it; `python handler.py` hosts it in waitress."""

import signal
import sys

if __name__ == "__main__":
    # Before the imports, which take half a second: to the first process of a container a signal that has no handler
    # is lost, and `docker stop` would wait in vain.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))

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
