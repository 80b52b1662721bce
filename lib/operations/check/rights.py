"""What Keystone's policy lets the account in cloud_env do, shown by calls that can change nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from lib.answer.operations import CheckItem
from lib.call.concurrency import in_parallel
from lib.errors import Problem
from lib.keystone.client.connection import Connection
from lib.keystone.client.probes import nobody
from lib.keystone.client.problems import KeystoneNotFound, PolicyForbids
from lib.operations.check.items import failed, ok, problem, seen, unknown

GIVE = "Give the account the role admin on its project, or apply the policy in SECURITY.md."
SCOPE = (
    "Switch enforce_scope in [oslo_policy] off if Keystone is older than 22.0.2 (Zed), which refuses tokens of projects"
    " with it; otherwise change its policy."
)
COMPARE = "Compare Keystone's policy with the one in SECURITY.md."


@dataclass(frozen=True)
class Right:
    """Something that Keystone's policy allows or forbids."""

    check: str
    what: str
    rule: str
    """The name of the rule in the policy."""
    probe: Callable[[], object]
    """A call that is answered, or refused because something does not exist, where the policy allows it."""
    by_mark: bool = False
    """Whether the policy in SECURITY.md looks for the mark of what is to be changed. What does not exist has none."""


@dataclass(frozen=True)
class Rights:
    """What was seen of the rights of an account."""

    why_not: Sequence[tuple[Right, Problem | None]]
    """Each right, with the problem that came in place of it."""
    is_admin: bool

    def items(self) -> list[CheckItem]:
        """Returns an item for all that is read, or for each part of it that fails, and one for each change."""
        items = [self._item(right, why) for right, why in self.why_not if right.check != "read" or why]
        if not any(item.check == "read" for item in items):
            allowed = "Keystone's policy lets cloud_env's account read users, projects, roles and grants."
            items.insert(0, ok("read", allowed))
        return items

    def may_go_by_marks(self) -> bool:
        """Whether a refusal can be due to a mark that is missing, as in the policy of SECURITY.md."""
        certain = [why for right, why in self.why_not if not right.by_mark]
        return not self.is_admin and not any(isinstance(why, PolicyForbids) for why in certain)

    def remedy(self, rule: str) -> str:
        """Returns what helps where the policy forbids this."""
        changes = [why for right, why in self.why_not if right.check != "read"]
        if not self.is_admin:
            return GIVE
        if all(isinstance(why, PolicyForbids) for why in changes):
            return SCOPE
        return f"Allow it in Keystone's policy (rule identity:{rule}): the account holds the role admin already."

    def _item(self, right: Right, why: Problem | None) -> CheckItem:
        if why is None:
            return ok(right.check, f"Keystone's policy lets cloud_env's account {right.what}.")
        if not isinstance(why, PolicyForbids):
            return failed(right.check, why)
        if right.by_mark and self.may_go_by_marks():
            return unknown(right.check, because_of_marks(right.what), COMPARE)
        refused = f"Keystone's policy does not let cloud_env's account {right.what} (rule identity:{right.rule})."
        return problem(right.check, refused, self.remedy(right.rule))


def because_of_marks(what: str) -> str:
    """Returns the message where nothing that carries a mark was there to try the right with."""
    return (
        f"Whether Keystone's policy lets cloud_env's account {what} was not seen: it refuses that of what has no mark"
        " of Concertim's, as the policy in SECURITY.md does."
    )


def rights_of(cloud: Connection) -> Rights:
    """Tries every right that requests need, but for those to grant and revoke roles."""
    probes, domain_id = cloud.probes, cloud.identity.user_domain_id
    rights = [
        Right("read", "read users", "get_user", lambda: cloud.find_user(nobody())),
        Right("read", "list users", "list_users", lambda: cloud.find_users(nobody(), domain_id)),
        Right("read", "read projects", "get_project", lambda: cloud.find_project(nobody())),
        Right("read", "list projects", "list_projects", lambda: cloud.find_projects(nobody(), domain_id)),
        Right("read", "list roles", "list_roles", lambda: cloud.ids.role(nobody())),
        Right("read", "list grants", "list_role_assignments", lambda: cloud.roles_of(nobody())),
        Right("create_users", "create users", "create_user", probes.create_user),
        Right("change_users", "change users", "update_user", probes.update_user, by_mark=True),
        Right("remove_users", "remove users", "delete_user", probes.delete_user, by_mark=True),
        Right("create_projects", "create projects", "create_project", probes.create_project),
        Right("remove_projects", "remove projects", "delete_project", probes.delete_project, by_mark=True),
    ]
    outcomes = in_parallel([partial(why_not, right.probe) for right in rights])
    return Rights([*zip(rights, outcomes, strict=True)], probes.is_admin())


def why_not(probe: Callable[[], object]) -> Problem | None:
    """Returns the problem of a probe, or None where nothing but its object is missing."""
    found = seen(probe)
    return found if isinstance(found, Problem) and not isinstance(found, KeystoneNotFound) else None
