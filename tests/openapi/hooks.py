"""What schemathesis cannot make up: a real cloud_env, and ids of real users and projects. It imports this module."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import jsonschema_rs
import schemathesis

# Written by test_cases.py: the contract, cloud_envs, and the ids of users and projects.
GIVEN = json.loads(Path(os.environ["GIVEN"]).read_text())
_CLOUD_ENV = {"$ref": "#/components/schemas/CloudEnv", "components": GIVEN["contract"]["components"]}
_IS_CLOUD_ENV = jsonschema_rs.validator_for(_CLOUD_ENV)
_cloud_envs = itertools.cycle(GIVEN["cloud_envs"])
_turns = itertools.count()
_ids = {kind: itertools.cycle(GIVEN[kind]) for kind in ("users", "projects", "spare_users", "spare_projects")}


@schemathesis.hook  # type: ignore[untyped-decorator]  # It has no types here.
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Puts a real cloud_env in place of one that is right, and real ids in place of some that are right."""
    body = case.body
    if not isinstance(body, dict) or not _IS_CLOUD_ENV.is_valid(body.get("cloud_env")):
        return
    case.body = body | {"cloud_env": next(_cloud_envs)}
    if case.meta.generation.mode.is_positive:
        needs_a_user = "username" in body and not str(body.get("password") or "").strip()
        if needs_a_user or next(_turns) % 2:
            case.body = _with_real_ids(case.body, "spare_" if case.method == "DELETE" else "")


def _with_real_ids(part: Any, spare: str) -> Any:
    """Returns a part of a request with other ids in place of those that it has. Only spare ones may be removed."""
    if not isinstance(part, dict):
        return part
    kinds = {"user_id": "users", "cloud_user_id": "users", "project_id": "projects"}
    return {
        name: next(_ids[spare + kinds[name]])
        if name in kinds and value
        else value
        if name == "cloud_env"
        else _with_real_ids(value, spare)
        for name, value in part.items()
    }
