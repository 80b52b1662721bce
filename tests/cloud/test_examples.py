"""Tests that send the example of each request in the OpenAPI document to a real Keystone, and get its answer."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import Client

import handler
from functions.create_team import create_team
from functions.create_user_project import create_user_project
from lib.serving.openapi.examples import CLOUD_ENV, LOGIN, PROJECT_ID, TEAM, USER_ID
from tests.support.bodies import Route
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone

DOCUMENT = handler.openapi()
OPERATIONS = [
    pytest.param((method.upper(), path), operation, id=f"{method.upper()} {path}")
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def replaced(part: Any, values: Mapping[str, Any]) -> Any:
    """Returns a part of an example with other values in place of those that stand for somebody's own."""
    if isinstance(part, dict):
        return {name: replaced(inner, values) for name, inner in part.items()}
    return values.get(part, part) if isinstance(part, str) else part


def ids_for(operation: dict[str, Any], request_of: RequestOf, cloud: Keystone) -> dict[str, str]:
    """Signs up whom the example is about, if it has an id, and returns what stands in place of the example's ids."""
    text = json.dumps(operation["requestBody"])
    if USER_ID not in text and PROJECT_ID not in text:
        return {}
    _, person = create_user_project(request_of())
    _, team = create_team({"cloud_env": cloud.cloud_env(), "name": request_of()["username"]})
    assert isinstance(person, dict)
    assert isinstance(team, dict)
    project = team if operation["tags"] == ["teams"] else person
    return {USER_ID: person["user_id"], PROJECT_ID: project["project_id"]}


@pytest.mark.parametrize(("route", "operation"), OPERATIONS)
def test_the_example_of_every_path_is_answered_as_the_document_says(
    cloud: Keystone, login: str, request_of: RequestOf, route: Route, operation: dict[str, Any]
) -> None:
    """Somebody who tries the examples sees what the document promises. Ids differ."""
    method, path = route
    [(status, success)] = [(int(one), told) for one, told in operation["responses"].items() if one.startswith("2")]
    [(media_type, described)] = success["content"].items()
    body, values = None, {}
    if "requestBody" in operation:
        values = ids_for(operation, request_of, cloud) or {LOGIN: login, TEAM: login}
        example = operation["requestBody"]["content"]["application/json"]["example"]
        assert example["cloud_env"] == CLOUD_ENV
        body = replaced(example, values) | {"cloud_env": cloud.cloud_env()}
    answer = Client(handler.application).open(path, method=method, json=body)
    assert (answer.status_code, answer.mimetype) == (status, media_type)
    if "example" in described:
        got = answer.get_json() if answer.is_json else answer.text
        # The ids of what was created are known from now on.
        new = (
            {old: got[name] for name, old in described["example"].items() if old in (USER_ID, PROJECT_ID)}
            if body
            else {}
        )
        example = replaced(described["example"], values | new)
        # What a list holds depends on what this Keystone holds.
        holds_lists = isinstance(example, dict) and any(isinstance(value, list) for value in example.values())
        assert ({*got} == {*example}) if holds_lists else (got == example)
