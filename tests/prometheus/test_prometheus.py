"""A real Prometheus reads the metrics of a running service, and the alert rules fire upon what they are for."""

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.support.fixtures import RequestOf
from tests.support.ports import free_ports, wait_until_it_listens
from tests.support.service import ROOT, post, service

RULES = ROOT / "docs" / "prometheus" / "alerts.yml"
# Prometheus reads and evaluates once a second here.
FIRES_WITHIN = 30


def run(*command: str | Path, said: str = "") -> str:
    """Runs promtool, and returns what it said. Fails with that if promtool does."""
    done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def try_rules(folder: Path, rules: str) -> "subprocess.CompletedProcess[str]":
    """Lets promtool try these rules with the counts in rules_test.yml."""
    (folder / "alerts.yml").write_text(rules)
    shutil.copy(ROOT / "tests" / "prometheus" / "rules_test.yml", folder)
    return subprocess.run(
        ["promtool", "test", "rules", "rules_test.yml"], cwd=folder, capture_output=True, text=True, timeout=60
    )


def test_the_rules_are_good_and_fire_when_they_should(tmp_path: Path) -> None:
    """Promtool knows the syntax of rules, and tries them with counts that rise."""
    run("promtool", "check", "rules", RULES)
    done = try_rules(tmp_path, RULES.read_text())
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", [rule["alert"] for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]])
def test_every_rule_is_tried(alert: str, tmp_path: Path) -> None:
    """A rule that never fires makes the test of the rules fail, so the next rule needs its counts there."""
    rules = yaml.safe_load(RULES.read_text())
    for rule in rules["groups"][0]["rules"]:
        if rule["alert"] == alert:
            rule["expr"] = f"({rule['expr']}) and vector(0) > 1"
    assert try_rules(tmp_path, yaml.safe_dump(rules)).returncode != 0


def test_prometheus_reads_a_service_and_alarms_of_a_cloud_that_is_not_prepared(
    tmp_path: Path, request_of: RequestOf
) -> None:
    """The names in the rules are those that a service counts under, and the labels are those that Prometheus gives."""
    ports = free_ports("metrics", "prometheus")
    config = tmp_path / "config.yaml"
    config.write_text(
        f"user_handler:\n  log_file: {tmp_path / 'log'}\n  metrics_listen: 127.0.0.1:{ports['metrics']}\n"
        "  user_roles: [nobody-has-made-it]\n"
    )
    with service("--config", str(config)) as running:
        assert post(running.url, json=request_of())[0] == 424
        shown = requests.get(f"http://127.0.0.1:{ports['metrics']}/metrics", timeout=10).text
        run("promtool", "check", "metrics", said=shown)
        named = {*re.findall(r"user_handler_\w+", RULES.read_text())}
        counted = {*re.findall(r"^# TYPE (\w+) ", shown, re.MULTILINE)}
        missing = {name for name in named if name.removesuffix("_bucket") not in counted}
        assert missing == set(), "the rules name metrics that a service does not have"
        with _prometheus(tmp_path, **ports) as url:
            assert _firing(url) == {("UserHandlerNotAllowed", "create_user_project", "cloud_not_prepared")}


class _prometheus:  # noqa: N801 - used as a function
    """Runs a Prometheus that reads the service once a second, and gives its URL."""

    def __init__(self, folder: Path, metrics: int, prometheus: int) -> None:
        self.url, self._folder, self._port = f"http://127.0.0.1:{prometheus}", folder, prometheus
        (folder / "prometheus.yml").write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                    "rule_files": [str(RULES)],
                    "scrape_configs": [
                        {"job_name": "user-handler", "static_configs": [{"targets": [f"127.0.0.1:{metrics}"]}]}
                    ],
                }
            )
        )

    def __enter__(self) -> str:
        with (self._folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                ],
                stdout=said,
                stderr=said,
            )
        wait_until_it_listens(self._process, self._port, self._folder / "said")
        return self.url

    def __exit__(self, *_: Any) -> None:
        self._process.terminate()
        self._process.wait(30)


def _firing(url: str) -> set[tuple[str, str, str]]:
    until = time.monotonic() + FIRES_WITHIN
    while time.monotonic() < until:
        answer = requests.get(f"{url}/api/v1/alerts", timeout=10)
        # A Prometheus that listens answers 503 in plain text until it has read its files.
        alerts = answer.json()["data"]["alerts"] if answer.status_code != 503 else []
        if labels := [one["labels"] for one in alerts if one["state"] == "firing"]:
            return {(one["alertname"], one.get("function", ""), one.get("code", "")) for one in labels}
        time.sleep(0.5)
    return set()
