"""The documents tell the truth: each table and each example in them is held to the code."""

import json
import re
from pathlib import Path

import pytest
import yaml

import handler
from lib.serving.contract import pages_beside
from lib.settings.loading import parse
from lib.settings.placement import SECRETS
from lib.settings.settings import Settings
from tests.hosts.rows import APACHE, FUNCTION_HOSTS, FUNCTIONS_FRAMEWORK, GTHREAD, SERVERS
from tests.support.pages import names_of, part_of, text_of
from tools.bench.pages import PAGES as FIGURES
from tools.bench.pages import Page

ROUTES = [*handler.ROUTES]
PAGES = pages_beside(handler.ROUTES, handler.OPEN_TO_ALL)
SERVED = [*ROUTES, *(("GET", path) for path, page in PAGES.items() if page.in_contract)]
# A secret itself never stands in the config file.
OF_THE_FILE = Settings.model_fields.keys() - SECRETS.keys()


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
    told |= {
        "ui_release": "none",
        "readiness_auth_url": "none",
        "metrics_listen": "none",
        "jwt_secret_previous_file": "",
    }
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
    examples |= {"ui_release", "readiness_auth_url", "metrics_listen", "jwt_secret_previous_file"}
    assert settings.model_dump(exclude=examples) == Settings().model_dump(exclude=examples)
    assert settings.model_fields_set == OF_THE_FILE


@pytest.mark.parametrize("page", FIGURES.values(), ids=FIGURES)
def test_a_page_with_figures_has_those_that_were_measured(page: Page) -> None:
    """`make bench` writes the figures into the page, so none was put in by hand."""
    assert page.with_figures(json.loads(page.path.with_name(page.results).read_text())) == page.path.read_text()


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
