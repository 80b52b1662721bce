"""What the page on scale computes from the figures, and that `make bench BENCH_OPTIONS=--scale` can measure them."""

import re
from typing import Any

import pytest

from tools.bench import scale, scale_report
from tools.bench.keystones import DEFAULT, SETTINGS


def bulk(rate: float, processor: float, quickest: float = 1) -> dict[str, Any]:
    """Returns the figures of four steps, with so much processor time for each, in rounds with this median rate."""
    return {"rates": [rate / 2, rate, rate * 2], "each": [9, quickest, 9, 9], "processor": processor * 4}


def figures(**others: Any) -> dict[str, Any]:
    """Returns invented figures, with others in place of some."""
    settings = {
        DEFAULT: {"bulk": bulk(4, 0.5), "alone": bulk(2.5, 0.5, 0.4), "log_in": bulk(4, 0.25)},
        "bcrypt, 10 rounds": {"bulk": bulk(10, 0.1), "alone": bulk(10, 0.1, 0.1), "log_in": bulk(50, 0.02)},
    }
    people = {
        "0": {"new": bulk(4, 0.4), "by_name": bulk(2, 0.7), "by_ids": bulk(10, 0.1), "list": 0.5},
        "1000": {"new": bulk(2, 0.6), "by_name": bulk(1, 0.7), "by_ids": bulk(5, 0.2), "list": 1.5},
    }
    processes = {"1/1": {"bulk": bulk(2, 0.3)}, "2/1": {"bulk": bulk(3, 0.3)}, "2/2": {"bulk": bulk(3, 0.4)}}
    # The rounds of the last are not all faster than those of the first.
    processes["2/2"]["bulk"]["rates"] = [0.5, 3, 6.6]
    about = {"date": "2026-01-31", "machine": "a machine", "load": 0.25, "extent": {"rounds": 3, "bulk": 15}}
    return about | {"settings": settings, "own": 0.01, "processes": processes, "people": people} | others


def rows_of(text: str) -> list[list[str]]:
    """Returns the cells of each row of the tables in this text, without their heads."""
    tables = re.findall(r"^\|(?: --- \|)+\n((?:\|.*\|\n)*)", text, re.MULTILINE)
    return [line.strip("| ").split(" | ") for table in tables for line in table.splitlines()]


def test_the_tables_have_the_figures_and_what_follows_from_them() -> None:
    """Hours are of 100,000 people, the UI has five requests at most, and a replica is full when its 16 slots are."""
    text = scale_report.section(figures())
    assert rows_of(text) == [
        [DEFAULT, "500 ms", "1.00", "250 ms", "4.0/s (8.0/s)", "400 ms", "12/s"],
        ["bcrypt, 10 rounds", "100 ms", "0.20", "20 ms", "10.0/s (20.0/s)", "100 ms", "50/s"],
        ["1", "1", "2.0/s (4.0/s)", "1.00", "300 ms"],
        ["2", "1", "3.0/s (6.0/s)", "1.50", "300 ms"],
        ["2", "2", "3.0/s (6.6/s)", "1.50", "400 ms"],
        ["a new person", "400 ms", "600 ms", "1.50", "2.0/s (4.0/s)", "13.9 h", "16.7 h"],
        ["a repeat without ids", "700 ms", "700 ms", "1.00", "1.0/s (2.0/s)", "27.8 h", "19.4 h"],
        ["a repeat with ids", "100 ms", "200 ms", "2.00", "5.0/s (10.0/s)", "5.6 h", "5.6 h"],
        ["1/s", "0.5", "0.1", "0.01", "1"],
        ["5/s", "2.5", "0.5", "0.05", "1"],
        ["20/s", "10.0", "2.0", "0.20", "1"],
        ["100/s", "50.0", "10.0", "1.00", "3"],
    ]
    assert "list` took 0.5 s for 0 people and 1.5 s for 1,000 people. UserHandler's own processor time" in text


def test_a_table_says_why_it_has_no_figures() -> None:
    """Where MariaDB cannot be had, a reader learns it from the table itself."""
    text = scale_report.section(figures(processes={}, no_processes="there is no MariaDB"))
    assert "\n| not measured: there is no MariaDB |  |  |  |  |\n" in text


@pytest.mark.timeout(300)
def test_all_of_it_can_be_measured() -> None:
    """Each kind of sign-up, repeat, log-in and list succeeds at real Keystones, and has figures to show."""
    said: list[str] = []
    measured = scale.measure(scale.TINY, said.append)
    assert said == ["Keystone's settings", "Keystones that have 20 people"]
    taken = [measured["settings"][DEFAULT], measured["people"]["20"]]
    steps = [one for kinds in taken for what, one in kinds.items() if what != "list"]
    assert [len(one["each"]) for one in steps] == [2, 1, 1, 2, 2, 2]
    assert all(one["rates"][0] > 0 and one["processor"] > 0 for one in steps)
    assert measured["own"] > 0
    assert len(rows_of(scale_report.section(measured | {"date": "", "machine": ""}))) == 9


@pytest.mark.parametrize("name", SETTINGS)
def test_keystone_has_each_algorithm_that_is_compared(name: str) -> None:
    """The name of a row is what its Keystone is told."""
    identity = SETTINGS[name]["identity"]
    algorithm, rounds = identity["password_hash_algorithm"], int(identity["password_hash_rounds"])
    assert name.startswith(f"{algorithm}, ")
    assert f", {rounds:,} rounds" in name or (algorithm, rounds) == ("scrypt", 16)
