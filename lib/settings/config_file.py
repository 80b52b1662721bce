"""Reads Concertim's config.yaml: the part of it that is ours, as a model, or every mistake in it with its line."""

import re
from collections.abc import Iterator
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from lib.settings.nodes import Loader, Path, Remark, another_number, find, no_text, other_numbers, repeated
from lib.settings.placement import AT_THE_TOP, SECTION, at_the_top, in_the_section, no_such_setting

_Settings = TypeVar("_Settings", bound=BaseModel)


def parse(text: str, model: type[_Settings]) -> tuple[_Settings | None, list[str]]:
    """Returns the settings in a config.yaml's text as this model, and warnings; or None, and every mistake besides.

    Each of them has its line.
    """
    try:
        loader = Loader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        return None, [f"line {error.problem_mark.line + 1 if error.problem_mark else '?'}: {_syntax(error.problem)}"]
    except yaml.reader.ReaderError as error:
        return None, [f"line {text.count(chr(10), 0, error.position) + 1}: {error.reason}"]
    except RecursionError:
        return None, ["line 1: is nested too deep"]
    except OverflowError:
        return None, ["line 1: holds the number of a character that there is not"]
    if root is None:
        return model(), []
    if not isinstance(root, yaml.MappingNode):
        return None, ["line 1: must be a mapping of keys to values"]
    # What is wrong in another service's section is that service's business.
    ours = yaml.MappingNode(root.tag, [pair for pair in root.value if pair[0].value in (AT_THE_TOP, SECTION)])
    settings, remarks = _read(loader, ours, model)
    remarks += at_the_top(root, model)
    stops = any(remark.stops for remark in remarks)
    return None if stops else settings, [str(remark) for remark in sorted(remarks)]


def _syntax(problem: str | None) -> str:
    if "'\\t'" in str(problem):
        return "a tab character where spaces are needed"
    # YAML may quote a piece of a password that another service keeps in the file.
    return re.sub(r"'[^'<]{2,}'", "…", str(problem))


def _read(loader: Loader, ours: yaml.MappingNode, model: type[_Settings]) -> tuple[_Settings | None, list[Remark]]:
    settings, mistakes = None, {}
    try:
        section = [pair for pair in ours.value if pair[0].value == SECTION]
        if remarks := [*repeated(ours)] or [remark for pair in section for remark in in_the_section(*pair)]:
            return None, remarks
        document = loader.construct_document(ours)
        inner = document.pop(SECTION, None) or {}
        settings = model.model_validate({name: value for name, value in document.items() if value is not None} | inner)
    except ValidationError as error:
        mistakes = dict(_mistakes(error, ours, model))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [Remark(find(ours, (SECTION,))[0], f"{SECTION}: {str(error).splitlines()[0]}")]
    return settings, [*(dict(other_numbers(ours)) | mistakes).values()]


def _mistakes(error: ValidationError, root: yaml.Node, model: type[BaseModel]) -> Iterator[tuple[Path, Remark]]:
    sentences = {"tuple_type": "must be a list", "model_type": "must be a mapping of keys to values"}
    for problem in error.errors(include_url=False, include_input=False):
        where, kind = problem["loc"], problem["type"]
        if kind == "default_factory_not_called":
            # The default of a setting that is not in the file depends on one that has a mistake.
            continue
        path = where if where[0] == AT_THE_TOP else (SECTION, *where)
        line, node = find(root, path)
        if kind == "extra_forbidden":
            what = no_such_setting(where, model)
        elif kind in ("string_type", "path_type"):
            what = no_text(node)
        else:
            what = another_number(node) or sentences.get(kind, problem["msg"].removeprefix("Value error, "))
        yield path, Remark(line, f"{'.'.join(map(str, path))}: {what}")
