"""docs/runbook.md names everything that an operator may see, and each of its commands is run by `make runbook`."""

import re

import pytest
import yaml

from lib.errors import kinds
from tests.support.pages import section_of, text_of
from tests.support.runbook import BLOCK, PAGE, blocks_of
from tests.support.service import ROOT

TEXT = text_of(PAGE)
HEADINGS = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("heading", [one for one in HEADINGS if blocks_of(TEXT, one)])
def test_the_commands_of_every_section_are_run_by_a_test(heading: str) -> None:
    """That test fails if it leaves out one of them."""
    tests = "".join(path.read_text() for path in (ROOT / "tests" / "runbook").glob("test_*.py"))
    assert f'Steps(operator, "{heading}")' in tests, f"no test in tests/runbook runs the commands of {heading}"


def test_every_block_of_commands_is_in_a_section() -> None:
    """Nothing that looks like a command escapes the tests: there are no fences, and no blocks above the sections."""
    assert "```" not in TEXT
    assert len(BLOCK.findall(TEXT)) == sum(len(blocks_of(TEXT, one)) for one in HEADINGS)


def test_what_a_person_sees_why_and_when_it_is_mended_is_in_every_section() -> None:
    """An operator in a hurry looks for the same words everywhere."""
    for heading in HEADINGS:
        section = section_of(TEXT, heading)
        assert heading == "Before you begin" or "**Mended:**" in section, f"{heading} does not say when it is mended"


def test_the_tables_have_every_error_and_every_alert() -> None:
    """Whatever an operator has seen is found at the top of the page."""
    tables = "".join(line for line in TEXT.splitlines() if line.startswith("|"))
    seen = {f"`{kind.code}`" for kind in kinds()}
    for group in yaml.safe_load(text_of("docs/prometheus/alerts.yml"))["groups"]:
        seen |= {f"`{rule['alert']}`" for rule in group["rules"]}
    missing = sorted(one for one in seen if one not in tables)
    assert not missing, f"the tables of {PAGE} do not name {', '.join(missing)}"
    assert not re.findall(r" (\d{3}) `(?!" + "|".join(kind.code for kind in kinds()) + ")", tables)


def test_the_statuses_in_the_tables_are_those_of_the_codes() -> None:
    """Each code stands behind its status."""
    status_of = {kind.code: kind.status for kind in kinds()}
    for status, codes in re.findall(r"(\d{3}) ((?:`\w+`(?:, (?=`))?)+)", TEXT.partition("\n## ")[0]):
        for code in re.findall(r"`(\w+)`", codes):
            assert status_of[code] == int(status), code
