"""Builds a body for the request of any function from its model, so that tests can go by the table of functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import handler
from lib.answer.operations import CloudChecked
from lib.endpoint import Endpoint
from lib.request.model import Model

Body = dict[str, Any]
Route = tuple[str, str]
# The names that lead from the top of a body to one of its fields.
Field = tuple[str, ...]

# Every function by its method and path. One without a path, which only the command line calls, has `call` and its name.
FUNCTIONS: dict[Route, Endpoint] = {
    **handler.ROUTES,
    **{("call", name): one for name, one in handler.FUNCTIONS.items() if one not in handler.ROUTES.values()},
}
# Every function that takes a request; GET / takes none.
ASKED: list[Route] = [route for route, function in FUNCTIONS.items() if function.model.model_fields]
# Those of them that have a path.
ROUTES: list[Route] = [route for route in ASKED if route in handler.ROUTES]

# Those that answer an error where Keystone fails or refuses. A check answers what it has seen.
FAILING = [route for route in ROUTES if handler.ROUTES[route].answer is not CloudChecked]


@dataclass(frozen=True)
class Given:
    """The user, project and password that a request is about."""

    login: str
    user_id: str
    project_id: str
    password: str = "battery-staple"

    def value(self, field: Field) -> object:
        """Returns a value for the field. A model with a field of a new name needs an entry for it here."""
        name = field[-1]
        if name.endswith("user_id"):
            return self.user_id
        if name.endswith("project_id"):
            return self.project_id
        if name.endswith("user_ids"):
            return [self.user_id]
        values = {
            "username": self.login,
            "password": self.password,
            "email": f"{self.login}@site.example",
            "name": f"{self.login} team",
            "role": "admin",
            "current_role": "admin",
            "new_role": "member",
            "billing_account_id": None,
            "billing_acct_id": None,
            "apply": True,
            "remove_half_made": True,
            "most_percent": 100,
        }
        assert name in values, f"tests/support/bodies.py does not say what the field {'.'.join(field)} may hold"
        return values[name]


def fields_of(route: Route) -> dict[Field, bool]:
    """Returns each field of a request to this function, without those of cloud_env, and whether it is required."""
    return dict(_fields(FUNCTIONS[route].model, ()))


def _fields(model: type[Model], above: Field) -> Iterator[tuple[Field, bool]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Model):
            yield from () if name == "cloud_env" else _fields(inner, (*above, name))
        else:
            yield (*above, name), field.is_required()


def is_id(field: Field) -> bool:
    """Returns whether the field holds the id of a Keystone user or project, or a list of them."""
    return field[-1].endswith(("user_id", "project_id")) or is_list(field)


def is_list(field: Field) -> bool:
    """Returns whether the field holds a list of ids."""
    return field[-1].endswith("user_ids")


def ids_of(route: Route) -> list[Field]:
    """Returns the fields by which a request to this path names users and projects."""
    return [field for field in fields_of(route) if is_id(field)]


def body_of(route: Route, given: Given, *more_ids: Field) -> Body:
    """Returns a request to this path without cloud_env.

    It has the ids that are required, and those of `more_ids`, which are optional.
    """
    body: Body = {}
    for field, required in fields_of(route).items():
        if required or not is_id(field) or field in more_ids:
            put(body, field, given.value(field))
    return body


def put(body: Body, field: Field, value: object) -> Body:
    """Returns the body with this value in the field."""
    *above, name = field
    inner = body
    for part in above:
        inner = inner.setdefault(part, {})
    inner[name] = value
    return body
