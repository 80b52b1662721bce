"""Tests that the schemas of requests accept what the models accept, and nothing else."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import handler
from lib.serving.openapi.examples import CLOUD_ENV, example_of
from tests.support.bodies import ROUTES, Field, Route, fields_of, put

DOCUMENT = handler.openapi()
# Letters, what white space and control characters are, and what is neither.
CHARACTERS = st.sampled_from("aZ09._-/ \t\n\r\f\v\x00\x1c\x1f\x7f\x85\xa0\u2003\u3000\ufeffäß漢😀")
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=6),
    st.text("0aF-", min_size=30, max_size=70),
    st.builds(lambda one, many: one * many, st.sampled_from("a \xa0"), st.sampled_from((127, 128, 129, 254, 255, 256))),
    st.builds(lambda text: f" {text}\n", st.text("ab \xa0", min_size=250, max_size=258)),
    st.sampled_from(("admin", "member", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")),
)
VALUES = st.one_of(TEXTS, TEXTS, st.none(), st.sampled_from([0, True, 1.5, [], {}, ["a"], {"a": "b"}]))
ABSENT = object()


def accepts(route: Route, request: dict[str, Any]) -> tuple[bool, bool]:
    """Returns whether the schema of a request accepts this one, and whether the model does."""
    model = handler.ROUTES[route].model
    reference = {"$ref": f"#/components/schemas/{model.__name__}", "components": DOCUMENT["components"]}
    try:
        model.model_validate(request)
    except ValidationError:
        return jsonschema_rs.is_valid(reference, request), False
    return jsonschema_rs.is_valid(reference, request), True


def differing(route: Route, field: Field, value: object) -> dict[str, Any]:
    """Returns the example of a request with this value in a field, or without the field."""
    request: dict[str, Any] = {name: _copy(part) for name, part in example_of(handler.ROUTES[route].model).items()}
    return put_or_leave_out(request, field, value)


def put_or_leave_out(request: dict[str, Any], field: Field, value: object) -> dict[str, Any]:
    """Returns the request with this value in the field, or without the field if the value is ABSENT."""
    put(request, field, value)
    if value is ABSENT:
        inner = request
        for name in field[:-1]:
            inner = inner[name]
        del inner[field[-1]]
    return request


def _copy(part: Any) -> Any:
    return {name: _copy(inner) for name, inner in part.items()} if isinstance(part, dict) else part


def is_a_long_blank(value: object) -> bool:
    """Whether this is white space that is longer than a password may be. It counts as absent, which no schema says."""
    return isinstance(value, str) and len(value) > 128 and not value.strip(" \t\n\v\f\r")


FIELDS = [
    (route, field)
    for route in ROUTES
    for field in [*fields_of(route), *(("cloud_env", name) for name in CLOUD_ENV if name != "auth_url")]
]


@pytest.mark.parametrize(("route", "field"), FIELDS, ids=lambda one: " ".join(one))
def test_a_value_is_accepted_by_both_or_by_neither(route: Route, field: Field) -> None:
    """A client that checks what it sends by the contract sends nothing that is refused for its form."""

    @settings(max_examples=60, derandomize=True, deadline=None, database=None)
    @given(st.one_of(VALUES, st.just(ABSENT)))
    def hold(value: object) -> None:
        if not is_a_long_blank(value):
            request = differing(route, field, value)
            by_schema, by_model = accepts(route, request)
            assert by_schema == by_model, request

    hold()


BLANKS = (ABSENT, None, "", " \n", "x")


@pytest.mark.parametrize(
    ("route", "one", "other"),
    [
        (("POST", "/user"), ("cloud_user_id",), ("password",)),
        (("POST", "/create_user_project"), ("cloud_user_id",), ("password",)),
        (("PATCH", "/user"), ("user_info", "new_data", "email"), ("user_info", "new_data", "password")),
        *(
            (("POST", "/team"), ("cloud_env", f"{kind}_id"), ("cloud_env", name))
            for kind, names in (
                ("user", ("username", "user_domain_name")),
                ("project", ("project_name", "project_domain_name")),
            )
            for name in names
        ),
    ],
)
def test_a_field_is_required_by_both_or_by_neither(route: Route, one: Field, other: Field) -> None:
    """Some fields are required only where another one is absent, and blank ones count as absent."""
    for first in BLANKS:
        for second in BLANKS:
            request = put_or_leave_out(differing(route, one, first), other, second)
            by_schema, by_model = accepts(route, request)
            assert by_schema == by_model, request


@pytest.mark.parametrize(
    ("auth_url", "good"),
    [
        ("http://10.0.0.1:5000/v3", True),
        (" HTTPS://keystone.example/identity/\n", True),
        ("http://[::1]:5000", True),
        ("", False),
        ("keystone:5000", False),
        ("ftp://keystone", False),
        ("http://ann:secret@keystone", False),
        ("http://keystone/?a=b", False),
        ("http://keystone/#a", False),
    ],
)
def test_the_url_of_a_keystone_is_accepted_by_both_or_by_neither(auth_url: str, good: bool) -> None:
    """Not all that makes a URL bad is in the schema."""
    assert accepts(("POST", "/team"), differing(("POST", "/team"), ("cloud_env", "auth_url"), auth_url)) == (good, good)
