"""What the page on performance says of the figures that were measured."""

import re
from typing import Any

from tools.bench import report


def same(value: object) -> dict[str, Any]:
    """Returns the same figure for every way to sign up."""
    return dict.fromkeys(report.WAYS, value)


def figures(ours: float) -> dict[str, Any]:
    """Returns invented figures: each way takes a second, and the service so many where it is alone at MariaDB."""
    together = {"0": same({"all": 20, "each": [1, 3]})}
    repeats = {"new": 10, "by_name": 20, "by_ids": 5}
    sqlite = {"latency": {"0": same([1])}, "bulk": together, "repeats": repeats}
    own = same({"processor": 0.001, "per_second": 100}) | {"running": {"per_second": 1000}}
    start = {name: [1] for name in ("python", "running", "first_201", "function", "plain")}
    return {
        "date": "2026-01-31",
        "machine": "a machine",
        "extent": {"bulk": 20},
        "clouds": {"SQLite": sqlite, "MariaDB": sqlite | {"latency": {"0": same([1]) | {"ours": [ours]}}}},
        "not_here": {},
        "own": own,
        "start": start,
        "memory": {"100": {"bytes": 2**20, "threads": 20, "descriptors": 30}},
    }


def test_each_cloud_has_a_table_of_its_own_and_repeats_stand_beside_new_people() -> None:
    """A site that is moved repeats the sign-ups of people who are there already."""
    text = report.section(figures(1))
    assert re.findall(r"^\| (.+?) \| floor ", text, re.MULTILINE) == [
        "at SQLite",
        "at MariaDB",
        "the service by itself",
    ]
    told = "| 20 people who have signed up before, by name, five at a time |  |  | 1.00/s |  |"
    assert text.count(f"{told} to new ones in the same turns (2.00/s) 0.50 |  |\n") == 2


def test_a_goal_that_is_missed_is_told_with_its_cloud() -> None:
    """It is told at the end of a run, below all the tables."""
    row = "one sign-up, warm, median, 0 ms added to each call"
    assert report.missed(figures(1.15)) == []
    assert report.missed(figures(1.16)) == [f"at MariaDB: {row}: ≤ 1.15: MISSED"]


def test_a_cloud_that_could_not_be_had_is_told_with_the_reason() -> None:
    """Nobody takes the tables for all that there is to know."""
    measured = figures(1)
    measured["not_here"] = {"MariaDB": "no apt-get"}
    del measured["clouds"]["MariaDB"]
    text = report.section(measured)
    told = "MariaDB could not be measured: no apt-get"
    assert text.startswith(f"Measured on 2026-01-31: a machine.\n\n{told}\n\n| at SQLite |")
    assert "at MariaDB" not in text
