"""GET /: says that the service runs."""

from lib.endpoint import Answer, endpoint
from lib.request.model import Nothing


@endpoint
def running(request: Nothing) -> Answer:
    """Answers 200 `Running`. It asks no Keystone, so a health check tells of this service alone."""
    return 200, "Running"
