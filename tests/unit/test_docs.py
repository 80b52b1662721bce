"""The documents tell the truth: each table and each example in them is held to the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import handler
from lib import errors
from lib.request.model import CloudEnv
from lib.serving.contract import pages_beside
from lib.serving.openapi.examples import example_of
from lib.settings.loading import parse
from lib.settings.placement import SECRETS
from lib.settings.settings import Settings
from tests.hosts.rows import APACHE, FUNCTION_HOSTS, FUNCTIONS_FRAMEWORK, GTHREAD, SERVERS
from tests.support.bodies import fields_of
from tests.support.service import ROOT
from tools.bench.__main__ import with_figures

ROUTES = [*handler.ROUTES]
DOCUMENT = handler.openapi()
PAGES = {path: page for path, page in pages_beside(handler.ROUTES, handler.OPEN_TO_ALL).items() if page.told}
SERVED = [*ROUTES, *(("GET", path) for path in PAGES)]
# A secret itself never stands in the config file.
OF_THE_FILE = Settings.model_fields.keys() - SECRETS.keys()


def text_of(name: str) -> str:
    """Returns the text of a file of this repository."""
    return (ROOT / name).read_text()


def section_of(page: str, heading: str) -> str:
    """Returns the text under the first heading that has this text in it, up to the next heading."""
    found = re.search(rf"^#+ [^\n]*{re.escape(heading)}[^\n]*$(.*?)(?=^#+ |\Z)", page, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def part_of(page: str, heading: str) -> str:
    """Returns the text under this heading of the second level, with the headings below it."""
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


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


def names_of(route: tuple[str, str]) -> str:
    """Returns a route as documents write it."""
    return " ".join(route)


def routes_in_the_readme() -> list[tuple[str, ...]]:
    """Returns the method and path of each row in the table of paths of README.md."""
    cells = re.findall(r"^\| (`[A-Z]+ .+?`) \|", part_of(text_of("README.md"), "Paths"), re.MULTILINE)
    return [tuple(one.split()) for cell in cells for one in re.findall(r"`(.+?)`", cell)]


@pytest.mark.parametrize("route", SERVED, ids=names_of)
def test_every_path_is_in_the_table_of_the_readme(route: tuple[str, str]) -> None:
    """A reader of README.md sees everything that is served."""
    assert route in routes_in_the_readme(), f"README.md has no row for {names_of(route)} in its table of paths"


def test_the_readme_has_no_row_for_a_path_that_is_not_served() -> None:
    """A path that is removed from the table of routes leaves README.md, too."""
    assert {*routes_in_the_readme()} - {*SERVED} == set(), "README.md has a row for a path that is not served"


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
    assert status == function.answer.answered
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


def test_the_reference_names_every_setting() -> None:
    """Its table of settings has a row for each one, and no other."""
    rows = re.findall(r"^\| `(\w+)` \|", part_of(text_of("docs/reference.md"), "Settings"), re.MULTILINE)
    assert OF_THE_FILE - {*rows} == set(), "docs/reference.md has no row for these in its table of settings"
    assert sorted(rows) == sorted(OF_THE_FILE), "docs/reference.md has a row for what is not a setting"


def test_the_reference_has_the_default_of_every_setting() -> None:
    """Its table of settings has in its second column what holds where nothing is set."""
    page = part_of(text_of("docs/reference.md"), "Settings")
    rows = dict(re.findall(r"^\| `(\w+)` \| ?(.*?) ?\|", page, re.MULTILINE))
    rows = {name: default.replace("`", "") for name, default in rows.items()}
    # The table says in words what holds without these.
    told = {"jwt_secret_file": "", "allowed_auth_urls": "any", "cacert": "certifi's", "max_password_bytes": "no limit"}
    told |= {"readiness_auth_url": "none", "metrics_listen": "none", "jwt_secret_previous_file": ""}
    told |= {f"{part}_domain": f"that of cloud_env's {part}" for part in ("user", "project")}
    assert {name: rows.pop(name) for name in told} == told
    rows["legacy_templates"] = f"{{{rows['legacy_templates']}}}"
    level = rows.pop("log_level")
    section = {name: yaml.safe_load(default) for name, default in rows.items()}
    assert parse(yaml.safe_dump({"log_level": level, "user_handler": section})) == (Settings(), [])


def test_the_sample_of_the_settings_has_each_with_its_default(tmp_path: Path) -> None:
    """The sample means the defaults, as it stands and with every line that is commented out put in force."""
    secret_file = tmp_path / "secret"
    secret_file.write_text("x" * 32)
    sample = text_of("config.sample.yaml")
    assert parse(sample) == (Settings(), [])
    # The files that it names as examples are not on this machine.
    sample = re.sub("(jwt_secret(_previous)?_file): .*", rf"\1: {secret_file}", sample)
    in_force = re.sub(r"^( *)# ?(?=[a-z_]+:|- \{)", r"\1", sample, flags=re.MULTILINE)
    settings, problems = parse(in_force)
    assert problems == []
    assert settings
    examples = {"cacert", "allowed_auth_urls", "jwt_secret_file", "user_domain", "project_domain", "max_password_bytes"}
    examples |= {"readiness_auth_url", "metrics_listen", "jwt_secret_previous_file"}
    assert settings.model_dump(exclude=examples) == Settings().model_dump(exclude=examples)
    assert settings.model_fields_set == OF_THE_FILE


def test_the_page_on_performance_has_the_figures_that_were_measured() -> None:
    """`make bench` writes the figures into the page, so none was put in by hand."""
    page = text_of("docs/performance.md")
    assert with_figures(page, json.loads(text_of("docs/bench.json"))) == page


def test_the_page_on_hosts_has_what_make_hosts_runs() -> None:
    """The page has each command and each file as it is tried, and what came of it."""
    page = text_of("docs/hosts.md")
    rows = re.findall(r"^\| (.+?) \| .*?\| (?:`(.+)`|below) \| (read|answered 411) \| (\w+)", page, re.MULTILINE)
    commands = {host.name: "" if host.command == APACHE else host.command for host in SERVERS}
    assert rows == [
        (
            host.name,
            commands[host.name],
            "answered 411" if host.drops_chunked else "read",
            "answered" if host.finishes else "cut",
        )
        for host in SERVERS
    ]
    assert f"`{FUNCTIONS_FRAMEWORK.command}`" in page
    pinned = text_of("tests/hosts/requirements.txt").splitlines()
    assert [pin for pin in re.findall(r"[\w-]+==[\w.]+", page) if pin not in pinned] == []
    for host in (*SERVERS, *FUNCTION_HOSTS, GTHREAD.alone()):
        assert [name for name, text in host.files.items() if f"\n{text}```" not in page] == [], host.name


@pytest.mark.parametrize("route", SERVED, ids=names_of)
def test_the_changelog_tells_of_every_path(route: tuple[str, str]) -> None:
    """Somebody who upgrades learns what is new from CHANGELOG.md."""
    assert f"`{names_of(route)}`" in text_of("CHANGELOG.md"), f"CHANGELOG.md does not tell of {names_of(route)}"
