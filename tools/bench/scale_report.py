"""Shows what bounds the rate of sign-ups as tables, with what can be computed from the figures."""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import truediv
from typing import Any

from lib.settings.settings import Settings
from tools.bench.keystones import DEFAULT
from tools.bench.measures import AT_ONCE

# How many sign up at a first start, and the sign-ups a second that are asked for.
PEOPLE, RATES = 100_000, (1, 5, 20, 100)
# The rows of SETTINGS for which the cores are computed: the default, and two that an operator may choose.
COMPUTED = (DEFAULT, "pbkdf2_sha512, 220,000 rounds", "bcrypt, 10 rounds")
KINDS = {"new": "a new person", "by_name": "a repeat without ids", "by_ids": "a repeat with ids"}
SLOTS = Settings().max_concurrent_requests
Rows = Iterator[Sequence[object]]


def section(measured: Mapping[str, Any]) -> str:
    """Returns what the page on scale has of it."""
    extent = measured["extent"]
    tables = {
        "**By Keystone's settings**, in one process on SQLite:": _settings(measured["settings"]),
        "**By processes and replicas**, with Keystone in uWSGI on MariaDB and memcached, 12 rounds of bcrypt:": (
            _processes(measured)
        ),
        "**By the people who are there**, in one process on SQLite, 12 rounds of bcrypt:": _people(measured["people"]),
        "**Computed** from the first table, what a rate takes on cores like these:": _computed(measured),
    }
    lists = [f"{taken['list']:.1f} s for {int(count):,} people" for count, taken in measured["people"].items()]
    return (
        f"Measured on {measured['date']}: {measured['machine']}; load {measured['load']:.1f} before it began."
        f" {extent['rounds']} rounds, with {extent['bulk']} sign-ups in each.\n\n"
        + "\n".join(f"{head}\n\n{_table(rows)}\n" for head, rows in tables.items())
        + f"\n`python handler.py list` took {' and '.join(lists)}. UserHandler's own processor time for a sign-up was"
        f" {_milliseconds(measured['own'])}.\n"
    )


def _table(rows: Iterable[Sequence[object]]) -> str:
    head, *others = rows
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *others))


def _settings(measured: Mapping[str, Any]) -> Rows:
    first = _processor(measured[DEFAULT]["bulk"])
    yield (
        "`password_hash_algorithm`, `…_rounds`",
        "Keystone's processor time for a sign-up",
        "÷ first row",
        "for a log-in",
        "sign-ups, five at a time: median (best round)",
        "one alone, the quickest",
        "the UI's five at a time, with cores enough: at most (computed)",
    )
    for name, taken in measured.items():
        processor, quickest = _processor(taken["bulk"]), min(taken["alone"]["each"])
        yield (
            name,
            _milliseconds(processor),
            f"{processor / first:.2f}",
            _milliseconds(_processor(taken["log_in"])),
            _rate(taken["bulk"]),
            _milliseconds(quickest),
            f"{AT_ONCE / quickest:.0f}/s",
        )


def _processes(measured: Mapping[str, Any]) -> Rows:
    heads = (
        "sign-ups, five at a time: median (best round)",
        "÷ first row, median of rounds",
        "Keystone's processor time for a sign-up",
    )
    yield "Keystone's processes", "UserHandler's replicas", *heads
    taken = {name: one["bulk"] for name, one in measured["processes"].items()}
    first = next(iter(taken.values()), {"rates": ()})["rates"]
    for name, bulk in taken.items():
        # Round by round, as a round of one is near in time to that of the other.
        ratio = statistics.median(map(truediv, bulk["rates"], first))
        yield *name.split("/"), _rate(bulk), f"{ratio:.2f}", _milliseconds(_processor(bulk))
    if not taken:
        yield f"not measured: {measured['no_processes']}", *[""] * 4


def _people(measured: Mapping[str, Any]) -> Rows:
    counts = [f"{int(count):,}" for count in measured]
    yield (
        "Keystone's processor time for",
        *(f"with {count} people" for count in counts),
        "last ÷ first",
        "in a second, five at a time: median (best round)",
        f"{PEOPLE:,} people at that rate (computed)",
        "the same in hours of one core (computed)",
    )
    for kind, name in KINDS.items():
        bulks = [taken[kind] for taken in measured.values()]
        times = [_processor(bulk) for bulk in bulks]
        yield (
            name,
            *map(_milliseconds, times),
            f"{times[-1] / times[0]:.2f}",
            _rate(bulks[-1]),
            f"{PEOPLE / _median(bulks[-1]) / 3600:.1f} h",
            f"{PEOPLE * times[-1] / 3600:.1f} h",
        )


def _computed(measured: Mapping[str, Any]) -> Rows:
    settings, own = measured["settings"], measured["own"]
    hashed = {name: _processor(settings[name]["bulk"]) for name in COMPUTED if name in settings}
    heads = (f"cores of Keystone, {name}" for name in hashed)
    yield "sign-ups", *heads, "cores of UserHandler", "replicas for the rate"
    # A replica is full when its slots are, or one core, as Python uses no more than one.
    each = max(own, min(settings[DEFAULT]["alone"]["each"]) / SLOTS)
    for rate in RATES:
        cores = (f"{rate * processor:.1f}" for processor in hashed.values())
        yield f"{rate}/s", *cores, f"{rate * own:.2f}", math.ceil(rate * each)


def _median(bulk: Mapping[str, Any]) -> float:
    return float(statistics.median(bulk["rates"]))


def _rate(bulk: Mapping[str, Any]) -> str:
    return f"{_median(bulk):.1f}/s ({max(bulk['rates']):.1f}/s)"


def _processor(bulk: Mapping[str, Any]) -> float:
    return float(bulk["processor"]) / len(bulk["each"])


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
