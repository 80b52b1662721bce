"""Shows what was measured as tables: each ratio beside the figures that it is of."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The goals: at most so many times the seconds of the floor, at least this part of its sign-ups in a second.
LATENCY_BOUND, THROUGHPUT_BOUND = 1.15, 0.9
# After so many seconds old releases of the UI give up.
SECONDS_BOUND = 5
WAYS = ("floor", "same_calls", "ours", "plain")
COLUMNS = ("floor", "same calls", "ours", "plain", "ratios", "bound")


@dataclass(frozen=True)
class Bound:
    """A goal, and whether it is reached."""

    text: str
    reached: bool

    def __str__(self) -> str:
        """Returns the text of a cell of the table."""
        return f"{self.text}: {'reached' if self.reached else 'MISSED'}"


Row = Sequence[object]


def section(measured: Mapping[str, Any]) -> str:
    """Returns what the page on performance has of it."""
    parts = [f"Measured on {measured['date']}: {measured['machine']}."]
    parts += [f"{cloud} could not be measured: {why}" for cloud, why in measured["not_here"].items()]
    parts += [table(what, rows) for what, rows in _tables(measured)]
    return "\n\n".join(parts) + "\n"


def table(what: str, rows: Sequence[Row]) -> str:
    """Returns a table of these rows in Markdown."""
    all_of_it: list[Row] = [(what, *COLUMNS), ["---"] * (len(COLUMNS) + 1), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in row)} |" for row in all_of_it)


def missed(measured: Mapping[str, Any]) -> list[str]:
    """Returns the rows whose goal is missed, with the goal."""
    return [
        f"{what}: {row[0]}: {row[-1]}"
        for what, rows in _tables(measured)
        for row in rows
        if isinstance(row[-1], Bound) and not row[-1].reached
    ]


def _tables(measured: Mapping[str, Any]) -> Iterator[tuple[str, list[Row]]]:
    for cloud, taken in measured["clouds"].items():
        repeats = _repeats(taken["repeats"], measured["extent"]["bulk"])
        yield f"at {cloud}", [*_latency(taken["latency"]), *_bulk(taken["bulk"]), *repeats]
    by_itself = [*_own(measured["own"]), *_start(measured["start"]), *_memory(measured["memory"])]
    yield "the service by itself", by_itself


def _latency(measured: Mapping[str, Any]) -> Iterator[Row]:
    for delay, taken in measured.items():
        floor, same_calls, ours, plain = (statistics.median(taken[way]) for way in WAYS)
        yield (
            f"one sign-up, warm, median, {_added(delay)}",
            *(f"{seconds * 1000:.0f} ms" for seconds in (floor, same_calls, ours, plain)),
            (
                f"ours ÷ floor **{ours / floor:.2f}** (same calls {same_calls / floor:.2f}),"
                f" plain ÷ ours {plain / ours:.2f}"
            ),
            Bound(f"≤ {LATENCY_BOUND}", ours / floor <= LATENCY_BOUND),
        )


def _bulk(measured: Mapping[str, Any]) -> Iterator[Row]:
    for delay, taken in measured.items():
        floor, same_calls, ours, plain = (len(taken[way]["each"]) / taken[way]["all"] for way in WAYS)
        yield (
            f"{len(taken['ours']['each'])} sign-ups, five at a time, {_added(delay)}",
            *(f"{rate:.2f}/s" for rate in (floor, same_calls, ours, plain)),
            (
                f"ours ÷ floor **{ours / floor:.2f}** (same calls {same_calls / floor:.2f}),"
                f" ours ÷ plain {ours / plain:.2f}"
            ),
            Bound(f"≥ {THROUGHPUT_BOUND}", ours / floor >= THROUGHPUT_BOUND),
        )
        floor, same_calls, ours, plain = (max(taken[way]["each"]) for way in WAYS)
        yield (
            "the slowest of them",
            *(f"{seconds:.2f} s" for seconds in (floor, same_calls, ours, plain)),
            f"ours ÷ floor {ours / floor:.2f}, plain ÷ ours {plain / ours:.2f}",
            Bound(f"< {SECONDS_BOUND} s", ours < SECONDS_BOUND),
        )


def _repeats(measured: Mapping[str, Any], count: int) -> Iterator[Row]:
    rates = {what: count / seconds for what, seconds in measured.items()}
    for what, name in (("by_name", "by name"), ("by_ids", "with their ids")):
        yield (
            f"{count} people who have signed up before, {name}, five at a time",
            "",
            "",
            f"{rates[what]:.2f}/s",
            "",
            f"to new ones in the same turns ({rates['new']:.2f}/s) {rates[what] / rates['new']:.2f}",
            "",
        )


def _own(measured: Mapping[str, Any]) -> Iterator[Row]:
    floor, same_calls, ours, plain = (measured[way]["processor"] for way in WAYS)
    yield (
        "own processor time for a sign-up, at an instant Keystone",
        *(f"{seconds * 1000:.1f} ms" for seconds in (floor, same_calls, ours, plain)),
        f"ours ÷ floor {ours / floor:.1f}, plain ÷ ours {plain / ours:.1f}",
        "",
    )
    floor, same_calls, ours, plain, running = (measured[way]["per_second"] for way in (*WAYS, "running"))
    yield (
        "sign-ups there, five at a time",
        *(f"{rate:.0f}/s" for rate in (floor, same_calls, ours, plain)),
        f"ours ÷ floor {ours / floor:.2f}, ours ÷ plain {ours / plain:.1f}",
        "",
    )
    yield ("`GET /`, five at a time", "", "", f"{running:.0f}/s", "", f"to sign-ups {running / ours:.1f}", "")


def _start(measured: Mapping[str, Any]) -> Iterator[Row]:
    python, running, first, function, plain = (
        statistics.median(measured[name]) for name in ("python", "running", "first_201", "function", "plain")
    )
    yield (
        "process start to the first `Running` (floor: Python that does nothing)",
        f"{python * 1000:.0f} ms",
        "",
        f"{running * 1000:.0f} ms",
        "",
        f"ours ÷ floor {running / python:.0f}",
        "",
    )
    for what, seconds in (("the first 201 of the service", first), ("a function called at once, to its 201", function)):
        yield (
            f"process start to {what}",
            "",
            "",
            f"{seconds * 1000:.0f} ms",
            f"{plain * 1000:.0f} ms",
            f"plain ÷ ours {plain / seconds:.2f}",
            "",
        )


def _memory(measured: Mapping[str, Any]) -> Iterator[Row]:
    first = next(iter(measured.values()))
    for requests, one in measured.items():
        yield (
            f"resident after {int(requests):,} requests",
            "",
            "",
            f"{one['bytes'] / 2**20:.0f} MiB, {one['threads']} threads, {one['descriptors']} descriptors",
            "",
            f"to the first {one['bytes'] / first['bytes']:.2f}",
            "",
        )


def _added(delay: str) -> str:
    return f"{delay} ms added to each call"
