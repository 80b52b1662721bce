"""docs/reference.md tells the truth of paths and errors: it says what the contract says, which is made of the code."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

import handler
from lib import errors
from lib.operations.check import checks
from lib.request.model import CloudEnv
from lib.serving.contract import pages_beside
from lib.serving.openapi.examples import example_of
from tests.support.bodies import fields_of
from tests.support.pages import names_of, section_of, text_of

ROUTES = [*handler.ROUTES]
DOCUMENT = handler.openapi()
PAGES = pages_beside(handler.ROUTES, handler.OPEN_TO_ALL)
SERVED = [*ROUTES, *(("GET", path) for path, page in PAGES.items() if page.in_contract)]


def examples_in(section: str) -> list[Any]:
    """Returns the JSON objects that begin a block of code in a section, with whole values in place of each `…`."""
    texts = re.findall(r"^    (\{.*?)\n\n", section, re.MULTILINE | re.DOTALL)
    return [json.loads(text.replace("{…}", "{}")) for text in texts]


def answers_in(section: str) -> list[tuple[int, Any]]:
    """Returns the status and the JSON object of each answer in a section."""
    found = re.findall(r"^    (\d{3}) (\{.*?)\n\n", section, re.MULTILINE | re.DOTALL)
    return [(int(status), json.loads(text)) for status, text in found]


def is_short_for(short: Any, whole: Any) -> bool:
    """Returns whether a part of an example is another one, in which texts may be cut off by `…`."""
    if isinstance(short, dict) and isinstance(whole, dict):
        return short.keys() == whole.keys() and all(is_short_for(short[name], whole[name]) for name in whole)
    if isinstance(short, list) and isinstance(whole, list):
        return len(short) == len(whole) and all(map(is_short_for, short, whole))
    if isinstance(short, str) and short.endswith("…"):
        return bool(whole.startswith(short[:-1]))
    return bool(short == whole)


def told_fields(schema: dict[str, Any], above: str = "") -> Iterator[tuple[str, tuple[dict[str, Any], bool, str]]]:
    """Yields each field of a request in the contract: its schema, whether it is required, and since which UI."""
    for name, field in schema["properties"].items():
        if "$ref" in field and name != "cloud_env":
            yield from told_fields(
                DOCUMENT["components"]["schemas"][field["$ref"].rpartition("/")[2]], f"{above}{name}."
            )
        elif name != "cloud_env":
            release = re.search(r"The UI sends it since (.*)\.$", field["description"])
            yield f"{above}{name}", (field, name in schema.get("required", ()), release[1] if release else "")


@pytest.mark.parametrize("route", SERVED, ids=names_of)
def test_every_path_and_field_has_its_place_in_the_reference(route: tuple[str, str]) -> None:
    """A client can be written from docs/reference.md alone."""
    page = text_of("docs/reference.md")
    section = section_of(page, f"`{names_of(route)}`")
    assert section, f"docs/reference.md has no section for {names_of(route)}"
    fields = fields_of(route) if route in ROUTES else ()
    missing = [".".join(field) for field in fields if f"`{'.'.join(field)}`" not in section]
    assert missing == [], f"docs/reference.md does not name these fields of {names_of(route)}"


@pytest.mark.parametrize("route", sorted({*ROUTES} - {("GET", "/")}), ids=names_of)
def test_the_example_of_every_path_is_that_of_the_contract(route: tuple[str, str]) -> None:
    """Each is sent to a real Keystone by a test. The page cuts ids short, and leaves cloud_env out."""
    section = section_of(text_of("docs/reference.md"), f"`{names_of(route)}`")
    function = handler.ROUTES[route]
    [request] = examples_in(section)
    assert is_short_for(request | {"cloud_env": None}, example_of(function.model) | {"cloud_env": None})
    [(status, answer)] = answers_in(section)
    assert status == function.answer.status_code
    assert is_short_for(answer, example_of(function.answer))


def test_the_examples_of_cloud_env_can_be_sent() -> None:
    """A cloud_env that is copied from docs/reference.md has either form, and no key that would be ignored."""
    examples = examples_in(section_of(text_of("docs/reference.md"), "cloud_env"))
    assert len(examples) == 2
    for example in examples:
        CloudEnv.model_validate(example)
        assert example.keys() <= CloudEnv.model_fields.keys()


@pytest.mark.parametrize(
    "route", [*sorted({*ROUTES} - {("GET", "/")}), None], ids=lambda route: route and names_of(route)
)
def test_every_row_of_a_field_says_what_the_contract_says(route: tuple[str, str] | None) -> None:
    """The row says whether the field is required, what becomes of null, what it is, and which UI sends it first."""
    name = handler.ROUTES[route].model.__name__ if route else "CloudEnv"
    section = section_of(text_of("docs/reference.md"), f"`{names_of(route)}`" if route else "cloud_env")
    rows = re.findall(r"^\| `([\w.]+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", section, re.MULTILINE)
    told = dict(told_fields(DOCUMENT["components"]["schemas"][name]))
    assert {row[0] for row in rows} == told.keys()
    for field, _, required, blank, what, since in rows:
        schema, is_required, release = told[field]
        assert (required.startswith("yes"), since) == (is_required, release or "\N{EN DASH}"), field
        assert ("400" not in blank) == ("null" in schema["type"]), field
        described = re.sub(r" ?The UI sends it since .*", "", schema["description"]).rstrip(".")
        assert what.casefold().startswith(described.casefold()), f"{field}: {described}"


def test_the_reference_has_no_section_for_a_path_that_is_not_served() -> None:
    """A path that is removed from the table of routes leaves the page, too."""
    headings = re.findall(r"^### (`[A-Z]+ /.*)$", text_of("docs/reference.md"), re.MULTILINE)
    listed = {tuple(one.split()) for heading in headings for one in re.findall(r"`(.+?)`", heading)}
    assert listed - {*SERVED} == set(), "docs/reference.md has a section for a path that is not served"


def test_the_reference_names_every_field_of_cloud_env() -> None:
    """The fields of `cloud_env` are the same in each request, and have one section."""
    section = section_of(text_of("docs/reference.md"), "cloud_env")
    missing = [field for field in CloudEnv.model_fields if f"`{field}`" not in section]
    assert missing == [], "docs/reference.md does not name these fields in its section cloud_env"


def test_the_reference_has_the_table_of_answers() -> None:
    """It has every code of lib/errors.py with its status, in order, and no other."""
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", text_of("docs/reference.md"), re.MULTILINE)
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Problem)}
    known = {(kind.status, kind.code) for kind in kinds - {errors.Problem}}
    listed = [(int(status), code) for status, code in rows]
    assert known - {*listed} == set(), "docs/reference.md has no row for these in its table of answers"
    assert listed == sorted(known), "docs/reference.md has other rows, or another order, in its table of answers"


def test_the_reference_has_the_table_of_checks() -> None:
    """It has each check of a cloud, in the order in which they are answered."""
    section = section_of(text_of("docs/reference.md"), "`POST /check_cloud`")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ", section, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert named == ["ok", "warning", "problem", "unknown", *checks.ALL]
