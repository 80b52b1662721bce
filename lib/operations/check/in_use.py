"""Which of Concertim's users and projects have other names than the settings give, because they were made before."""

from lib.answer.operations import CheckItem
from lib.keystone.client.connection import Connection
from lib.keystone.client.resources import Project, User
from lib.keystone.listing import read_managed_projects, read_managed_users
from lib.keystone.names import keystone_name
from lib.keystone.ownership import owners_of
from lib.operations.check.items import ok, unknown, warning

CHECK = "names_in_use"
# Of users and projects that are named. The list has all.
MOST_TOLD = 10
NAMES_AND_ROLES = '"Names and roles" in docs/operations.md says what to do; python handler.py list shows all of them.'


def name_items(cloud: Connection) -> list[CheckItem]:
    """Returns who is under other names. A person who signs up again without a stored id gets a second user there."""
    others: dict[str, str] = {}

    def note(found: User | Project) -> None:
        # After a failure that passes, something may be noted once more.
        if found.name not in {keystone_name(*owner) for owner in owners_of(found)}:
            others[found.id] = f"{type(found).__name__.lower()} {found.shown_name}"

    complete = [read_managed_users(cloud, note), read_managed_projects(cloud, note)]
    if others:
        named = sorted(others.values())
        more = f" and {len(named) - MOST_TOLD} more" if len(named) > MOST_TOLD else ""
        cut = "" if all(complete) else " Keystone has cut its list, so there may be more."
        told = f"These have other names than the settings give: {', '.join(named[:MOST_TOLD])}{more}.{cut}"
        return [warning(CHECK, told, NAMES_AND_ROLES)]
    if not all(complete):
        cut = "Keystone has cut its list of users or of projects, so not all names were seen."
        return [unknown(CHECK, cut, "Look at list_limit in keystone.conf: better none.")]
    return [ok(CHECK, "All of Concertim's users and projects have the names that the settings give, if there are any.")]
