"""`POST /list_user_projects`: lists every user, project and team of Concertim's, and what is wrong with them."""

from lib.answer.operations import UserProjects
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.request.operations import UserProjectsRequest


@endpoint
def list_user_projects(request: UserProjectsRequest) -> UserProjects:
    """Lists the mapping between Concertim and the cloud. Nothing is changed.

    It also lists the roles that a person holds as a member of a group.

    Errors: 400 the request; 403 cloud_env is refused or may not list; 424 a role, an account or a domain that the
    settings name is missing; 502, 503, 504 Keystone failed: repeat.
    """
    # Imported here, so that the service starts without what only operators ask for.
    from lib.operations.user_projects import answer_of, completed_mapping

    cloud = connect(request.cloud_env)
    mapping, _ = completed_mapping(cloud)
    return answer_of(cloud, mapping)
