"""Tests of the manifests of Knative: the published schemas know every field, and the limits are the service's."""

import pytest
import yaml

from lib.settings.loading import parse
from lib.settings.settings import Settings
from tests.deploy.manifests import KNATIVE, MANIFESTS, WORKLOADS, Workload
from tests.deploy.schemas import complaints

SERVED = [one for one in WORKLOADS if one.manifest.is_knative]
TEXT = SERVED[0].manifest.file.read_text()
# A mistake each, and what the schemas say of it.
BROKEN = {
    "concurrency": (
        "containerConcurrency:",
        "containerConcurency:",
        "'\"containerConcurency\"' does not exist in type",
    ),
    "timeout": ("timeoutSeconds: 60", 'timeoutSeconds: "60"', "Type 'string' is not assignable to type 'number'"),
    "integer": ("timeoutSeconds: 60", "timeoutSeconds: 60.5", "/timeoutSeconds must be integer"),
    "root": ("readOnlyRootFilesystem:", "readOnlyRootFileSystem:", "does not exist in type 'ISecurityContext'"),
    "labels": (
        "    networking.knative.dev/visibility: cluster-local",
        "    - cluster-local",
        "is not assignable to type",
    ),
    "probe": ("            port: 42356\n", "", "/livenessProbe/httpGet must have required property port"),
    "kind": (
        "serving.knative.dev/v1\nkind: Service",
        "serving.knative.dev/v1\nkind: Servise",
        "/kind must be equal to",
    ),
    "template": ("  template:", "  templat:", "'\"templat\"' does not exist in type 'IServiceSpec'"),
}


def service_in(text: str) -> dict[str, object]:
    """Returns the document of Knative in the text of a file."""
    [found] = [one for one in yaml.safe_load_all(text) if one["apiVersion"] == KNATIVE]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """Returns what the schemas find wrong with the manifests, and with each broken copy. They are asked once."""
    good = {f"manifest-{number}": one.content for number, one in enumerate(MANIFESTS) if one.is_knative}
    broken = {name: service_in(TEXT.replace(right, wrong)) for name, (right, wrong, _) in BROKEN.items()}
    return complaints({**good, **broken})


def test_the_schemas_know_every_field(found: dict[str, list[str]]) -> None:
    """There is at least one manifest, and nothing is wrong with any of them."""
    of_manifests = [wrong for name, wrong in found.items() if name.startswith("manifest-")]
    assert of_manifests == [[]] * len(SERVED)
    assert SERVED


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_manifest_does_not_pass(found: dict[str, list[str]], name: str) -> None:
    """A mistake in the manifest would be seen by the test above."""
    right, _, complaint = BROKEN[name]
    assert right in TEXT
    assert [line for line in found[name] if complaint in line]


@pytest.mark.parametrize("workload", SERVED, ids=str)
def test_the_limits_are_those_of_the_service(workload: Workload) -> None:
    """Knative sends no more requests than the service has slots, and does not give up before the service does."""
    settings, _ = parse(workload.settings_text())
    assert settings
    assert workload.pod["containerConcurrency"] == settings.max_concurrent_requests
    assert workload.pod["timeoutSeconds"] > settings.deadline
    assert settings.deadline == Settings().deadline


@pytest.mark.parametrize("workload", SERVED, ids=str)
def test_one_replica_is_always_there_and_only_the_cluster_reaches_it(workload: Workload) -> None:
    """Knative takes annotations and labels that it does not know for somebody else's, so no schema would tell."""
    content = workload.manifest.content
    template = content["spec"]["template"]["metadata"]
    assert template == {"annotations": {"autoscaling.knative.dev/min-scale": "1"}}
    assert content["metadata"]["labels"] == {"networking.knative.dev/visibility": "cluster-local"}
    assert "PORT" not in {one["name"] for one in workload.container["env"]}
