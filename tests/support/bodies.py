"""A body for the request of any endpoint, made from its model, so that tests can go by the table of routes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import handler
from lib.request.model import Model

Body = dict[str, Any]
Route = tuple[str, str]
# From the top of a body to a field of it.
Field = tuple[str, ...]

# Every path that takes a request; GET / takes none.
ROUTES: list[Route] = [route for route, function in handler.ROUTES.items() if function.model.model_fields]


@dataclass(frozen=True)
class Given:
    """What a request is about."""

    login: str
    user_id: str
    project_id: str
    password: str = "battery-staple"

    def value(self, field: Field) -> object:
        """What the field holds. A model with a field of another name has its value put here."""
        name = field[-1]
        if name.endswith("user_id"):
            return self.user_id
        if name.endswith("project_id"):
            return self.project_id
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
        }
        assert name in values, f"tests/support/bodies.py does not say what the field {'.'.join(field)} may hold"
        return values[name]


def fields_of(route: Route) -> dict[Field, bool]:
    """Each field of a request to this path, but those of cloud_env, and whether it must be there."""
    return dict(_fields(handler.ROUTES[route].model, ()))


def _fields(model: type[Model], above: Field) -> Iterator[tuple[Field, bool]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Model):
            yield from () if name == "cloud_env" else _fields(inner, (*above, name))
        else:
            yield (*above, name), field.is_required()


def is_id(field: Field) -> bool:
    """Whether the field names a user or a project of Keystone's."""
    return field[-1].endswith(("user_id", "project_id"))


def ids_of(route: Route) -> list[Field]:
    """The fields by which a request to this path names users and projects."""
    return [field for field in fields_of(route) if is_id(field)]


def body_of(route: Route, given: Given, *more_ids: Field) -> Body:
    """A request to this path, less cloud_env, with the ids that it must have and `more_ids` that it may have."""
    body: Body = {}
    for field, required in fields_of(route).items():
        if required or not is_id(field) or field in more_ids:
            put(body, field, given.value(field))
    return body


def put(body: Body, field: Field, value: object) -> Body:
    """The body, with this value in the field."""
    *above, name = field
    inner = body
    for part in above:
        inner = inner.setdefault(part, {})
    inner[name] = value
    return body
