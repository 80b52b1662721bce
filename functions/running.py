"""GET /: says that the service runs."""

from lib.answer.body import Running
from lib.endpoint import endpoint
from lib.request.model import Nothing


@endpoint
def running(request: Nothing) -> Running:
    """Answers 200 `Running`. It asks no Keystone, so a health check tells of this service alone."""
    return Running()
