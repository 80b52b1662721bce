"""The ids of roles, accounts and domains, which are looked up by name and cached."""

from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from unicodedata import combining, normalize

from lib.keystone.client import default_domain
from lib.keystone.client.cache import SingleFlightCache
from lib.keystone.client.problems import DomainDisabled, KeystoneNotFound, NotListed
from lib.keystone.client.resources import Listed, as_listed
from lib.keystone.client.retry import asks

if TYPE_CHECKING:
    from lib.keystone.client.log_in import LogIn

# Roles and accounts hardly ever change. An id that is no longer valid is noticed and looked up again.
CACHED_IDS, CACHED_SECONDS = 64, 600

_Value = TypeVar("_Value")


class Ids:
    """The ids at one Keystone. Each method raises NotListed where there is no object of exactly this name."""

    def __init__(self, log_in: "LogIn") -> None:
        self.problem_of = log_in.problem_of
        self._client = log_in.client
        self._cache: SingleFlightCache[Hashable, Any] = SingleFlightCache(CACHED_IDS, CACHED_SECONDS, "look up ids")

    def role(self, name: str) -> str:
        """Returns the id of the global role of this name."""
        return self.cached(("role", name), partial(self._role, name))

    def user(self, name: str, domain_id: str) -> str:
        """Returns the id of the user of this name in this domain."""
        return self.cached(("user", name, domain_id), partial(self._user, name, domain_id))

    def domain(self, name: str) -> str:
        """Returns the id of the domain of this name. For `default`, tries the name `Default` and the id `default`, too.

        Raises DomainDisabled, too.
        """
        return self.cached(("domain", name), partial(self._domain, name))

    @asks("find the user in other domains")
    def domains_with_user(self, name: str) -> list[str]:
        """Returns the names of the domains that have a user of this name. It is not cached."""
        users = [as_listed(one.to_dict()) for one in self._client.users.list(name=name)]
        ids = dict.fromkeys(one.domain_id for one in users if one.name == name and one.domain_id)
        return [as_listed(self._client.domains.get(one).to_dict()).name for one in ids]

    def cached(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """Returns what `make` makes of ids. It is cached as long as they are."""
        made: _Value = self._cache.get(key, make)
        return made

    def clear(self) -> None:
        """Lets everything be looked up again, because one of the ids turned out to be invalid."""
        self._cache.clear()

    @asks("find the role")
    def _role(self, name: str) -> str:
        return _exact(self._client.roles.list(name=name), "role", name).id

    @asks("find the user")
    def _user(self, name: str, domain_id: str) -> str:
        return _exact(self._client.users.list(domain=domain_id, name=name), "user", name, domain_id).id

    def _domain(self, name: str) -> str:
        try:
            return self._domain_named(name)
        except NotListed as why:
            if default_domain.is_default(name):
                with suppress(NotListed):
                    return self._domain_named(default_domain.NAME)
                with suppress(KeystoneNotFound):
                    return self._domain_of_id(default_domain.ID)
            raise why

    @asks("find the domain")
    def _domain_named(self, name: str) -> str:
        return _enabled(_exact(self._client.domains.list(name=name), "domain", name))

    @asks("find the domain")
    def _domain_of_id(self, domain_id: str) -> str:
        return _enabled(as_listed(self._client.domains.get(domain_id).to_dict()))


def _folded(name: str) -> str:
    """Returns the name without case and accents, in which MariaDB tells no names apart."""
    return "".join(one for one in normalize("NFKD", name.casefold()) if not combining(one))


def _enabled(domain: Listed) -> str:
    # Keystone creates users in a disabled domain, and lets none of them log in.
    if not domain.enabled:
        raise DomainDisabled(f"Domain {domain.id} is disabled.", domain.id)
    return domain.id


def _exact(answered: list[Any], kind: str, name: str, domain_id: str | None = None) -> Listed:
    found = [as_listed(resource.to_dict()) for resource in answered]
    # Keystone ignores a filter that it does not know, and its database may compare names without case.
    exact = [one for one in found if (one.name, one.domain_id) == (name, domain_id)]
    if not exact:
        alike = [one for one in found if (_folded(one.name), one.domain_id) == (_folded(name), domain_id)]
        raise NotListed(f"There is no {kind} {name}.", tuple(alike))
    return exact[0]
