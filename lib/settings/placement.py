"""Keys that stand in a wrong place of the config.yaml, or nearly have the name of a setting."""

import re
from collections.abc import Iterator
from typing import get_args

import yaml
from pydantic import BaseModel

from lib.settings.nodes import Path, Remark, line_of

SECTION = "user_handler"
AT_THE_TOP = "log_level"
# What no config file may hold, and where it belongs.
SECRETS = {
    "jwt_secret": "belongs in the environment variable JWT_SECRET, or in a file that jwt_secret_file names",
    "jwt_secret_previous": "belongs in a file that jwt_secret_previous_file names",
}
# No other service has these: they protect the site, or decide names for good. A site would believe them to be in force.
PLAINLY_OURS = frozenset(
    {"allowed_auth_urls", "cloud_env_roles", "legacy_templates", "standing_grants", "team_roles", "ui_release"}
)
SAMPLE = "config.sample.yaml has them all"
# Of 1 for the same letters: one letter more, fewer or elsewhere, and not another word more.
NEARLY = 0.9
# Enough for a slip of the hand, or for a word too many. difflib's own 0.6 would take admin for deadline.
SIMILAR = 0.75


def at_the_top(root: yaml.MappingNode, model: type[BaseModel]) -> Iterator[Remark]:
    """Finds keys at the top level of the file that were probably meant for us. They may be another service's."""
    keys = [(key, value) for key, value in root.value if isinstance(key, yaml.ScalarNode)]
    names = {key.value for key, _ in keys}
    section = next((value for key, value in keys if key.value == SECTION), None)
    for key, value in keys:
        name = key.value
        if name in SECRETS:
            yield Remark(line_of(key), f"{name}: is not read here; it {SECRETS[name]}", stops=False)
        elif name in model.model_fields and name != AT_THE_TOP and name not in _names_in(section):
            text = f"{name}: is not read here; it belongs in {SECTION}, as {SECTION}.{name}"
            yield Remark(line_of(key), text, stops=name in PLAINLY_OURS)
        elif _is_nearly(name, AT_THE_TOP) and AT_THE_TOP not in names:
            yield Remark(line_of(key), f"{name}: is not read; did you mean {AT_THE_TOP}?", stops=False)
        elif _is_nearly(name, SECTION) and isinstance(value, yaml.MappingNode):
            # Without the right section, all that this one says to protect the site would silently not be in force.
            meant = section is None and not model.model_fields.keys().isdisjoint(_names_in(value))
            yield Remark(line_of(key), f"{name}: is not read; did you mean {SECTION}?", stops=meant)


def in_the_section(key: yaml.Node, section: yaml.Node) -> Iterator[Remark]:
    """Finds what is wrong with the section whatever the settings are."""
    empty = "tag:yaml.org,2002:null"
    if not isinstance(section, yaml.MappingNode):
        if section.tag != empty:
            yield Remark(line_of(key), f"{SECTION}: must be a mapping of keys to values")
        return
    for inner, given in section.value:
        name = str(inner.value)
        if where := {AT_THE_TOP: "belongs at the top level of the file", **SECRETS}.get(name):
            yield Remark(line_of(inner), f"{name}: {where}")
        elif given.tag == empty:
            # A setting that protects the site must not be off because a template had nothing to fill in.
            what = "has no value; leave the line out to have the default"
            yield Remark(line_of(inner), f"{SECTION}.{name}: {what}")


def no_such_setting(path: Path, model: type[BaseModel]) -> str:
    """Says of a key that is none, at this path in the section, what was probably meant and where it belongs."""
    from difflib import get_close_matches

    groups = {SECTION: model, **dict(_groups_in(model))}
    name, around = str(path[-1]), str(path[0]) if len(path) > 1 else SECTION
    known = {group: fields.model_fields.keys() - {*SECRETS, AT_THE_TOP} for group, fields in groups.items()}
    meant = [f"{AT_THE_TOP} at the top level of the file"] if name == AT_THE_TOP or _is_nearly(name, AT_THE_TOP) else []
    meant += get_close_matches(name.lower(), sorted(known[around]), 1, SIMILAR)
    meant += [f"{name} in {group}" for group, names in known.items() if name in names]
    return f"no such setting; did you mean {' or '.join(meant)}?" if meant else "no such setting; " + SAMPLE


def _groups_in(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Finds the settings that hold further ones."""
    for name, field in model.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield name, kind


def _names_in(section: yaml.Node | None) -> set[str]:
    return {str(key.value) for key, _ in section.value} if isinstance(section, yaml.MappingNode) else set()


def _is_nearly(name: str, meant: str) -> bool:
    """Whether a name is another one, but for a letter or for how its words are joined."""
    one, other = (re.sub("[^a-z]", "", text.lower()) for text in (name, meant))
    if one[:1] != other[:1]:
        return False
    # Imported here, as few files have such a key and every start would be slower.
    from difflib import SequenceMatcher

    return name != meant and SequenceMatcher(None, one, other).ratio() >= NEARLY
