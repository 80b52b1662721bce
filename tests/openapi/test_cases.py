"""schemathesis makes cases from the contract, good ones and bad ones, and checks each answer against it."""

import json
import os
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import handler
from tests.openapi.given import bearer, given
from tests.support.keystone import Keystone
from tests.support.service import ROOT

SCHEMATHESIS = ROOT / ".openapi" / "bin" / "schemathesis"
PATHS = {f"{method.upper()} {path}" for path, methods in handler.openapi()["paths"].items() for method in methods}
PHASES = "examples,coverage,fuzzing,stateful"
# For each path; more cases come from the examples and from the limits of each field.
FUZZED = 40
# The cases take a quarter of this on two processors.
SECONDS = 240


@pytest.mark.timeout(SECONDS + 60)
def test_no_case_has_an_answer_that_the_contract_does_not_have(
    cloud: Keystone, url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Good cases are accepted or refused as the contract says, and bad ones are refused. All paths are tried."""
    (tmp_path / "given.json").write_text(json.dumps(given(url, cloud)))
    command: list[str | Path] = [
        SCHEMATHESIS,
        f"--config-file={ROOT}/tests/openapi/schemathesis.toml",
        "run",
        f"{url}/openapi.json",
    ]
    options = [f"--phases={PHASES}", f"--max-examples={FUZZED}", "--continue-on-failure"]
    reports = [f"--report-ndjson-path={tmp_path}/events", "--no-color"]
    # The hooks are a module of their own there: that environment has nothing else of ours.
    more = {"GIVEN": str(tmp_path / "given.json"), "TOKEN": bearer(), "SCHEMATHESIS_HOOKS": "hooks"}
    more["PYTHONPATH"] = str(ROOT / "tests" / "openapi")
    done = subprocess.run(
        [*command, *options, *reports],
        cwd=tmp_path,
        env=os.environ | more,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    cases = [*cases_in(tmp_path / "events")]
    record_property("told", table_of(cases))
    record_property("told", "\n".join(line for line in done.stdout.splitlines() if line.startswith("Seed:")))
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    assert {path for path, _, _ in cases} >= PATHS


def cases_in(events: Path) -> Iterator[tuple[str, str, int]]:
    """Yields the path, the kind and the status of the answer of each case that was sent."""
    for line in events.read_text().splitlines():
        recorded: dict[str, Any] = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for name, interaction in recorded.get("interactions", {}).items():
            case = recorded["cases"][name]["value"]
            kind = case.get("meta", {}).get("generation", {}).get("mode", "positive")
            yield f"{case['method']} {case['path']}", kind, interaction["response"]["status_code"]


def table_of(cases: list[tuple[str, str, int]]) -> str:
    """Returns a line for each path with how many cases had which status. Methods that are not served share a line."""
    rows: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for path, kind, status in cases:
        rows[path if path in PATHS else "methods not served", kind][status] += 1
    lines = [
        f"{path:28}{kind:10}{statuses.total():6}   {', '.join(f'{one}: {statuses[one]}' for one in sorted(statuses))}"
        for (path, kind), statuses in sorted(rows.items())
    ]
    return "\n".join([*lines, f"{len(cases)} cases"])
