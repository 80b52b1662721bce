"""Tests of the manifests of Kubernetes: its published schemas know every field, and the documents fit each other."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lib.settings.loading import parse
from tests.deploy.manifests import MANIFESTS, WORKLOADS, Manifest
from tests.support.service import ROOT

# The Makefile makes this environment.
VALIDATE = ROOT / ".deploy" / "bin" / "kubernetes-validate"
# The oldest and the newest release whose schemas it has.
RELEASES = ["1.25", "1.37"]
FILES = sorted({one.file for one in MANIFESTS if not one.is_knative})
[DEPLOYED] = [one for one in WORKLOADS if not one.manifest.is_knative]
SPEC: Mapping[str, Any] = DEPLOYED.manifest.content["spec"]


def validated(file: Path, release: str) -> list[str]:
    """Returns what the validator says of each document of the file. It passes over kinds that it does not know."""
    command = [str(VALIDATE), "--strict", "--kubernetes-version", release, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def passed(one: Manifest, release: str) -> str:
    """Returns what the validator says of a document that is good."""
    if one.is_knative:
        known = f"Couldn't find schema for kind Service with api version {one.content['apiVersion']}"
        return f"WARN {one.file} {known} for kubernetes version {release}"
    return f"INFO {one.file} passed for resource {one} against version {release}"


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_schemas_know_every_field(file: Path, release: str) -> None:
    """Every document passes, and is of a kind that the release has. Those of Knative are checked elsewhere."""
    assert validated(file, release) == [passed(one, release) for one in MANIFESTS if one.file == file]


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("terminationGracePeriodSeconds:", "terminationGracePeriod:", "('terminationGracePeriod' was unexpected)"),
        ("replicas: 2", "replicas: two", "'two' is not of type 'integer', 'null'"),
        ("readOnlyRootFilesystem: true", "readOnlyRootFileSystem: true", "('readOnlyRootFileSystem' was unexpected)"),
        ("mountPath: /etc/concertim-secrets", "mountPath: 1", "1 is not of type 'string'"),
        ("stringData:", "strings:", "('strings' was unexpected)"),
        ("policyTypes: [Ingress, Egress]", "policyTypes: Ingress", "'Ingress' is not of type 'array', 'null'"),
        ("kind: NetworkPolicy", "kind: NetworkPolice", "Couldn't find schema for kind NetworkPolice"),
        ("    targetPort: http\n", "    target: http\n", "('target' was unexpected)"),
        ("  maxUnavailable: 1\n", "  maxGone: 1\n", "('maxGone' was unexpected)"),
        ("data:\n  config.yaml: |", "data:\n  config.yaml:", "is not of type 'string', 'null'"),
    ],
)
def test_a_broken_manifest_does_not_pass(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    """A mistake in any of the documents would be seen by the test above."""
    text = DEPLOYED.manifest.file.read_text()
    assert right in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(right, wrong))
    for release in RELEASES:
        [why] = [line for line in validated(broken, release) if not line.startswith("INFO")]
        assert complaint in why


def test_a_pod_that_goes_has_time_to_answer() -> None:
    """Its time to stop begins with the pause of preStop, after which no new requests come."""
    settings, _ = parse(DEPLOYED.settings_text())
    assert settings
    program, pause = DEPLOYED.container["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    assert DEPLOYED.pod["terminationGracePeriodSeconds"] > int(pause) + settings.stop_grace + 1


def test_an_update_never_leaves_fewer_pods_than_wanted() -> None:
    """A new pod is ready before an old one goes, and a drained node takes one pod at a time away."""
    assert (SPEC["replicas"], SPEC["strategy"]["rollingUpdate"]) == (2, {"maxUnavailable": 0, "maxSurge": 1})
    assert DEPLOYED.beside_of("PodDisruptionBudget")["spec"]["maxUnavailable"] < SPEC["replicas"]


def test_all_selectors_choose_the_pods() -> None:
    """A selector with another label would choose nothing, and no schema would tell."""
    [spread] = DEPLOYED.pod["topologySpreadConstraints"]
    chosen = [
        SPEC["selector"]["matchLabels"],
        spread["labelSelector"]["matchLabels"],
        DEPLOYED.beside_of("Service")["spec"]["selector"],
        DEPLOYED.beside_of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        DEPLOYED.beside_of("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    assert chosen == [SPEC["template"]["metadata"]["labels"]] * 5


def test_the_service_and_the_policy_lead_to_the_port_and_to_keystone() -> None:
    """The UI comes in at the port of the service, and the service gets out to names and to Keystone's port alone."""
    [port] = DEPLOYED.container["ports"]
    [served] = DEPLOYED.beside_of("Service")["spec"]["ports"]
    assert (served["port"], served["targetPort"]) == (port["containerPort"], port["name"])
    policy = DEPLOYED.beside_of("NetworkPolicy")["spec"]
    [into] = policy["ingress"]
    assert into["ports"] == [{"port": port["name"], "protocol": "TCP"}]
    settings, _ = parse(DEPLOYED.settings_text())
    assert settings
    assert settings.allowed_auth_urls
    [keystone] = [urlsplit(str(url)) for url in settings.allowed_auth_urls]
    out = [(one["port"], one["protocol"]) for rule in policy["egress"] for one in rule["ports"]]
    assert out == [(53, "UDP"), (53, "TCP"), (keystone.port, "TCP")]
