"""`make bench`: measures, prints the table, and writes it as JSON and as a picture."""

import argparse
import json
import os
import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from tests.support.service import ROOT, service
from tools.bench import measures, report
from tools.bench.measures import QUICK, Extent

WRITTEN = ROOT / ".bench"
# What the page on performance shows.
PUBLISHED = ROOT / "docs"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- Written by make bench: begin -->\n", "<!-- Written by make bench: end -->\n"


def main() -> None:
    """Takes ten minutes; with --quick, half of one."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="a glance, whose figures mean nothing")
    options.add_argument("--publish", action="store_true", help="put table and picture into docs/performance.md")
    chosen = options.parse_args()
    measured = _measured(QUICK if chosen.quick else Extent())
    _write(measured, WRITTEN)
    if chosen.publish:
        _write(measured, PUBLISHED)
        PAGE.write_text(with_figures(PAGE.read_text(), measured))
    print(section(measured))
    print("A glance: the figures mean nothing." if chosen.quick else "\n".join(report.missed(measured)))


def section(measured: dict[str, Any]) -> str:
    """Returns what the page on performance has of it."""
    return f"Measured on {measured['date']}: {measured['machine']}.\n\n{report.table(measured)}\n"


def with_figures(page: str, measured: dict[str, Any]) -> str:
    """Returns the page with these figures in place of those before."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{section(measured)}{END}{rest.partition(END)[2]}"


def _measured(extent: Extent) -> dict[str, Any]:
    with TemporaryDirectory() as name:
        config = Path(name) / "config.yaml"
        config.write_text(f"log_level: INFO\nuser_handler:\n  log_file: {name}/user-handler.log\n")
        options = ("--config", str(config))
        measured: dict[str, Any] = {"date": str(datetime.now(UTC).date()), "machine": _machine()}
        measured["extent"] = asdict(extent)
        _say("Starting a Keystone, and the service")
        with measures.real_keystone() as cloud, service(*options) as running:
            _say("One sign-up at a time")
            measured["latency"] = measures.latency(extent, cloud, running)
            _say("A new site: five at a time")
            measured["bulk"] = measures.bulk(extent, cloud, running)
            _say("Cold starts")
            measured["start"] = measures.start(extent, cloud, options)
            _say("Own work, at an instant Keystone")
            measured["own"] = measures.own_work(extent, running)
        _say("Memory")
        measured["memory"] = measures.memory(extent, options)
    rounded: dict[str, Any] = json.loads(json.dumps(measured), parse_float=lambda text: round(float(text), 5))
    return rounded


def _say(what: str) -> None:
    print(f"{what} …", flush=True)


def _machine() -> str:
    """Enough to know what the seconds are worth."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ":")
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores ({model.partition(':')[2].strip()}), {memory:.0f} GiB, {platform.system()}, shared"
        f" with others; Python {platform.python_version()}; Keystone {_keystone()} in one process with SQLite, its"
        f" tokens cached, passwords hashed at cost 12; keystoneauth1 {version('keystoneauth1')}"
    )


def _keystone() -> str:
    pinned = (ROOT / "tests" / "support" / "keystone" / "requirements.txt").read_text()
    return next(line.partition("==")[2] for line in pinned.splitlines() if line.startswith("keystone=="))


def _write(measured: dict[str, Any], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    results, picture = folder / "bench.json", folder / "bench.svg"
    results.write_text(json.dumps(measured) + "\n")
    subprocess.run([WRITTEN / "venv" / "bin" / "python", ROOT / "tools/bench/picture.py", results, picture], check=True)
    _say(f"Written: {results.relative_to(ROOT)}, {picture.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
