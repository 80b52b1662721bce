"""The manifests of Kubernetes and Knative in docs/deploy, found by what they are, and the pods that they make."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.support.service import ROOT

FOLDER = ROOT / "docs" / "deploy"
KNATIVE = "serving.knative.dev/v1"
# What a site replaces by its own.
KEYSTONE = "http://keystone.example:5000/v3"


@dataclass(frozen=True)
class Manifest:
    """One document of a file."""

    file: Path
    content: Mapping[str, Any]

    @property
    def is_knative(self) -> bool:
        """Whether Knative reads it, and not Kubernetes."""
        return str(self.content["apiVersion"]) == KNATIVE

    def __str__(self) -> str:
        """Returns what kubernetes-validate calls it."""
        return f"{self.content['kind'].lower()}/{self.content['metadata']['name']}"


class Mounted(NamedTuple):
    """A file that a container finds."""

    text: str
    mode: int
    group: int


@dataclass(frozen=True)
class Workload:
    """A manifest that makes pods, and what the pods find in their files and variables."""

    manifest: Manifest
    beside: tuple[Manifest, ...]
    """All manifests of the same file."""

    @property
    def pod(self) -> Mapping[str, Any]:
        """What the manifest says of a pod."""
        pod: Mapping[str, Any] = self.manifest.content["spec"]["template"]["spec"]
        return pod

    @property
    def container(self) -> Mapping[str, Any]:
        """What it says of the only container."""
        [container] = self.pod["containers"]
        assert isinstance(container, dict)
        return container

    @property
    def port(self) -> int:
        """The port at which the container listens."""
        [port] = self.container["ports"]
        return int(port["containerPort"])

    def environment(self) -> dict[str, str]:
        """Returns the variables of the container. Knative adds the port."""
        given = {one["name"]: str(one["value"]) for one in self.container["env"]}
        return given | ({"PORT": str(self.port)} if self.manifest.is_knative else {})

    def files(self) -> dict[str, Mounted]:
        """Returns the mounted files by their paths. They belong to root, and to the group of the pod if it has one."""
        mounts = {one["name"]: one["mountPath"] for one in self.container["volumeMounts"]}
        group = self.pod.get("securityContext", {}).get("fsGroup", 0)
        return {
            f"{mounts[volume['name']]}/{key}": Mounted(text, mode, group)
            for volume in self.pod["volumes"]
            for texts, mode in [self._source_of(volume)]
            for key, text in texts.items()
        }

    def settings_text(self) -> str:
        """Returns the text of the settings, which are in a file or in a variable."""
        environment = self.environment()
        return environment.get("CONCERTIM_CONFIG_TEXT") or self.files()[environment["CONCERTIM_CONFIG"]].text

    def beside_of(self, kind: str) -> Mapping[str, Any]:
        """Returns the only manifest of this kind in the same file."""
        [found] = [one.content for one in self.beside if one.content["kind"] == kind]
        return found

    def _source_of(self, volume: Mapping[str, Any]) -> tuple[Mapping[str, str], int]:
        """Returns the texts that a volume shows, by the names of its files, and the mode of these."""
        is_secret = "secret" in volume
        source = volume["secret" if is_secret else "configMap"]
        shown = self.beside_of("Secret" if is_secret else "ConfigMap")
        assert shown["metadata"]["name"] == source["secretName" if is_secret else "name"]
        return shown["stringData" if is_secret else "data"], source.get("defaultMode", 0o644)

    def __str__(self) -> str:
        """Returns the name of the file, by which a test is known."""
        return str(self.manifest.file.relative_to(FOLDER))


def _read() -> Iterator[Manifest]:
    for file in sorted(path for ending in ("yaml", "yml") for path in FOLDER.rglob(f"*.{ending}")):
        for content in yaml.safe_load_all(file.read_text()):
            # Files of other programs are in the same folder, such as compose files.
            if isinstance(content, dict) and "apiVersion" in content:
                yield Manifest(file, content)


MANIFESTS = list(_read())
WORKLOADS = [
    Workload(one, tuple(other for other in MANIFESTS if other.file == one.file))
    for one in MANIFESTS
    if "containers" in one.content.get("spec", {}).get("template", {}).get("spec", {})
]
