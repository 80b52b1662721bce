"""Draws how long a sign-up takes by the delay added to each call (runs where matplotlib is: `make bench`)."""

import json
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WAYS = {"plain": "plain: one call after another", "ours": "UserHandler", "floor": "floor: the least Keystone allows"}


def draw(results: Path, picture: Path) -> None:
    """Draws the results, which are JSON, as a picture, which is SVG."""
    clouds = json.loads(results.read_text())["clouds"]
    # Equal results give equal files.
    mpl.rcParams["svg.hashsalt"] = "UserHandler"
    figure = Figure(figsize=(5 * len(clouds) + 1, 4), layout="constrained")
    figure.subplots(1, len(clouds), sharey=True)
    for axes, (cloud, measured) in zip(figure.axes, clouds.items(), strict=True):
        draw_latency(axes, measured["latency"])
        axes.set_title(cloud, fontsize="medium")
    figure.axes[0].set_ylabel("seconds for one sign-up (median, quartiles)")
    # After all is drawn, as the two share one scale.
    figure.axes[0].set_ylim(bottom=0)
    figure.axes[0].legend()
    figure.savefig(picture, metadata={"Date": None})


def draw_latency(axes: Axes, measured: Mapping[str, Mapping[str, list[float]]]) -> None:
    """Draws how long a sign-up takes at one cloud, by the delay and the way."""
    delays = [int(delay) for delay in measured]
    for way, label in WAYS.items():
        quartiles = [statistics.quantiles(measured[str(delay)][way], n=4) for delay in delays]
        middle = [median for _, median, _ in quartiles]
        below = [median - lower for lower, median, _ in quartiles]
        above = [upper - median for _, median, upper in quartiles]
        axes.errorbar(delays, middle, yerr=[below, above], marker="o", capsize=4, label=label)
    axes.set_xlabel("milliseconds added to each call to Keystone")
    axes.set_xticks(delays)
    axes.grid(axis="y", alpha=0.3)


if __name__ == "__main__":
    draw(*map(Path, sys.argv[1:]))
