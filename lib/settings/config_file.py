"""Reads Concertim's config.yaml: the part of it that is ours, as a model, or every mistake in it with its line."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

SECTION = "user_handler"
# What the section must not hold, and where it belongs.
MISPLACED = (
    ("log_level", "belongs at the top level of the file"),
    ("jwt_secret", "belongs in the environment variable JWT_SECRET, or in a file that jwt_secret_file names"),
)
_Settings = TypeVar("_Settings", bound=BaseModel)


def parse(text: str, model: type[_Settings]) -> tuple[_Settings | None, list[str]]:
    """Returns the settings in a config.yaml's text as this model, or None and every problem with its line."""
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        # YAML may quote a piece of a password that another service keeps in the file.
        problem = re.sub(r"'[^'<]{2,}'", "…", str(error.problem))
        return None, [f"line {error.problem_mark.line + 1 if error.problem_mark else '?'}: {problem}"]
    except yaml.reader.ReaderError as error:
        return None, [f"line {text.count(chr(10), 0, error.position) + 1}: {error.reason}"]
    except RecursionError:
        return None, ["line 1: is nested too deep"]
    if root is None:
        return model(), []
    if not isinstance(root, yaml.MappingNode):
        return None, ["line 1: must be a mapping of keys to values"]
    # What is wrong in another service's section is that service's business.
    ours = yaml.MappingNode(root.tag, [pair for pair in root.value if pair[0].value in ("log_level", SECTION)])
    try:
        if problems := [*_repeated(ours)] or [*_misplaced(ours)]:
            return None, problems
        document = loader.construct_document(ours)
        section = document.pop(SECTION, None) or {}
        return model.model_validate(
            {name: value for name, value in document.items() if value is not None} | section
        ), []
    except ValidationError as error:
        return None, [text for _, text in sorted(_problems(error, ours))]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [f"line {_line(ours, (SECTION,))}: {SECTION}: {str(error).splitlines()[0]}"]


def _repeated(node: yaml.Node) -> Iterator[str]:
    """Finds keys that are given twice: YAML would silently drop the first."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield f"line {key.start_mark.line + 1}: {name}: is given twice"
            seen.add(name)
            yield from _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated(value)


def _misplaced(ours: yaml.MappingNode) -> Iterator[str]:
    for key, value in ours.value:
        if key.value != SECTION:
            continue
        if not isinstance(value, yaml.MappingNode) and value.tag != "tag:yaml.org,2002:null":
            yield f"line {key.start_mark.line + 1}: {SECTION}: must be a mapping of keys to values"
        elif isinstance(value, yaml.MappingNode):
            for inner, given in value.value:
                name = str(inner.value)
                if where := dict(MISPLACED).get(name):
                    yield f"line {inner.start_mark.line + 1}: {name}: {where}"
                elif given.tag == "tag:yaml.org,2002:null":
                    # A setting that protects the site must not be off because a template had nothing to fill in.
                    what = "has no value; leave the line out to have the default"
                    yield f"line {inner.start_mark.line + 1}: {SECTION}.{name}: {what}"


def _problems(error: ValidationError, root: yaml.Node) -> Iterator[tuple[int, str]]:
    sentences = {
        "extra_forbidden": "no such setting; config.sample.yaml has them all",
        "tuple_type": "must be a list",
        "model_type": "must be a mapping of keys to values",
    }
    for problem in error.errors(include_url=False, include_input=False):
        where: tuple[Any, ...] = problem["loc"]
        path = where if where[0] == "log_level" else (SECTION, *where)
        what = sentences.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        line = _line(root, path)
        yield line, f"line {line}: {'.'.join(map(str, path))}: {what}"


def _line(node: yaml.Node, path: tuple[Any, ...]) -> int:
    """Returns the line of the key or item at this path, or of the nearest thing above it."""
    line = 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(step)]
            if not found:
                break
            key, node = found[0]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
