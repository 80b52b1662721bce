"""What YAML made of a config.yaml: where in the file a key stands, and what was read otherwise than it was typed."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

Path = tuple[str | int, ...]

_READ_AS = {
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "null": "no value",
    "timestamp": "a date",
}
# 1:30 becomes 90, and 010 becomes 8.
_ANOTHER_NUMBER = re.compile(r".*:.*|[-+]?0[0-9_]+")


class Remark(NamedTuple):
    """What is to be said of a line of the file. It stops the start, or else is a warning."""

    line: int
    text: str
    stops: bool = True

    def __str__(self) -> str:
        """Returns the remark as an operator reads it."""
        return f"line {self.line}: {self.text}"


class Loader(yaml.SafeLoader):
    """Reads a date as nothing that a setting takes. PyYAML fails at one that is none, and does not tell its line."""


Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, _node: object())


def line_of(node: yaml.Node) -> int:
    """Returns the line at which the node begins."""
    return node.start_mark.line + 1 if node.start_mark else 1


def find(node: yaml.Node, path: Path) -> tuple[int, yaml.Node]:
    """Returns the line of the key or item at this path with what it holds, or the nearest thing above it."""
    line = 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(step)]
            if not found:
                break
            key, node = found[0]
            line = line_of(key)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = line_of(node)
        else:
            break
    return line, node


def repeated(node: yaml.Node) -> Iterator[Remark]:
    """Finds keys that are given twice: YAML would silently drop the first."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield Remark(line_of(key), f"{name}: is given twice")
            seen.add(name)
            yield from repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from repeated(value)


def no_text(node: yaml.Node) -> str:
    """Says why this is no text, without quoting it, as it may be a secret in a wrong place."""
    read_as = _READ_AS.get(node.tag.rpartition(":")[2], "")
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        read_as = "a mapping"
    return f"YAML reads this as {read_as}; put it into quotes" if read_as else "must be a text"


def another_number(node: yaml.Node) -> str:
    """Says of a number that YAML reads it otherwise than a person would. Returns "" of anything else."""
    is_number = isinstance(node, yaml.ScalarNode) and node.tag.endswith((":int", ":float")) and not node.style
    if is_number and _ANOTHER_NUMBER.fullmatch(node.value):
        return "YAML reads this as another number, to base 60 or 8; write it in plain digits"
    return ""


def other_numbers(node: yaml.Node, path: Path = ()) -> Iterator[tuple[Path, Remark]]:
    """Finds every number that YAML reads otherwise than a person would, with its path."""
    inner: list[tuple[Any, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        inner = [(key.value, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = [*enumerate(node.value)]
    elif what := another_number(node):
        yield path, Remark(line_of(node), f"{'.'.join(map(str, path))}: {what}")
    for step, value in inner:
        yield from other_numbers(value, (*path, step))
