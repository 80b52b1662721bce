"""Tests that ten thousand people are listed in bounded time and memory, at the newest Keystone and at the oldest."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clouds.rows import OF_2025, ZED
from tests.clouds.test_clouds import LACKS_VARIABLE
from tests.support.keystone import Keystone
from tests.support.keystone.filled import fill
from tests.support.keystone.folders import PYTHON as NEWEST
from tests.support.keystone.folders import configured
from tests.support.keystone.serving import served
from tests.support.service import ROOT

FEW, MANY = 100, 10_000
# Bytes for each person, above what a list of few takes.
MEMORY = 2048
KEYSTONES = {"newest": NEWEST, "2025.1": OF_2025, "22.0.2 (Zed, Debian 12)": ZED}


@contextmanager
def filled(python: Path, people: int) -> Iterator[Keystone]:
    """Runs a Keystone in which so many people have signed up."""
    with configured({}, python, mariadb="") as folder:
        fill(folder, people)
        with served(folder, python) as auth_url:
            yield Keystone(auth_url)


# Runs the command line, and leaves the most memory that it had. Of a child, the system also counts what its parent had.
PROGRAM = """
import atexit, re, runpy, sys
status, arguments = sys.argv[1], sys.argv[2:]
def tell():
    with open("/proc/self/status") as own, open(status, "w") as out:
        out.write(re.search(r"VmHWM:\\s+(\\d+) kB", own.read())[1])
atexit.register(tell)
sys.argv = ["handler.py", *arguments]
runpy.run_path("handler.py", run_name="__main__")
"""


def measured(cloud: Keystone, folder: Path, form: str) -> tuple[int, float, int]:
    """Lists the cloud at the command line, and returns the peak memory in bytes, the seconds, and the calls."""
    variables = {f"OS_{name.upper()}": value for name, value in cloud.cloud_env().items()}
    (folder / "config.yaml").write_text(f"log_level: DEBUG\nuser_handler:\n  log_file: {folder / 'log'}\n")
    arguments: list[str | Path] = ["list", "--config", folder / "config.yaml", "--format", form]
    begun = time.monotonic()
    with (folder / f"list.{form}").open("wb") as out:
        subprocess.run(
            [sys.executable, "-c", PROGRAM, folder / "memory", *arguments],
            cwd=ROOT,
            env=os.environ | variables,
            stdout=out,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    seconds = time.monotonic() - begun
    calls = len(re.findall(r" \d+\.\d ms req-", (folder / "log").read_text().splitlines()[-1]))
    return int((folder / "memory").read_text()) * 1024, seconds, calls


@pytest.mark.parametrize("name", KEYSTONES)
@pytest.mark.timeout(300)
def test_ten_thousand_people_are_listed_in_bounded_memory(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each further person takes less than 2 KiB, as JSON and as a page."""
    lacks: Mapping[str, str] = json.loads(os.environ.get(LACKS_VARIABLE, "{}"))
    if KEYSTONES[name] == ZED and "zed" in lacks:
        pytest.skip(lacks["zed"])
    told: dict[str, Any] = {}
    with filled(KEYSTONES[name], FEW) as few, filled(KEYSTONES[name], MANY) as many:
        for form in ("json", "html"):
            least, _, _ = measured(few, tmp_path, form)
            most, seconds, calls = measured(many, tmp_path, form)
            each = (most - least) / (MANY - FEW)
            told[form] = f"{seconds:.1f} s, {calls} calls, {most / 2**20:.0f} MiB, {each:.0f} bytes for each person"
            record_property("many", (name, told))
            assert each < MEMORY, told
    listed = json.loads((tmp_path / "list.json").read_text())
    assert (listed["complete"], listed["counts"]) == (True, {"people": MANY, "teams": 0, "with_problems": 0})
    assert (tmp_path / "list.html").read_text().count("person-") > MANY
