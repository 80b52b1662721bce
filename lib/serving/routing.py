"""From the method and path of a request to the function or the page that is served there."""

from collections.abc import Callable, Mapping

from werkzeug import exceptions as werkzeug
from werkzeug.routing import Map, Rule

from lib.endpoint import Endpoint
from lib.errors import MethodNotAllowed, NoSuchPath
from lib.serving.pages import Page

Routes = Mapping[tuple[str, str], Endpoint]
"""From (method, path) to the function."""
Choose = Callable[[str, str], Endpoint | Page]
"""From a method and a path to what is served there. Raises MethodNotAllowed or NoSuchPath."""


_NOT_SERVED = (
    "UserHandler does not serve this path. Key pairs, status updates, invoices, credits, orders, quotas and statistics"
    " belong to other Concertim services."
)


def by_route(routes: Routes, pages: Mapping[str, Page]) -> Choose:
    """Returns what chooses among these routes, and these pages, which are read with GET."""
    # No redirect for a slash too many or too few: the UI need not follow any.
    rules = [Rule(path, methods=[method], endpoint=function) for (method, path), function in routes.items()]
    rules += [Rule(path, methods=["GET"], endpoint=page) for path, page in pages.items()]
    paths = Map(rules, merge_slashes=False, strict_slashes=False)

    def choose(method: str, path: str) -> Endpoint | Page:
        route = paths.bind("", path_info=path, default_method=method)
        try:
            served: Endpoint | Page = route.match()[0]
            _raise_if_off(served)
        except werkzeug.MethodNotAllowed as error:
            for one in error.valid_methods or ():
                _raise_if_off(route.match(method=one)[0])
            methods = ", ".join(sorted(error.valid_methods or ()))
            allowed = ", ".join(sorted({*route.allowed_methods()}))
            raise MethodNotAllowed(f"This path is served for {methods} only.", allowed) from None
        except werkzeug.NotFound:
            raise NoSuchPath(_NOT_SERVED) from None
        return served

    return choose


def _raise_if_off(found: Endpoint | Page) -> None:
    """Raises NoSuchPath for a page that the settings switch off, also where it is asked by another method."""
    if isinstance(found, Page) and not found.is_served():
        raise NoSuchPath(_NOT_SERVED)
