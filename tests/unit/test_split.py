"""The files of the web servers in docs/deploy pass to UserHandler exactly the paths for which the UI needs it."""

import re

import pytest

import handler
from lib.request.model import ForCloud, Model
from tests.deploy.split.fronts import FILES
from tests.deploy.split.tables import passed_by, releases_of, routes_of_the_ui
from tests.support.pages import section_of, text_of
from tests.support.service import ROOT

every_file = pytest.mark.parametrize("name", FILES)


@every_file
def test_every_path_of_the_ui_is_passed_to_userhandler(name: str) -> None:
    """Without a row of its own, a path goes to the older server, which answers in another way or not at all."""
    missing = {path for _, path in routes_of_the_ui()} - {*passed_by(name)}
    file = FILES[name].relative_to(ROOT)
    assert missing == set(), f"{file} passes these to the older server: give each a row among UserHandler's paths"


@every_file
def test_nothing_else_is_passed_to_userhandler(name: str) -> None:
    """Each other path is the older server's, or one for operators, who ask UserHandler's own port."""
    other = {*passed_by(name)} - {path for _, path in routes_of_the_ui()}
    file = FILES[name].relative_to(ROOT)
    assert other == set(), f"{file} passes these to UserHandler, although no release of the UI sends them"


@every_file
def test_a_file_names_userhandler_in_its_table_alone(name: str) -> None:
    """Otherwise the two tests before this one would not see all that is passed to UserHandler."""
    rows, text = passed_by(name), FILES[name].read_text()
    assert len(rows) == len({*rows})
    found = re.findall(r"http://user_handler\b|\bpath /|use_backend user_handler", text)
    assert len(found) == len(rows) + (name == "haproxy")


def test_the_page_on_files_for_a_site_has_every_path_of_the_split() -> None:
    """Who writes a file for another web server finds the paths there."""
    section = section_of(text_of("docs/deploy/README.md"), "The split by path")
    listed = section.partition("the older server: ")[2].partition(". ")[0]
    assert sorted(re.findall(r"`(.+?)`", listed)) == sorted({path for _, path in routes_of_the_ui()})


def test_what_operators_ask_is_none_of_the_uis() -> None:
    """Their requests have a cloud_env, too, which alone does not make them the UI's."""
    operators = {("POST", "/check_cloud"), ("POST", "/list_user_projects")}
    assert operators <= handler.ROUTES.keys()
    assert operators.isdisjoint(routes_of_the_ui())


def test_a_part_that_a_release_sends_makes_a_request_the_uis() -> None:
    """A model says since which release by itself, or in a part, as most do."""

    class Part(Model, since="v9.9.9"):
        """A part of a request."""

    class Request(ForCloud):
        """A request with it."""

        part: Part

    assert [[*releases_of(one)] for one in (Part, Request, ForCloud)] == [["v9.9.9"], ["v9.9.9"], []]
