"""Tests of the OpenAPI document: it has all that is served, says of it what the code says, and its examples fit."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

import handler
from lib import errors
from lib.request.model import CloudEnv
from lib.serving.contract import pages_beside
from lib.serving.openapi.docstrings import errors_of
from lib.serving.openapi.examples import CLOUD_ENV, EXAMPLES
from tests.support.bodies import fields_of

DOCUMENT = handler.openapi()
ROUTES = [*handler.ROUTES]
PAGES = {path: page for path, page in pages_beside(handler.ROUTES, handler.OPEN_TO_ALL).items() if page.in_contract}
KINDS: list[Any] = [kind for kind in vars(errors).values() if hasattr(kind, "code")]
STATUSES = {kind.status for kind in KINDS}
every_route = pytest.mark.parametrize("route", ROUTES, ids=" ".join)


def operation_of(route: tuple[str, str]) -> dict[str, Any]:
    """Returns what the document has for this method and path."""
    return dict(DOCUMENT["paths"][route[1]][route[0].lower()])


def schema(part: dict[str, Any]) -> dict[str, Any]:
    """Returns a schema of the document with all that it refers to."""
    return part | {"components": DOCUMENT["components"]}


def references_in(part: Any) -> Iterator[str]:
    """Yields all that a part of the document refers to."""
    for name, inner in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield from [inner] if name == "$ref" else references_in(inner)


def test_it_has_all_that_is_served_and_nothing_else() -> None:
    """The next endpoint, and the next page, join by themselves."""
    told = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert told == {*ROUTES, *(("GET", path) for path in PAGES)}


def test_every_operation_says_what_it_does_and_what_it_answers() -> None:
    """A row of the page without a text tells a reader nothing."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            texts = [operation["summary"], operation["description"]]
            texts += [answer["description"] for answer in operation["responses"].values() if "$ref" not in answer]
            assert all(texts), f"{method} {path}: {texts}"


def test_every_operation_has_an_id_of_its_own() -> None:
    """Generators of clients name functions by it."""
    ids = [one["operationId"] for methods in DOCUMENT["paths"].values() for one in methods.values()]
    assert len({*ids}) == len(ids)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", one) for one in ids)


def test_whatever_it_refers_to_is_there() -> None:
    """A reference that leads nowhere breaks every tool that reads the document."""
    for reference in {*references_in(DOCUMENT)}:
        part: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


@every_route
def test_a_function_says_which_errors_it_answers(route: tuple[str, str]) -> None:
    """The docstring of a function has each status that it answers, and no status that no class of errors has."""
    told = errors_of(handler.ROUTES[route])
    assert told.keys() <= STATUSES, "the docstring names a status that lib/errors.py does not have"
    if route != ("GET", "/"):
        assert told.keys() >= {400, 403, 502, 503, 504}, f"the docstring of {' '.join(route)} needs a part `Errors:`"


@every_route
def test_every_status_of_an_answer_is_told(route: tuple[str, str]) -> None:
    """What the serving side answers in place of a function is there, too: callers without a token, for instance."""
    statuses = {*map(int, operation_of(route)["responses"])}
    needed = {errors.MethodNotAllowed.status, errors.InternalError.status, errors.Stopping.status}
    if route != ("GET", "/"):
        kinds = (errors.Unauthorized, errors.LengthRequired, errors.ContentTooLarge, errors.UnsupportedMediaType)
        needed |= {kind.status for kind in kinds}
    assert statuses >= needed | errors_of(handler.ROUTES[route]).keys() | {handler.ROUTES[route].answer.status_code}


def test_every_code_of_an_error_is_told() -> None:
    """The schema of a status has every code of that status in lib/errors.py."""
    for kind in KINDS:
        one = DOCUMENT["components"]["schemas"][f"Error{kind.status}"]
        assert kind.code in one["properties"]["error"]["enum"]


@every_route
def test_every_field_is_described(route: tuple[str, str]) -> None:
    """A field has a docstring below it in its model, which says what it is."""
    for field in [*fields_of(route), *(("cloud_env", name) for name in CloudEnv.model_fields)]:
        part: Any = {"$ref": f"#/components/schemas/{handler.ROUTES[route].model.__name__}"} if fields_of(route) else {}
        for name in field:
            if "$ref" in part:
                part = DOCUMENT["components"]["schemas"][part["$ref"].rpartition("/")[2]]
            part = part.get("properties", {}).get(name, {})
        assert not fields_of(route) or part.get("description"), f"{'.'.join(field)} has no docstring in its model"


@every_route
def test_every_example_fits(route: tuple[str, str]) -> None:
    """The example of a request is accepted, and has every field that is required. That of the answer is one."""
    function, operation = handler.ROUTES[route], operation_of(route)
    success = operation["responses"][str(function.answer.status_code)]
    if fields_of(route):
        [request] = operation["requestBody"]["content"].values()
        assert jsonschema_rs.is_valid(schema(request["schema"]), request["example"])
        function.model.model_validate(request["example"])
        [answer] = success["content"].values()
        assert jsonschema_rs.is_valid(schema(answer["schema"]), answer["example"])
    if function.answer.text:
        assert EXAMPLES[function.answer] == function.answer.text
    else:
        assert function.answer.model_validate(EXAMPLES[function.answer])


def test_the_example_of_cloud_env_fits() -> None:
    """It is part of the example of every request."""
    assert CloudEnv.model_validate(CLOUD_ENV)


def test_secrets_are_marked_and_have_no_default() -> None:
    """A viewer hides what is typed there, and no answer has it."""
    names = [
        (name, field)
        for one in DOCUMENT["components"]["schemas"].values()
        for name, field in one.get("properties", {}).items()
        if name == "password"
    ]
    assert len(names) >= 4
    for _, field in names:
        assert (field["format"], field["writeOnly"], "default" in field) == ("password", True, False)
