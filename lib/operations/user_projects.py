"""The answer about the mapping: its entries with what is wrong with them, and how many there are."""

from itertools import groupby

from lib.answer.operations import Entry, Grant, UserProjects
from lib.keystone.client.connection import Connection
from lib.keystone.listing import role_names
from lib.operations.entries import whose
from lib.operations.findings import Wanted, problems_of, read_wanted
from lib.operations.mapping import Mapping, read_mapping

# So many holders of roles whom Concertim does not manage are asked for by id, to tell their names. A site has a few.
MOST_STRANGERS = 20
# Most entries have no roles elsewhere and no problems. They share this list.
_NONE: list[object] = []


def answer_of(cloud: Connection, mapping: Mapping) -> UserProjects:
    """Returns the answer about a completed mapping."""
    _name_strangers(cloud, mapping.entries)
    teams = sum(one["kind"] == "team" for one in mapping.entries)
    wrong = sum(bool(one["problems"]) for one in mapping.entries)
    counts = {"people": len(mapping.entries) - teams, "teams": teams, "with_problems": wrong}
    # Not checked again, as that would copy it.
    return UserProjects.model_construct(complete=mapping.complete, counts=counts, entries=mapping.entries)


def completed_mapping(cloud: Connection) -> tuple[Mapping, Wanted]:
    """Returns the mapping of this cloud with what is wrong with each entry, and the roles that the settings ask for."""
    roles = role_names(cloud)
    wanted = read_wanted(cloud, roles)
    mapping = read_mapping(cloud, roles)
    for _, group in groupby(mapping.entries, key=whose):
        same = [*group]
        for entry in same:
            _complete(entry, wanted, [one for one in same if one is not entry])
    return mapping, wanted


def ids_of(entry: Entry) -> list[str]:
    """Returns the ids of its user and its project."""
    return [value for value in (entry.get("user_id"), entry.get("project_id")) if value]


def _complete(entry: Entry, wanted: Wanted, others: list[Entry]) -> None:
    namesakes = [one for other in others for one in ids_of(other)]
    problems = problems_of(entry, wanted, namesakes)
    entry.setdefault("grants", _NONE)  # type: ignore[typeddict-item]
    entry.setdefault("elsewhere", _NONE)  # type: ignore[typeddict-item]
    entry["problems"] = problems or _NONE  # type: ignore[typeddict-item]


def _name_strangers(cloud: Connection, entries: list[Entry]) -> None:
    """Adds the names of holders whom Concertim does not manage. Equal grants of theirs are one dict."""
    unnamed: dict[str, list[Grant]] = {}
    for grant in {id(one): one for entry in entries for one in entry["grants"] if "user_name" not in one}.values():
        if "user_id" in grant:
            unnamed.setdefault(grant["user_id"], []).append(grant)
    for user_id in [*unnamed][:MOST_STRANGERS]:
        found = cloud.find_user(user_id)
        for grant in unnamed[user_id] if found else ():
            grant["user_name"] = found.name if found else ""
