"""Tests of the page of the mapping as a text. `make page` opens it in a browser."""

import re
import tracemalloc
from base64 import b64encode
from hashlib import sha256
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from lib import VERSION
from lib.answer.operations import UserProjects
from lib.command_line.mapping_page import write_page
from tests.support.mapping import answer, person, team

AUTH_URL = "http://keystone.example:5000/v3"
HOSTILE = """<script>alert(1)</script>"'></table><img src=x onerror=alert(1)>{{ 7919 * 7907 }}&lt;"""


def page_of(body: dict[str, Any], auth_url: str = AUTH_URL) -> str:
    """Returns the text of the page with this answer."""
    out = BytesIO()
    write_page(body, auth_url, out)
    return out.getvalue().decode()


def in_row(page: str) -> str:
    """Returns what the page has for the last of its entries."""
    return page.rpartition("<tbody>")[2].partition("</tbody>")[0].rpartition("<tr>")[2]


def test_the_page_tells_what_when_where_and_by_whom() -> None:
    """Whoever gets it by mail sees which cloud it is about, how old it is, and how much there is."""
    body = answer(person("ann"), person("bob", ("disabled", "The user is disabled.")), team("physics"))
    UserProjects.model_validate(body)
    page = page_of(body)
    assert re.findall("<dt>(.+)</dt><dd>(.+)</dd>", re.sub("<time.+</time>", "now", page)) == [
        ("Cloud", "keystone.example:5000"),
        ("As of", "now UTC"),
        ("People", "2"),
        ("Teams", "1"),
        ("With problems", "1"),
        ("Made by", f"UserHandler {VERSION}"),
    ]


def test_all_that_the_answer_tells_of_an_entry_is_in_its_row() -> None:
    """Also who holds a role by a group, and what the user holds elsewhere."""
    entry = person("ann", ("holds_admin", "The user holds the role admin."), user_enabled=False)
    entry["grants"].append({"role": "reader", "group_id": "6cff"})
    entry["elsewhere"].append({"role": "admin", "scope": "domain default"})
    row = in_row(page_of(answer(entry)))
    texts = {value for key, value in entry.items() if isinstance(value, str) and not key.endswith("created")}
    texts |= {"2026-11-28 17:00:00", "2026-11-28 17:00:01", "disabled", "group 6cff", "domain default", "holds_admin"}
    assert {one for one in texts if one not in row} == set()


def test_what_the_answer_leaves_out_is_left_out() -> None:
    """What the older service made has neither times nor requests, and half of a pair may be missing."""
    row = in_row(page_of(answer({"kind": "person", "login": "ann", "grants": [], "elsewhere": [], "problems": []})))
    assert re.sub(r"<.*?>|\s", "", row) == "annperson"


@pytest.mark.parametrize("complete", [True, False])
def test_a_list_that_was_cut_is_told_to_be_so(complete: bool) -> None:
    """Nobody may take part of the mapping for all of it."""
    assert ("This list was cut." in page_of(answer(complete=complete))) is not complete


def test_no_name_can_write_into_the_page() -> None:
    """Logins, names and e-mail addresses are what people have typed."""
    texts = dict.fromkeys(["login", "full_name", "email", "user_name", "user_id", "user_created"], HOSTILE)
    plain = page_of(answer(person("ann", ("code", "message"))))
    hostile = page_of(answer(person("ann", (HOSTILE, HOSTILE)) | texts))
    assert HOSTILE not in hostile
    for mark in ("<script", "</script", "<table", "</table", "<img", "62615533"):
        assert hostile.count(mark) == plain.count(mark)


def test_the_policy_of_the_page_names_its_own_script_and_style_alone() -> None:
    """A browser runs and loads nothing else, whatever got into the page."""
    page = unescape(page_of(answer(person("ann"))))
    [policy] = re.findall('http-equiv="Content-Security-Policy" content="(.+?)"', page)
    [script], [style] = (re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("script", "style"))
    assert policy == (
        f"default-src 'none'; script-src {hash_of(script)}; style-src {hash_of(style)};"
        " base-uri 'none'; form-action 'none'"
    )


def hash_of(text: str) -> str:
    """Returns the text's hash as a policy has it."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def test_each_problem_can_be_chosen_whatever_its_code_is() -> None:
    """With the number of entries that have it, the most frequent first."""
    twice = [("disabled", "The user is disabled."), ("disabled", "The project is disabled.")]
    page = page_of(answer(person("ann", *twice, ("new", "Something.")), person("bob", ("new", "Something."))))
    assert re.findall('value="(.+?)"> (.+?) <small>(.+?)<', page) == [
        ("new", "new", "2"),
        ("disabled", "disabled", "1"),
    ]


def test_half_of_a_surrogate_pair_is_written_as_its_code() -> None:
    """JSON can hold it, and UTF-8 cannot."""
    assert r"Ann \ud83d" in page_of(answer(person("ann", full_name="Ann \ud83d")))


def test_a_time_that_is_none_is_shown_as_it_is() -> None:
    """Whoever may write to the cloud can have written it there."""
    assert ">yesterday<" in page_of(answer(person("ann", user_created="yesterday")))


def test_the_page_has_no_password_of_the_cloud() -> None:
    """A URL can hold one."""
    page = page_of(answer(), "https://admin:correct-horse@keystone.example/v3")
    assert "<dd>keystone.example</dd>" in page
    assert "correct-horse" not in page


def test_the_page_is_written_while_it_is_made(tmp_path: Path) -> None:
    """A long list takes no more memory than a short one, whose page is mostly its template."""
    (short, _), (long, size) = (
        peak_and_size(answer(*(person(f"ann{number}") for number in range(count))), tmp_path / "page.html")
        for count in (1, 1000)
    )
    assert long - short < size / 10


def peak_and_size(body: dict[str, Any], path: Path) -> tuple[int, int]:
    """Returns how many bytes of memory it took to write the page, and the bytes of the file."""
    with path.open("wb") as out:
        tracemalloc.start()
        write_page(body, AUTH_URL, out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak, out.tell()
