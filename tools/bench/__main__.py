"""`make bench`: measures, prints the tables, and writes them as JSON and as a picture."""

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
from tools.bench import measures, report, scale
from tools.bench.keystones import CLOUDS, on_sqlite
from tools.bench.measures import QUICK, Extent
from tools.bench.pages import DOCS, PAGES, Page
from tools.bench.scale import Scale

WRITTEN = ROOT / ".bench"


def main() -> None:
    """Takes 25 minutes; with --quick, one."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--scale", action="store_true", help="measure what bounds the rate of sign-ups instead")
    options.add_argument("--quick", action="store_true", help="a glance, whose figures mean nothing")
    options.add_argument("--publish", action="store_true", help="put the figures into docs/")
    chosen = options.parse_args()
    if chosen.quick and chosen.publish:
        options.error("the figures of --quick mean nothing, so they are not published")
    page = PAGES["scale" if chosen.scale else "performance"]
    measured = _rounded(_scale(chosen.quick) if chosen.scale else _performance(chosen.quick))
    _write(measured, WRITTEN, page)
    if chosen.publish:
        _write(measured, DOCS, page)
        page.path.write_text(page.with_figures(measured))
    print(page.section(measured))
    if chosen.quick:
        print("A glance: the figures mean nothing.")
    elif not chosen.scale:
        print("\n".join(report.missed(measured)))


def _scale(quick: bool) -> dict[str, Any]:
    return _when_and_where() | scale.measure(scale.TINY if quick else Scale(), _say)


def _performance(quick: bool) -> dict[str, Any]:
    extent = QUICK if quick else Extent()
    with TemporaryDirectory() as name:
        config = Path(name) / "config.yaml"
        config.write_text(f"log_level: INFO\nuser_handler:\n  log_file: {name}/user-handler.log\n")
        options = ("--config", str(config))
        measured = _when_and_where(
            f", its tokens cached, passwords hashed at cost 12; keystoneauth1 {version('keystoneauth1')}"
        )
        measured |= {"extent": asdict(extent), "clouds": {}, "not_here": {}}
        with service(*options) as running:
            for cloud, (why_not_here, running_keystone) in CLOUDS.items():
                if why_not := why_not_here():
                    measured["not_here"][cloud] = why_not
                    continue
                _say(f"Starting a Keystone: {cloud}")
                with running_keystone() as site:
                    measured["clouds"][cloud] = measures.at_a_cloud(extent, site.cloud_env, running, _say)
            _say("Own work, at an instant Keystone")
            measured["own"] = measures.own_work(extent, running)
        _say("Cold starts")
        with on_sqlite() as site:
            measured["start"] = measures.start(extent, site.cloud_env, options)
        _say("Memory")
        measured["memory"] = measures.memory(extent, options)
    return measured


def _rounded(measured: dict[str, Any]) -> dict[str, Any]:
    rounded: dict[str, Any] = json.loads(json.dumps(measured), parse_float=lambda text: round(float(text), 5))
    return rounded


def _say(what: str) -> None:
    print(f"{what} …", flush=True)


def _when_and_where(more: str = "") -> dict[str, Any]:
    """Returns the date, and enough of the machine to know what the seconds are worth."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ":")
    memory = psutil.virtual_memory().total / 2**30
    machine = (
        f"{os.cpu_count()} cores ({model.partition(':')[2].strip()}), {memory:.0f} GiB, {platform.system()}, shared"
        f" with others; Python {platform.python_version()}; Keystone {_keystone()}{more}"
    )
    return {"date": str(datetime.now(UTC).date()), "machine": machine}


def _keystone() -> str:
    pinned = (ROOT / "tests" / "support" / "keystone" / "requirements.txt").read_text()
    return next(line.partition("==")[2] for line in pinned.splitlines() if line.startswith("keystone=="))


def _write(measured: dict[str, Any], folder: Path, page: Page) -> None:
    folder.mkdir(exist_ok=True)
    results = folder / page.results
    results.write_text(json.dumps(measured) + "\n")
    written = [results]
    # Only a page that has a picture needs what draws it.
    if page.picture:
        written.append(folder / page.picture)
        subprocess.run([WRITTEN / "venv" / "bin" / "python", ROOT / "tools/bench/picture.py", *written], check=True)
    _say(f"Written: {', '.join(str(one.relative_to(ROOT)) for one in written)}")


if __name__ == "__main__":
    main()
