"""POST /check_cloud: says whether sign-ups, changes and removals will work at a cloud, and what helps if not."""

from lib.answer.operations import CloudChecked
from lib.endpoint import endpoint
from lib.request.operations import CloudCheck


@endpoint
def check_cloud(request: CloudCheck) -> CloudChecked:
    """Checks the cloud, the account in cloud_env, and what the settings need there. Nothing is changed.

    Answers 200, also where Keystone cannot be reached or refuses the account: an item then says so. What no call shows
    without changing anything is an item, too, with the line of Keystone's configuration to look at.

    Errors: 400 the request; 403 the settings do not allow the URL; 502, 503, 504 there was no answer in time, or the
    service is being stopped: repeat.
    """
    # Imported here, so that the service starts without what only operators ask for.
    from lib.operations.check.checks import check_all

    items = check_all(request.cloud_env)
    return CloudChecked(ready=all(item.state != "problem" for item in items), items=items)
