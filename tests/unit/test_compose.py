"""The file for compose says what the settings and the documents say, too. `make image` brings it up."""

import re
from typing import Any

import yaml

from lib.settings.settings import Settings
from tests.support.pages import part_of, text_of

FILE = "docs/deploy/compose/compose.yaml"


def services() -> Any:
    """Returns the services in the file, by name."""
    return yaml.safe_load(text_of(FILE))["services"]


def test_each_service_has_the_time_that_it_needs_to_stop() -> None:
    """Docker kills what has not stopped by then. nginx waits for what UserHandler still answers."""
    times = {name: float(one.get("stop_grace_period", "10s").removesuffix("s")) for name, one in services().items()}
    assert times["user_handler"] > Settings().stop_grace
    assert times["front"] > Settings().deadline


def test_every_variable_of_the_file_is_told_of_with_its_default() -> None:
    """Whoever takes the file as it is need not read it to know what can be set."""
    page = part_of(text_of("docs/deploy/README.md"), "Compose")
    found = {*re.findall(r"\$\{(\w+):([-?])(.*?)\}", text_of(FILE))}
    defaults = {(name, value) for name, sign, value in found if sign == "-"}
    assert {*re.findall(r"^\| `(\w+)` \| `(.*?)` \|", page, re.MULTILINE)} == defaults
    needed = [name for name, sign, _ in found if sign == "?"]
    assert [name for name in needed if f"       {name}=…\n" not in page] == []
    assert len(found) == len({name for name, *_ in found}) > len(needed) > 0
