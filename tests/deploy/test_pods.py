"""Tests of the pods that the manifests of Kubernetes and Knative make: they fit the service, and it serves in them."""

import re
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
import requests

from lib import VERSION
from lib.command_line.exit_codes import MISTAKE_IN_SETTINGS
from lib.command_line.serve import PORT
from lib.serving.pages import PAGES
from lib.settings.loading import parse
from tests.deploy.manifests import KEYSTONE, WORKLOADS, Workload
from tests.deploy.running import LISTEN, sign_up, started
from tests.deploy.sandbox import OWNER, Sandbox, needs_sandbox, sandbox
from tests.support.keystone import Keystone
from tests.support.service import ROOT, complaints
from tests.support.siblings import rated_keystone

DOCKERFILE = (ROOT / "Dockerfiles" / "Dockerfile.user_handler").read_text()
# The last one is the command of the image. The one before is in its health check.
COMMAND = re.findall(r'^CMD \["(.*)"\]$', DOCKERFILE, re.MULTILINE)[-1].split('", "')
PROBES = {"livenessProbe": "/healthz", "readinessProbe": "/readyz"}

pytestmark = pytest.mark.parametrize("workload", WORKLOADS, ids=str)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Keystone]:
    """Runs a Keystone on which costs are rated, as the release in the manifests expects."""
    with rated_keystone() as running:
        yield running


def probes_of(workload: Workload) -> dict[str, Any]:
    """Returns the probes of the container by their names."""
    return {name: value for name, value in workload.container.items() if name.endswith("Probe")}


def bytes_of(amount: str) -> int:
    """Returns an amount of memory in bytes."""
    return int(amount.removesuffix("Mi")) * 1024 * 1024


def command_in(box: Sandbox, workload: Workload, auth_url: str, secret: str) -> list[str]:
    """Returns what runs the container's command with its files and variables, for this Keystone and this secret."""
    for path, file in workload.files().items():
        text = secret if path == workload.environment()["JWT_SECRET_FILE"] else file.text.replace(KEYSTONE, auth_url)
        box.put(path, text, file.mode, group=file.group)
    environment = {name: value.replace(KEYSTONE, auth_url) for name, value in workload.environment().items()}
    return box.command([*COMMAND, *LISTEN], environment)


def test_the_settings_have_no_mistake_and_nothing_doubtful(workload: Workload) -> None:
    """A site finds in them the two values that it must replace, and a log that needs no volume."""
    settings, remarks = parse(workload.settings_text())
    assert (settings is not None, remarks) == (True, [])
    assert settings
    assert settings.model_fields_set == {"ui_release", "allowed_auth_urls", "log_file"}
    assert workload.settings_text().count(KEYSTONE) == 1


def test_the_image_the_port_and_the_user_are_the_products(workload: Workload) -> None:
    """The tag is the version. The port and the user are those of the Dockerfile, and the port is the default one."""
    assert workload.container["image"].rpartition("/")[2] == f"concertim-user-handler:{VERSION}"
    assert [workload.port, PORT] == [int(port) for port in re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE) * 2]
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == [f"{OWNER}:{OWNER}"]


def test_the_pod_has_no_rights(workload: Workload) -> None:
    """It has what the level `restricted` of Kubernetes' Pod Security Standards allows, and a read-only root."""
    rights = {**workload.pod.get("securityContext", {}), **workload.container["securityContext"]}
    assert rights.pop("fsGroup", OWNER) == OWNER
    assert rights == {
        "runAsNonRoot": True,
        "runAsUser": OWNER,
        "runAsGroup": OWNER,
        "seccompProfile": {"type": "RuntimeDefault"},
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert workload.pod["automountServiceAccountToken"] is False


def test_the_probes_ask_for_pages_that_are_served(workload: Workload) -> None:
    """They ask at the container's own port, by its number or its name."""
    [port] = workload.container["ports"]
    asked = {name: probe["httpGet"] for name, probe in probes_of(workload).items()}
    assert {name: get["path"] for name, get in asked.items()} == PROBES
    assert {*PROBES.values()} <= PAGES.keys()
    assert {get["port"] for get in asked.values()} <= {port["containerPort"], port.get("name")}


@needs_sandbox
def test_the_placeholder_of_the_secret_is_refused(workload: Workload) -> None:
    """Nobody runs a service whose secret is known to all readers of this repository."""
    with sandbox(COMMAND[0].removesuffix("/bin/python")) as box:
        placeholder = workload.files()[workload.environment()["JWT_SECRET_FILE"]].text
        command = command_in(box, workload, KEYSTONE, placeholder)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == MISTAKE_IN_SETTINGS
    [why] = complaints(done.stdout + done.stderr).splitlines()
    assert "has 9 bytes, and at least 32 are needed" in why


@needs_sandbox
def test_the_service_serves_in_the_pod(workload: Workload, cloud: Keystone) -> None:
    """It has the files, the variables, the user and the memory of the manifest, and nothing that it can write."""
    secret = uuid.uuid4().hex
    with sandbox(COMMAND[0].removesuffix("/bin/python")) as box:
        with started(command_in(box, workload, cloud.auth_url, secret)) as running:
            assert sign_up(running.url, cloud, secret) == 201
            assert sign_up(running.url, cloud, "the secret of somebody else altogether") == 401
            answered = [requests.get(f"{running.url}{path}", timeout=60).status_code for path in PROBES.values()]
            assert answered == [200, 200]
            taken = psutil.Process(running.process.pid).memory_info().rss
            assert taken < bytes_of(workload.container["resources"]["requests"]["memory"])
            assert running.stop() == 0
            assert (" - [WARNING] (startup)" in running.said(), running.complained()) == (False, "")
        assert list(box.at("/var/log/concertim-openstack-service").iterdir()) == []
