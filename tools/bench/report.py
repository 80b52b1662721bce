"""Shows what was measured as a table: each ratio beside the figures that it is of."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The goals: at most so many times the seconds of the floor, at least this part of its sign-ups in a second.
LATENCY_BOUND, THROUGHPUT_BOUND = 1.15, 0.9
# After so many seconds old releases of the UI give up.
SECONDS_BOUND = 5
WAYS = ("floor", "same_calls", "ours", "plain")
HEAD = ("what", "floor", "same calls", "ours", "plain", "ratios", "bound")


@dataclass(frozen=True)
class Bound:
    """A goal, and whether it is reached."""

    text: str
    reached: bool

    def __str__(self) -> str:
        """Returns the text of a cell of the table."""
        return f"{self.text}: {'reached' if self.reached else 'MISSED'}"


def section(measured: Mapping[str, Any]) -> str:
    """Returns what the page on performance has of it."""
    return f"Measured on {measured['date']}: {measured['machine']}.\n\n{table(measured)}\n"


def table(measured: Mapping[str, Any]) -> str:
    """Returns the table in Markdown."""
    rows = [HEAD, tuple("---" for _ in HEAD), *_rows(measured)]
    return "\n".join(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)


def missed(measured: Mapping[str, Any]) -> list[str]:
    """Returns the rows whose goal is missed, with the goal."""
    return [f"{row[0]}: {row[-1]}" for row in _rows(measured) if isinstance(row[-1], Bound) and not row[-1].reached]


def _rows(measured: Mapping[str, Any]) -> Iterator[Sequence[object]]:
    yield from _latency(measured["latency"])
    yield from _bulk(measured["bulk"])
    yield from _own(measured["own"])
    yield from _start(measured["start"])
    yield from _memory(measured["memory"])


def _latency(measured: Mapping[str, Any]) -> Iterator[Sequence[object]]:
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


def _bulk(measured: Mapping[str, Any]) -> Iterator[Sequence[object]]:
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


def _own(measured: Mapping[str, Any]) -> Iterator[Sequence[object]]:
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


def _start(measured: Mapping[str, Any]) -> Iterator[Sequence[object]]:
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


def _memory(measured: Mapping[str, Any]) -> Iterator[Sequence[object]]:
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
