"""A generator makes a client in TypeScript from the contract, and that client calls every path."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import handler
from tests.openapi.given import bearer
from tests.support.keystone import Keystone
from tests.support.service import ROOT

CLIENT = ROOT / "tests" / "openapi" / "client"
TOOLS = ROOT / ".openapi"
PATHS = {
    (method.upper(), path): min(operation["responses"])
    for path, methods in handler.openapi()["paths"].items()
    for method, operation in methods.items()
}


def run(*command: str | Path, folder: Path, **more: str) -> str:
    """Returns what a program prints. Fails with all that it said if it fails."""
    done = subprocess.run(command, cwd=folder, env=os.environ | more, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_a_generated_client_calls_every_path(
    cloud: Keystone, url: str, login: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """It signs a user up, changes and removes them, and does as much with a team. Each answer has the first status."""
    contract = tmp_path / "openapi.json"
    contract.write_text(json.dumps(handler.openapi()))
    shutil.copytree(CLIENT, tmp_path, dirs_exist_ok=True)
    generator: list[str | Path] = [
        "generate",
        "--input-spec",
        contract,
        "--generator-name",
        "typescript-fetch",
        "--output",
        "generated",
    ]
    run(TOOLS / "bin" / "openapi-generator-cli", *generator, folder=tmp_path)
    run("node", TOOLS / "client" / "node_modules" / "typescript" / "bin" / "tsc", folder=tmp_path)
    env = {"URL": url, "TOKEN": bearer(), "LOGIN": login, "CLOUD_ENV": json.dumps(cloud.cloud_env())}
    calls = json.loads(run("node", "built/every_path.js", folder=tmp_path, **env))
    told = {(method, path): str(status) for method, path, status in calls}
    assert told.keys() == PATHS.keys(), "tests/openapi/client/every_path.ts does not call every path of the contract"
    assert told == PATHS
    assert not cloud.admin.users.list(name=f"concertim_{login}")
    record_property("told", f"a generated client called {len(calls)} paths")
