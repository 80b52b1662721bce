"""Repairs what is wrong with the mapping, or says what it would change. It has no path: only an operator calls it."""

from lib.answer.operations import UserProjectsRepaired
from lib.endpoint import endpoint
from lib.keystone.connect import connect
from lib.request.operations import RepairRequest


@endpoint
def repair_user_projects(request: RepairRequest) -> UserProjectsRepaired:
    """Marks what the older service made, restores grants, replaces the role admin, and ends half-made sign-ups.

    Without `apply` nothing is changed. To call it again goes on where it was interrupted.

    Errors: 400 the request; 403 cloud_env is refused, may not list or change, or a named user is not managed by
    Concertim; 409 Keystone has cut its lists, or more would be changed than the request allows; 424 a role, an account
    or a domain that the settings name is missing; 502, 503, 504 Keystone failed: repeat.
    """
    # Imported here, so that the service starts without what only operators ask for.
    from lib.operations.repair import applied, check_share, planned, plans_for
    from lib.operations.user_projects import completed_mapping

    cloud = connect(request.cloud_env)
    mapping, wanted = completed_mapping(cloud)
    plans = plans_for(mapping, wanted, request.named_user_ids, remove_half_made=request.remove_half_made)
    if not request.apply:
        return planned(plans)
    check_share(plans, len(mapping.entries), request.most_percent)
    return applied(cloud, plans, wanted)
