"""What the published schemas of Knative say of a Service: its types know every field, and a validator every value."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.service import ROOT

# `make deploy` installs the schemas here.
SCHEMAS = ROOT / ".deploy" / "schemas"
NPM_FILES = [Path(__file__).with_name(name) for name in ("package.json", "package-lock.json")]
MODULE = "@kubernetes-models/knative/serving.knative.dev/v1"
COMPILE = ["node_modules/.bin/tsc", "--noEmit", "--strict", "--module", "nodenext", "--skipLibCheck"]
VALIDATE = f"""
import {{ readFileSync }} from "node:fs";
import {{ Service }} from "{MODULE}";

for (const [name, content] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {{
    try {{
        new Service(content).validate();
    }} catch (error) {{
        console.log(`${{name}}: ${{error.message}}`);
    }}
}}
"""


def complaints(services: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Returns what the schemas find wrong with each of these, by their names, which are those of files."""
    lines = [*_compiled(services), *_validated(services)]
    found = {name: [line for line in lines if line.startswith((f"{name}.ts(", f"{name}: "))] for name in services}
    assert sum(map(len, found.values())) == len(lines), lines
    return found


def _compiled(services: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Returns the complaints of a compiler, for which each of these is a constant of the schema's type."""
    # The compiler looks for the types in the folders above.
    with TemporaryDirectory(dir=SCHEMAS) as folder:
        for name, content in services.items():
            constant = f"export const service: IService = {json.dumps(content, indent=1)};\n"
            Path(folder, f"{name}.ts").write_text(f'import type {{ IService }} from "{MODULE}";\n{constant}')
        files = [f"{Path(folder).name}/{name}.ts" for name in services]
        done = subprocess.run([*COMPILE, *files], cwd=SCHEMAS, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        said = [line.removeprefix(f"{Path(folder).name}/") for line in done.stdout.splitlines()]
        # Other lines go on with the one before.
        return [line for line in said if not line.startswith(" ")]


def _validated(services: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Returns the complaints of the validator that comes with the schemas."""
    command = ["node", "--input-type=module", "--eval", VALIDATE]
    given = json.dumps(services)
    done = subprocess.run(command, cwd=SCHEMAS, input=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()
