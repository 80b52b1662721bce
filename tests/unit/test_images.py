"""The files of the images: their packages are those that the hosts are tried with, and the documents name them."""

import re
from pathlib import Path

import pytest

from tests.support.pages import text_of
from tests.support.service import ROOT
from tools.image.pins import pinned

DOCKERFILES = sorted((ROOT / "Dockerfiles").glob("Dockerfile.*"))
REQUIREMENTS = sorted((ROOT / "Dockerfiles").glob("*/requirements.txt"))


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.parent.name)
def test_the_image_of_a_host_has_the_packages_that_the_host_is_tried_with(file: Path) -> None:
    """`make hosts` tries more than `make image`, so what holds there holds for the image."""
    tried = pinned(ROOT / "tests/hosts/requirements.txt")
    assert pinned(file) - tried == set(), "tests/hosts/requirements.txt does not have these"


def test_every_image_is_told_of() -> None:
    """The page on hosts or the one on operations has the command that builds it, and its own head has the same."""
    assert len(DOCKERFILES) >= len(REQUIREMENTS) > 0
    pages = text_of("docs/operations.md") + text_of("docs/hosts.md")
    for file in DOCKERFILES:
        command = f"-f Dockerfiles/{file.name} ."
        assert re.findall(rf"^    .*{re.escape(command)}$", pages, re.MULTILINE), (
            f"no page says how to build {file.name}"
        )
        assert command in file.read_text()
