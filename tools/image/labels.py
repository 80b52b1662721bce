"""The labels of the image: what it is, and of which version, revision and date."""

import json
import subprocess
from datetime import UTC, datetime

from lib import VERSION
from tests.support.service import ROOT
from tools.image.checks import expect
from tools.image.engine import IMAGE, TAG, Engine

DOCKERFILE = "Dockerfiles/Dockerfile.user_handler"
LABEL = "org.opencontainers.image."


def build_labelled(engine: Engine) -> None:
    """Builds the image with the build arguments that Concertim's playbook passes, and looks for them in its labels."""
    given = {
        "BUILD_DATE": datetime.now(UTC).isoformat(timespec="seconds"),
        "BUILD_VERSION": VERSION,
        "BUILD_REVISION": _revision(),
    }
    engine.build(DOCKERFILE, IMAGE, **given)
    labels = _labels(engine, IMAGE)
    named = dict(zip(("created", "version", "revision"), given.values(), strict=True))
    expect({name: labels[name] for name in named} == named, f"its labels say {named}")
    expect(labels["title"] == "UserHandler" and bool(labels["description"]), f"its title is {labels['title']}")


def prove_unlabelled(engine: Engine) -> None:
    """Builds the image without the arguments, as the documents do in their shortest command."""
    image = f"concertim-user-handler-unlabelled:{TAG}"
    engine.build(DOCKERFILE, image)
    labels = _labels(engine, image)
    empty = [labels[name] for name in ("created", "version", "revision")] == [""] * 3
    expect(empty and labels["title"] == "UserHandler", "without the arguments, the image is built, and says none")


def _labels(engine: Engine, image: str) -> dict[str, str]:
    """Returns the labels of the OCI, without their prefix."""
    [inspected] = json.loads(engine.run("image", "inspect", image))
    labels = inspected["Config"]["Labels"].items()
    return {name.removeprefix(LABEL): text for name, text in labels if name.startswith(LABEL)}


def _revision() -> str:
    """Returns the commit, or an empty text where the files were not got by git."""
    asked = ["git", "rev-parse", "HEAD"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
