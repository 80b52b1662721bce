"""Tests that each kind of Keystone that a site may have lets the UI do everything, or says truly why it cannot."""

import json
import os
from collections.abc import Callable

import pytest

from tests.clouds.columns import COLUMNS, HALFWAY
from tests.clouds.rows import ROWS, Row
from tests.clouds.site import Site
from tests.support.fixtures import SettingsFile

# What this machine lacks, each with the reason.
LACKS_VARIABLE = "TEST_CLOUDS_LACKS"


@pytest.mark.parametrize("name", ROWS)
def test_a_cloud_does_all_that_the_ui_asks_for(
    name: str, settings_file: SettingsFile, record_property: Callable[[str, object], None]
) -> None:
    """Every cell of the row is run, and each wrong one is reported."""
    row, cells = ROWS[name], {}
    lacks = json.loads(os.environ.get(LACKS_VARIABLE, "{}"))
    if missing := [lacks[one] for one in row.needs if one in lacks]:
        record_property("cloud", (name, f"NOT TESTED: {'; '.join(missing)}"))
        pytest.skip("; ".join(missing))
    wrong: list[str] = []
    with row.run() as site:
        site.apply = settings_file
        site.put()
        for index, column in enumerate(COLUMNS):
            if index == HALFWAY:
                site.halfway(site)
            cells[column] = tried(site, row, column, wrong)
            record_property("cloud", (name, cells))
    assert not wrong, "\n".join(wrong)


def tried(site: Site, row: Row, column: str, wrong: list[str]) -> str:
    """Returns the cell of the column, with the number of tries if there was more than one."""
    for number in range(1, row.tries + 1):
        failures: list[str] = []
        status = cell(site, row, column, failures)
        if not failures:
            return status if number == 1 else f"{status} ({number} tries)"
    wrong.extend(failures)
    return status


def cell(site: Site, row: Row, column: str, wrong: list[str]) -> str:
    """Returns the status that the column was answered, if it is what should be, else adds why not to `wrong`."""
    before = ""
    try:
        if row.refused and site.settings.keys().isdisjoint(row.remedy):
            _, answer = site.person()
            assert answer == row.refused
            before = f"{answer[0]} "
            site.settings |= row.remedy
            site.put()
        answer, usual = COLUMNS[column](site)
        expected = row.unusual[column] if column in row.unusual else usual()
        assert answer == expected
    except Exception as error:
        wrong.append(f"{column}: {type(error).__name__}: {error}")
        return f"{before}WRONG"
    return f"{before}{answer[0]}"
