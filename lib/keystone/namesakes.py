"""What to say of a standing account that is missing, where another domain has a user of its name."""

import yaml

from lib import settings
from lib.call.masking import shown
from lib.errors import DeadlineExceeded, Problem
from lib.keystone.client.connection import Connection
from lib.settings.sections import StandingGrant


def hint_at_namesake(cloud: Connection, account: StandingGrant) -> str:
    """Returns a sentence with the setting to write if the one user of this name is the account, or an empty text.

    Whether it is, an operator has to say: in another domain, anybody may have the name.
    """
    try:
        domains = cloud.ids.domains_with_user(account.username)
    except DeadlineExceeded:
        raise
    except Problem:
        # Not every account may look into other domains, and what is missing is known already.
        return ""
    if len(domains) != 1:
        return ""
    domain = shown(domains[0])
    named = account.model_copy(update={"user_domain_name": domain})
    grants = [named if one == account else one for one in settings.current().standing_grants]
    return (
        f"Domain {domain} has a user {account.username}: if that is the account, write into the settings"
        f" standing_grants: {_in_one_line(grants)}."
    )


def _in_one_line(grants: list[StandingGrant]) -> str:
    values = [one.model_dump(exclude_none=True) for one in grants]
    return yaml.safe_dump(
        values, default_flow_style=True, width=float("inf"), sort_keys=False, allow_unicode=True
    ).strip()
