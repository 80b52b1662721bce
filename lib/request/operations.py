"""What requests of operators hold. No release of the Concertim UI sends them."""

from typing import Annotated

from pydantic import Field

from lib.request.fields import KeystoneId
from lib.request.model import ForCloud


class CloudCheck(ForCloud):
    """POST /check_cloud."""

    changes_cloud = False


class UserProjectsRequest(ForCloud):
    """POST /list_user_projects."""

    changes_cloud = False


class RepairRequest(ForCloud):
    """A repair of the mapping. It has no path."""

    apply: bool = False
    """Whether to change anything. Without it, the answer says what would be changed."""
    named_user_ids: Annotated[tuple[KeystoneId, ...], Field(strict=False, max_length=1000)] = ()
    """Users to repair although they hold roles outside Concertim's projects, and users to remove who have no project
    and no role. Others of both kinds are left alone."""
    remove_half_made: bool = False
    """Whether to remove every user without a project and a role, and not only those who are named. Such a user is left
    from a sign-up that was not finished, or somebody has removed the project since."""
    most_percent: Annotated[int, Field(ge=1, le=100)] = 10
    """So many of a hundred logins and teams may be changed at once. Ten may always be."""
