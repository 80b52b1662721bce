"""The page of the mapping with names that people have chosen to do harm, or that no table was made for."""

from io import BytesIO
from pathlib import Path

from lib.command_line.mapping_page import write_page
from tests.page.conftest import AUTH_URL, Opened, rows
from tests.support.browser import Browser
from tests.support.mapping import answer, person

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</table></body><h1>gone</h1>",
    "<img src=http://192.0.2.1/x onerror=alert(1)>",
    "<link rel=stylesheet href=http://192.0.2.1/x>",
    "\"'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;",
    "two  blanks",
    "\U0001d518\U0001f600 \u0627\u0644\u0627\u0633\u0645",
    "\u202ereversed",
    "x" * 255,
]


def test_every_name_is_shown_as_it_is(opened: Opened) -> None:
    """Nothing of it is run, loaded or taken for a part of the page."""
    texts = ["login", "full_name", "email", "user_name", "user_request_id"]
    people = [person("ann", (one, one), **dict.fromkeys(texts[1:], one)) | {"login": one} for one in HOSTILE]
    page = opened(answer(*people))
    assert rows(page) == HOSTILE
    for one, row in zip(HOSTILE, range(len(HOSTILE)), strict=True):
        shown = page.do("inner_text", f"tbody tr >> nth={row}")
        assert shown.count(one) == len(texts) + 2
    assert page.do("evaluate", "document.querySelectorAll('h1, table, script, link, img, svg').length") == 3
    for name in HOSTILE:
        page.do("fill", "input[name=find]", name)
        assert name in rows(page)


def test_no_name_disturbs_what_stands_beside_it(opened: Opened) -> None:
    """A long name is broken into lines, and marks that turn the direction of writing end with the name."""
    people = [person("ann") | {"login": one, "user_name": one, "full_name": one} for one in HOSTILE]
    page = opened(answer(*people))
    assert page.do("evaluate", "document.documentElement.scrollWidth <= innerWidth")
    outside = "[...document.querySelectorAll('td, th')].filter(cell => cell.scrollWidth > cell.clientWidth)"
    assert page.do("evaluate", f"{outside}.map(cell => cell.textContent)") == []
    names = "[...document.querySelectorAll('tbody th > *, td:nth-child(4) > *, td:nth-child(5) > :first-child')]"
    assert page.do("evaluate", f"{names}.every(name => getComputedStyle(name).unicodeBidi === 'isolate')")


def test_a_script_that_got_into_the_page_is_not_run(chromium: Browser, tmp_path: Path) -> None:
    """The policy of the page lets its own script run, and nothing else."""
    out = BytesIO()
    write_page(answer(person("ann")), AUTH_URL, out)
    foreign = "<script>document.title = 'run'</script><img src=http://192.0.2.1/x onerror=\"document.title = 'run'\">"
    page = tmp_path / "page.html"
    page.write_text(out.getvalue().decode().replace("<tbody>", f"{foreign}<tbody>"))
    chromium.do("open")
    chromium.do("goto", page.as_uri())
    assert chromium.do("title") == "Concertim's users and projects at keystone.example:5000"
    # The script, the picture, and what the picture would run.
    complaints = chromium.do("seen")["complaints"]
    assert ["Content Security Policy" in one for one in complaints] == [True, True, True]
    assert rows(chromium) == ["ann"]
