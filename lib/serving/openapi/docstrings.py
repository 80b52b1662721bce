"""What docstrings tell the contract: of functions and pages, of the statuses that they answer, and of fields."""

import ast
import inspect
import re
from collections.abc import Callable
from itertools import pairwise
from textwrap import dedent
from typing import Any

_ERRORS = "Errors: "
_STATUSES = r"\d{3}(?:, \d{3})*"


def summary_of(function: Callable[..., Any]) -> str:
    """Returns what the file of a function says that its path does, or else the first sentence of the docstring."""
    of_the_file = inspect.getdoc(inspect.getmodule(function)) or ""
    paths, _, does = of_the_file.partition(": ")
    text = does if does and "/" in paths else re.split(r"(?<=\.)\s", _text_of(function), maxsplit=1)[0]
    return f"{text[:1].upper()}{text[1:]}".replace("`", "")


def description_of(function: Callable[..., Any]) -> str:
    """Returns a docstring without what it tells of errors."""
    return _text_of(function).partition(_ERRORS)[0].strip()


def errors_of(function: Callable[..., Any]) -> dict[int, str]:
    """Returns what a docstring tells of each status after `Errors:`. Its last sentence belongs to the last status."""
    told = " ".join(_text_of(function).partition(_ERRORS)[2].split())
    pairs = re.findall(rf"(?:^|; )({_STATUSES}) (.+?)(?=; {_STATUSES} |$)", told)
    return {int(status): text for statuses, text in pairs for status in statuses.split(", ")}


def fields_of(model: type[Any]) -> dict[str, str]:
    """Returns what stands below each field of a class, without those of the classes that it extends.

    Pydantic can do this when a class is made, which would take as long at the start as half of all models.
    """
    statements = [one for body in ast.parse(dedent(inspect.getsource(model))).body for one in getattr(body, "body", ())]
    return {
        field.target.id: " ".join(str(below.value.value).split())
        for field, below in pairwise(statements)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    }


def _text_of(function: Callable[..., Any]) -> str:
    return inspect.getdoc(function) or ""
