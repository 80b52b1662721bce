"""The page of the mapping as people use it: they read, sort, filter and copy."""

import pytest

from functions.create_user_project import create_user_project
from functions.list_user_projects import list_user_projects
from tests.page.conftest import Opened, rows
from tests.support.fixtures import RequestOf
from tests.support.keystone import Keystone
from tests.support.mapping import answer, person, team

DISABLED = ("disabled", "The user is disabled.")
NO_USER = dict.fromkeys(["user_id", "user_name", "email", "full_name", "user_created", "user_request_id"])
PEOPLE = [
    person("ann10", *[DISABLED] * 10, full_name="Zoë", user_enabled=False),
    person("bob", ("no_user", "There is a project and no user."), project_created=None, **NO_USER),
    # Half an hour before the first one, although its text is after that one's.
    person("ann2", *[DISABLED] * 2, full_name="amy", user_created="2026-11-28T17:30:00+01:00"),
    team("physics", project_created="2026-11-29T00:00:00+00:00"),
]
BODY = answer(*PEOPLE)
LOGINS = ["ann10", "bob", "ann2", "physics"]
FIND = "input[name=find]"


def test_the_page_can_be_read_without_scripts(opened: Opened) -> None:
    """Some mail programs run none. The table is there, and nothing that would do nothing."""
    page = opened(BODY, java_script_enabled=False)
    text = page.do("inner_text", "body")
    names = [one[key] for one in PEOPLE for key in ("login", "user_name", "project_id", "team") if key in one]
    assert [one for one in names if one not in text] == []
    assert not page.do("is_visible", "form")


@pytest.mark.parametrize(
    ("head", "upwards", "downwards"),
    [
        ("Login or team", "ann2 ann10 bob physics", "physics bob ann10 ann2"),
        ("Kind", "ann10 bob ann2 physics", "physics ann10 bob ann2"),
        ("Problems", "physics bob ann2 ann10", "ann10 ann2 bob physics"),
        ("Name, e-mail", "ann2 ann10 bob physics", "ann10 ann2 bob physics"),
        ("User", "ann2 ann10 bob physics", "ann10 ann2 bob physics"),
        ("Created (UTC)", "ann2 ann10 physics bob", "physics ann10 ann2 bob"),
    ],
)
def test_a_click_on_a_head_sorts_by_its_column(opened: Opened, head: str, upwards: str, downwards: str) -> None:
    """Numbers by value, and times by when they are. The second click turns the order, and what is empty stays last."""
    page = opened(BODY)
    assert rows(page) == LOGINS
    for order, expected in (("ascending", upwards), ("descending", downwards)):
        page.do("click", f"thead button:has-text('{head}')")
        assert rows(page) == expected.split()
        assert page.do("inner_text", f"th[aria-sort={order}]").startswith(head)
        assert page.do("evaluate", "document.querySelectorAll('th[aria-sort=none]').length") == 8


def test_every_column_can_be_sorted_by_the_keyboard(opened: Opened) -> None:
    """Each head is reached by the key Tab, after the form, and sorts by the key Enter."""
    page = opened(BODY)
    page.do("focus", "button[type=reset]")
    heads = page.do("evaluate", "[...document.querySelectorAll('thead th')].map(head => head.textContent)")
    for head in heads:
        page.do("press", ":focus", "Tab")
        page.do("press", ":focus", "Enter")
        assert page.do("inner_text", "th[aria-sort=ascending]").startswith(head)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ann", "ann10 ann2"),
        ("  ANN  Amy ", "ann2"),
        ("bob", "bob"),
        ("Zoe\u0308", "ann10"),
        ("ann2@example.org", "ann2"),
        (PEOPLE[0]["user_id"], "ann10"),
        (PEOPLE[1]["project_id"][4:20], "bob"),
        (PEOPLE[3]["project_request_id"], "physics"),
        ("nobody", ""),
        # The accounts that have a role on every project find nothing.
        ("watcher", ""),
        ("", "ann10 bob ann2 physics"),
    ],
)
def test_what_is_typed_finds_logins_names_addresses_and_ids(opened: Opened, typed: str, found: str) -> None:
    """Every word must be in a row, in upper or lower case, and an é is an é however it is written."""
    page = opened(BODY)
    page.do("fill", FIND, typed)
    assert rows(page) == found.split()
    assert page.do("inner_text", "output") == f"{len(found.split())} of 4 shown"


def test_rows_are_chosen_by_their_problems(opened: Opened) -> None:
    """By any problem, by one, by one of several, and by what is typed as well. One button shows all again."""
    page = opened(BODY)
    assert page.do("inner_text", "fieldset").split() == [
        "Any",
        "of",
        "these",
        "problems",
        "disabled",
        "2",
        "no_user",
        "1",
    ]
    page.do("check", "text=with problems only")
    assert rows(page) == ["ann10", "bob", "ann2"]
    page.do("check", "text=no_user >> nth=0")
    assert rows(page) == ["bob"]
    page.do("check", "text=disabled >> nth=0")
    page.do("fill", FIND, "ann")
    assert rows(page) == ["ann10", "ann2"]
    page.do("click", "thead button:has-text('Login')")
    assert rows(page) == ["ann2", "ann10"]
    page.do("click", "text=Show all")
    page.do("wait_for_selector", "output:has-text('4 of 4 shown')")
    assert rows(page) == ["ann2", "ann10", "bob", "physics"]


def test_a_click_on_an_id_copies_it(opened: Opened) -> None:
    """And pasting it where rows are found shows where else it is."""
    page = opened(BODY)
    page.do("click", "tbody tr:nth-child(3) code >> nth=0")
    page.do("wait_for_selector", f"[role=status]:has-text('Copied {PEOPLE[2]['user_id']}')")
    page.do("press", FIND, "Control+V")
    assert page.do("input_value", FIND) == PEOPLE[2]["user_id"]
    assert rows(page) == ["ann2"]


@pytest.mark.parametrize("complete", [True, False])
def test_a_list_that_was_cut_says_so_at_its_top(opened: Opened, complete: bool) -> None:
    """A reader who sees a part must not take it for the whole."""
    page = opened(answer(*PEOPLE, complete=complete))
    assert page.do("is_visible", "text=This list was cut.") is not complete


def test_the_page_is_light_or_dark_and_can_be_printed(opened: Opened) -> None:
    """As the reader's system is. Paper is white, has the rows that were chosen, and no form."""
    page = opened(BODY)
    script = "['body', 'thead tr'].map(part => getComputedStyle(document.querySelector(part)).backgroundColor)"
    grounds = []
    for look in ({"color_scheme": "light"}, {"color_scheme": "dark"}, {"color_scheme": "dark", "media": "print"}):
        page.do("emulate_media", **look)
        grounds.append(page.do("evaluate", script))
    light, dark, paper = grounds
    assert (light[0], dark[0]) == ("rgb(255, 255, 255)", "rgb(20, 24, 31)")
    assert paper == light
    parts = (FIND, "fieldset", "text=Show all", "text=A click", "output", "thead")
    assert [one for one in parts if page.do("is_visible", one)] == ["output", "thead"]
    page.do("emulate_media", media="screen")
    page.do("fill", FIND, "bob")
    page.do("emulate_media", media="print")
    assert rows(page) == ["bob"]


def test_the_page_has_what_a_real_cloud_has(cloud: Keystone, login: str, request_of: RequestOf, opened: Opened) -> None:
    """Somebody who has signed up is found there with both ids, and without a problem."""
    _, made = create_user_project(request_of())
    status, body = list_user_projects({"cloud_env": cloud.cloud_env()})
    assert status == 200
    assert isinstance(made, dict)
    page = opened(body)
    page.do("fill", FIND, login)
    assert rows(page) == [login]
    row = page.do("inner_text", "tbody tr:not([hidden])")
    assert [one for one in (f"concertim_{login}", made["user_id"], made["project_id"]) if one not in row] == []
    assert not page.do("is_visible", "tbody tr:not([hidden]) li")
