"""What the settings make of logins and teams: how long they may be, and which other services of Concertim find them."""

from lib import settings
from lib.answer.operations import CheckItem
from lib.keystone.client import marks
from lib.keystone.names import whole_length
from lib.operations.check.items import ok, warning
from lib.settings.releases import NAME_PREFIX, RATING, WATCHER
from lib.settings.siblings import FROM_V1_2, TO_V1_1, is_granted, may_run_here, settings_without_prefix

# Characters that the Concertim UI allows for a login and for the name of a team.
LONGEST_IN_UI = {marks.USER: ("logins", 80), marks.PROJECT: ("logins", 80), marks.TEAM: ("teams", 56)}
# Characters. With fewer, most logins are cut, and a person can hardly tell whose a name is.
FEW = 16


def length_items() -> list[CheckItem]:
    """Returns how long a login or a team may be before its name in Keystone is cut and ends in a hash."""
    return [_length(kind) for kind in LONGEST_IN_UI]


def _length(kind: str) -> CheckItem:
    whose, allowed = LONGEST_IN_UI[kind]
    check = f"{kind}_names"
    most = whole_length(kind)
    if most >= allowed:
        return ok(check, f"The names of all {whose} of the Concertim UI fit, which have up to {allowed} characters.")
    told = (
        f"Names of {whose} with more than {max(most, 0)} characters are cut and end in a hash; the UI allows {allowed}."
    )
    if most < FEW:
        return warning(check, told, f"Choose a shorter {kind}_name in the settings, before anybody signs up.")
    return ok(check, told)


def services_to_v1_1() -> CheckItem:
    """Returns whether Concertim's other services of those releases find what is created with these settings."""
    check, ours = "services_to_v1_1", settings.current()
    if not may_run_here(ours, TO_V1_1):
        return _not_here(check, TO_V1_1)
    if is_granted(ours, WATCHER):
        return ok(check, f"{TO_V1_1} find the projects, on which concertim gets the role watcher.")
    return warning(
        check,
        f"{TO_V1_1} do not find the projects, as concertim does not get the role watcher on them.",
        "Only where those run, let concertim have the role watcher in the setting standing_grants.",
    )


def services_from_v1_2(account_name: str) -> CheckItem:
    """Returns the same for later releases. The account is that of cloud_env, with an empty name if it is not known."""
    check, ours = "services_from_v1_2", settings.current()
    if not may_run_here(ours, FROM_V1_2):
        return _not_here(check, FROM_V1_2)
    lacking = [*(f"{NAME_PREFIX} in {name}" for name in settings_without_prefix(ours)), *_lacking_grants(account_name)]
    if not lacking:
        return ok(check, f"{FROM_V1_2} find the users and projects by their names and grants.")
    told = f"{FROM_V1_2} do not find all that they need: the settings lack {', '.join(lacking)}."
    remedy = 'Only where those run, and before anybody signs up, apply "Names and roles" in docs/operations.md.'
    return warning(check, told, remedy)


def _not_here(check: str, services: str) -> CheckItem:
    return ok(check, f"{services} do not run here: the setting ui_release is {settings.current().ui_release}.")


def _lacking_grants(account_name: str) -> list[str]:
    ours = settings.current()
    perhaps = not account_name or account_name == "admin"
    wanted = {
        "the role admin for the user admin": (perhaps and "admin" in ours.cloud_env_roles)
        or is_granted(ours, ("admin", "admin")),
        "watcher for concertim": is_granted(ours, WATCHER),
        "rating for cloudkitty": is_granted(ours, RATING),
    }
    return [what for what, is_there in wanted.items() if not is_there]
