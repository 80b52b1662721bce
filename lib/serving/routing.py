"""From the method and path of a request to the function that is served there."""

from collections.abc import Callable, Mapping

from werkzeug import exceptions as werkzeug
from werkzeug.routing import Map, Rule

from lib.endpoint import Endpoint
from lib.errors import MethodNotAllowed, NoSuchPath

Routes = Mapping[tuple[str, str], Endpoint]
"""From (method, path) to the function."""
Choose = Callable[[str, str], Endpoint]
"""From a method and a path to the function. Raises MethodNotAllowed or NoSuchPath."""


def by_route(routes: Routes) -> Choose:
    """Returns what chooses among these routes."""
    # No redirect for a slash too many or too few: the UI need not follow any.
    rules = [Rule(path, methods=[method], endpoint=function) for (method, path), function in routes.items()]
    paths = Map(rules, merge_slashes=False, strict_slashes=False)

    def choose(method: str, path: str) -> Endpoint:
        route = paths.bind("", path_info=path, default_method=method)
        try:
            function: Endpoint = route.match()[0]
        except werkzeug.MethodNotAllowed as error:
            methods = ", ".join(sorted(error.valid_methods or ()))
            allowed = ", ".join(sorted({*route.allowed_methods()}))
            raise MethodNotAllowed(f"This path is served for {methods} only.", allowed) from None
        except werkzeug.NotFound:
            raise NoSuchPath(
                "UserHandler does not serve this path. Key pairs, status updates, invoices, credits, orders, quotas and"
                " statistics belong to other Concertim services."
            ) from None
        return function

    return choose
