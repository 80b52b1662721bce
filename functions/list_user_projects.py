"""`POST /list_user_projects`: lists every user, project and team of Concertim's, and what is wrong with them."""

from lib.answer.operations import UserProjects
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.keystone.listing import role_names
from lib.operations.findings import read_wanted
from lib.operations.mapping import read_mapping
from lib.operations.user_projects import answer_of, with_problems
from lib.request.operations import UserProjectsRequest


@endpoint
def list_user_projects(request: UserProjectsRequest) -> UserProjects:
    """Lists the mapping between Concertim and the cloud. Nothing is changed.

    Roles that a person holds as a member of a group are not listed, as Keystone lists them as the group's.

    Errors: 400 the request; 403 cloud_env is refused or may not list; 424 a role, an account or a domain that the
    settings name is missing; 502, 503, 504 Keystone failed: repeat.
    """
    cloud = connect(request.cloud_env)
    roles = role_names(cloud)
    wanted = read_wanted(cloud, roles)
    return answer_of(cloud, with_problems(read_mapping(cloud, roles), wanted))
