"""What requests of operators hold. No release of the Concertim UI sends them."""

from lib.request.model import ForCloud


class UserProjectsRequest(ForCloud):
    """POST /list_user_projects."""

    changes_cloud = False
