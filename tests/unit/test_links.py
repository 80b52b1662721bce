"""What the documents name is there: each file, heading, module, test and make target."""

import re
from pathlib import Path

import pytest

from tests.support.service import ROOT

# Those in folders with a dot belong to what is installed there.
PAGES = sorted(path for path in ROOT.rglob("*.md") if f"{path.relative_to(ROOT)}"[0] != ".")
# Paths in documents begin here. docs/architecture.md shortens those in lib.
FOLDERS = (ROOT, ROOT / "lib", ROOT / "lib" / "keystone")
# The example in CONTRIBUTING.md is not part of the product, and an operator of Knative makes the other.
NOT_OURS = ("functions/enable_user.py", "tests/cloud/test_enable_user.py", "function/__init__.py")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors_of(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def files_of(name: str) -> list[Path]:
    """Returns the file or folder that a document calls by this name, if there is one."""
    return [folder / name for folder in FOLDERS if (folder / name).exists()]


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    """Each link within this repository names a file that exists, and a heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.relative_to(ROOT)} links to {target}, which does not exist"
        assert not anchor or anchor in anchors_of(file), f"{page.relative_to(ROOT)} links to {target}: no such heading"


@every_page
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """Who moves a module finds every page that names it."""
    names = re.findall(r"`((?:[\w-]+/)+(?:[\w-]+\.(?:py|txt|md))?)`", page.read_text())
    missing = [name for name in names if name not in NOT_OURS and not files_of(name)]
    assert missing == [], f"{page.relative_to(ROOT)} names files that do not exist"


@every_page
def test_every_name_that_a_page_puts_into_a_file_is_in_it(page: Path) -> None:
    """Pages write `name` in `file.py`: who renames what a process remembers, or a table of tests, finds them."""
    named = re.findall(r"`([\w.]+)` (?:in|of)\s+`([\w/]+\.py)`", page.read_text())
    missing = [
        f"{name} in {file}"
        for name, file in named
        for path in files_of(file)
        if not re.search(rf"\b{name.rpartition('.')[2]}\b", path.read_text())
    ]
    assert missing == [], f"{page.relative_to(ROOT)} names what is not in the file"


@every_page
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    """CONTRIBUTING.md says which test fails, by its name."""
    code = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    names = re.findall(r"`(test_\w+)`", page.read_text())
    missing = [name for name in names if f"def {name}(" not in code]
    assert missing == [], f"{page.relative_to(ROOT)} names tests that do not exist"


@every_page
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    """Who renames a target of the Makefile finds every page that names it."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    missing = {*re.findall(r"`make ([a-z]+)", page.read_text())} - {*targets}
    assert missing == set(), f"{page.relative_to(ROOT)} names make targets that do not exist"


def test_the_page_for_contributors_has_every_make_target() -> None:
    """CONTRIBUTING.md says what each target of the Makefile is for."""
    [phony] = re.findall(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {*phony.split()}
    rows = re.findall(r"^\| `make (\w+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert targets - {*rows} == set(), "CONTRIBUTING.md has no row for these in its table of make targets"
    assert sorted(rows) == sorted(targets), "CONTRIBUTING.md has a row for what is not a target of the Makefile"


def test_the_page_for_contributors_says_what_ci_runs() -> None:
    """The last column of its table of make targets marks those that .ci/run has."""
    marked = re.findall(r"^\| `make (\w+)` \|.*\| \w[^|]* \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    run = re.findall(r"^make (\w+)", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert sorted(marked) == sorted(run), "CONTRIBUTING.md marks other make targets than .ci/run has"


def test_every_module_is_in_the_table_of_rooms() -> None:
    """docs/architecture.md has each module of each folder in lib, and no other."""
    rooms: dict[str, set[str]] = {}
    room = ""
    for name, modules in re.findall(
        r"^\| (?:`(lib/[\w/]*)`)? ?\| (.*) \|$", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE
    ):
        room = name or room
        if room:
            rooms.setdefault(room, set()).update(re.findall(r"`(\w+\.py)`", modules))
    folders = [path for path in (ROOT / "lib").rglob("*") if path.is_dir() and [*path.glob("*.py")]]
    there = {
        f"{path.relative_to(ROOT)}/": {one.name for one in path.glob("*.py")} - {"__init__.py"} for path in folders
    }
    assert rooms == there, "docs/architecture.md has other modules in its table of rooms"


def test_everything_that_a_process_remembers_is_listed() -> None:
    """docs/architecture.md has all caches and once-only work, with the bound of each and how a test clears it."""
    code = "\n".join(path.read_text() for path in sorted((ROOT / "lib").rglob("*.py")))
    names = re.findall(r"^@(?:Once|lru_cache\b.*|cache)\n(?:async )?def (\w+)", code, re.MULTILINE)
    names += re.findall(r"^(\w+)\b[^=\n]* = (?:SingleFlightCache|Future)\b", code, re.MULTILINE)
    page = (ROOT / "docs" / "architecture.md").read_text()
    missing = {name for name in names if f"| `{name}` in " not in page}
    assert names
    assert missing == set(), "docs/architecture.md does not list these among what a process remembers"


def test_every_decision_is_in_the_index() -> None:
    """A record that no page links to is never read."""
    files = {path.name for path in (ROOT / "docs" / "decisions").glob("*.md")} - {"README.md"}
    linked = {*re.findall(r"\]\((.*?\.md)\)", (ROOT / "docs" / "decisions" / "README.md").read_text())}
    assert files - linked == set(), "docs/decisions/README.md does not list these"
