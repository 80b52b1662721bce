"""Names keys that no field has, where a field is missing: one of them is probably that field, misspelt."""

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from lib.request.model import Model
from lib.request.parts import model_of

Place = tuple[int | str, ...]

# A caller may send any number of keys. These are looked at in each object, and these are named at a field.
MOST_LOOKED_AT, MOST_NAMED = 20, 3
# A key can be anything, a secret included. One with a digit in it is no field's.
_NAME = re.compile(r"[A-Za-z_-]{1,40}")


def unknown_keys(
    model: type[Model], request: object, problems: Iterable[Place], is_secret: Callable[[str], bool]
) -> dict[Place, str]:
    """Returns what to add to the problem at each place where a field is missing: ` (user_name is not known)`.

    Only a key that is like the field is named, as the UI sends some that no field has. Each is named once.
    """
    # Imported here, as most requests have no mistake and every start would be slower.
    from difflib import get_close_matches

    missing = {place: found for place in problems if (found := _missing(model, request, place))}
    told: dict[Place, str] = {}
    named: set[tuple[int, str]] = set()
    for place, (around, part, name) in missing.items():
        keys = [key for key in _unknown(around, part) if not is_secret(key) and (id(part), key) not in named]
        like = [get_close_matches(wanted, keys, MOST_NAMED) for wanted in ([name] if name else around.model_fields)]
        if keys := [*dict.fromkeys(key for one in like for key in one)][:MOST_NAMED]:
            named.update((id(part), key) for key in keys)
            told[place] = f" ({' and '.join(keys)} {'is' if len(keys) == 1 else 'are'} not known)"
    return told


def _missing(model: type[Model], request: Any, place: Place) -> tuple[type[Model], dict[str, Any], str] | None:
    """Returns the object in which something is missing, its model, and what: "" if that may be any of its fields."""
    if not isinstance(request, dict):
        return None
    for step in place:
        inner, kind = request.get(step), model_of(model, str(step))
        if kind is None or not isinstance(inner, dict):
            return None if step in request else (model, request, str(step))
        model, request = kind, inner
    return model, request, ""


def _unknown(model: type[Model], part: dict[str, Any]) -> list[str]:
    names = (key for key in part if isinstance(key, str) and key not in model.model_fields and _NAME.fullmatch(key))
    return [*islice(names, MOST_LOOKED_AT)]
