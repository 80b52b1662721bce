"""The parts of a request that was not checked yet: the request itself, and each object in it that has a model."""

from collections.abc import Iterator
from typing import Any

from lib.request.model import Model


def parts(model: type[Model], request: object) -> Iterator[tuple[type[Model], dict[str, Any]]]:
    """Finds the request and each part of it, with their models, as far as they are objects."""
    if isinstance(request, dict):
        yield model, request
        for name in model.model_fields:
            if kind := model_of(model, name):
                yield from parts(kind, request.get(name))


def model_of(model: type[Model], name: str) -> type[Model] | None:
    """Returns the model of the part of this name, if that has one."""
    kind = model.model_fields[name].annotation if name in model.model_fields else None
    return kind if isinstance(kind, type) and issubclass(kind, Model) else None
