"""What a process loads, and when: Keystone's libraries take longer to load than all else."""

import subprocess
import sys

from tests.service import ROOT

LOADED = "any(name.startswith(('keystone', 'requests', 'urllib3', 'oslo')) for name in sys.modules)"


def said(program: str) -> str:
    """What a new Python says that runs this program."""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_process_starts_without_keystones_libraries() -> None:
    """The application, or one function of it; waitress and the command line included."""
    assert said(f"import sys, handler, lib.serve; print({LOADED})") == "False"
    assert said(f"import sys, functions.create_user_project; print({LOADED})") == "False"


def test_the_first_request_of_any_kind_loads_them_ahead_of_a_sign_up() -> None:
    """A health check, on a host that serves the application and knows nothing of this."""
    program = f"""
import sys, time, handler
from werkzeug.test import Client
assert Client(handler.application).get("/").text == "Running"
while not {LOADED}:
    time.sleep(0.01)
print("loaded")
"""
    assert said(program) == "loaded"


def test_a_function_that_is_called_at_once_loads_them_itself() -> None:
    """Nothing else has."""
    program = """
from functions.delete_team import delete_team
env = {"auth_url": "http://127.0.0.1:1/v3", "user_id": "a" * 32, "password": "x", "project_id": "b" * 32}
print(delete_team({"cloud_env": env, "team_info": {"project_id": "c" * 32}})[0])
"""
    assert said(program) == "502"
