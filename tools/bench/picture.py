"""Draws how long a sign-up takes by the delay added to each call (runs where matplotlib is: `make bench`)."""

import json
import statistics
import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

WAYS = {"plain": "plain: one call after another", "ours": "UserHandler", "floor": "floor: the least Keystone allows"}


def draw(results: Path, picture: Path) -> None:
    """Draws the results, which are JSON, as a picture, which is SVG."""
    measured = json.loads(results.read_text())["latency"]
    delays = [int(delay) for delay in measured]
    # Equal results give equal files.
    mpl.rcParams["svg.hashsalt"] = "UserHandler"
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    for way, label in WAYS.items():
        quartiles = [statistics.quantiles(measured[str(delay)][way], n=4) for delay in delays]
        middle = [median for _, median, _ in quartiles]
        below = [median - lower for lower, median, _ in quartiles]
        above = [upper - median for _, median, upper in quartiles]
        axes.errorbar(delays, middle, yerr=[below, above], marker="o", capsize=4, label=label)
    axes.set_xlabel("milliseconds added to each call to Keystone")
    axes.set_ylabel("seconds for one sign-up (median, quartiles)")
    axes.set_xticks(delays)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.3)
    axes.legend()
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    draw(*map(Path, sys.argv[1:]))
