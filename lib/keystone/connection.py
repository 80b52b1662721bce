"""What can be asked of the Keystone that a request names, over a connection kept for each distinct credential."""

import hashlib
import secrets
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any, TypeVar

import lib.keystone.dialling as dialling
import lib.keystone.retry as retry
from lib import marks
from lib.errors import Problem, UnclearAnswer
from lib.keystone.account import Account, domain_id_of_default
from lib.keystone.proof import LogInRefused, prove_password
from lib.keystone.refusals import Gone, problem
from lib.keystone.resources import Identity, Listed, Project, User, as_listed, as_project, as_user
from lib.keystone.session import close_connections, load_client, open_session
from lib.keystone.tls import diagnosed
from lib.memory import Memory
from lib.models import CloudEnv
from lib.waves import both

# A site has one cloud environment, or a few; the age bounds how long an unused password stays in memory.
KEPT_CONNECTIONS, KEPT_SECONDS = 32, 3600
# Roles and accounts hardly ever change, and a stale id is found out and looked up again.
KEPT_IDS, KEPT_ID_SECONDS = 64, 600

_Result = TypeVar("_Result")


class NotListed(Gone):
    """No object of exactly this name; `look_alikes` has what Keystone does not tell from it, as MariaDB compares."""

    def __init__(self, message: str, look_alikes: tuple[Listed, ...] = ()) -> None:
        super().__init__(message)
        self.look_alikes = look_alikes


class Connection:
    """One credential at one Keystone: its session with the token, and the ids of the roles and accounts it uses.

    Shared by threads. Everything it raises is a Problem; Taken and Gone are for the steps to resolve.
    """

    def __init__(self, cloud_env: CloudEnv) -> None:
        self._auth_url = cloud_env.auth_url
        self._account = Account(cloud_env)
        self._session = open_session(self._account)
        self._ids: Memory[Hashable, Any] = Memory(KEPT_IDS, KEPT_ID_SECONDS)
        try:
            # The first time, this hides a tenth of a second behind what Keystone takes to check the password.
            client_of, _ = both(load_client, self._identity)
        except Problem as why:
            raise diagnosed(why, cloud_env.auth_url) from None
        self._client = client_of(session=self._session, endpoint_override=cloud_env.auth_url)

    # From the token in force, as one that keystoneauth fetches anew may be that of an account made anew.
    @property
    def user_id(self) -> str:
        """The id of cloud_env's own account."""
        return self._identity().user_id

    @property
    def user_domain_id(self) -> str:
        """The domain of cloud_env's own account, in which users are made."""
        return self._identity().user_domain_id

    @property
    def project_domain_id(self) -> str:
        """The domain of cloud_env's project, in which projects are made."""
        return self._identity().project_domain_id

    @property
    def project_id(self) -> str:
        """The id of cloud_env's project."""
        return self._identity().project_id

    def _identity(self) -> Identity:
        return self._ask("log in", lambda: self._account.identity(self._session))

    def prove_password(self, user_id: str, password: str) -> LogInRefused | None:
        """Logs in as this user; None where the password opens the account.

        Tried once: a refusal counts towards Keystone's lock-out, even one that a page has replaced.
        """
        prove = partial(prove_password, self._session, self._auth_url, user_id, password)
        return self._ask("prove the user's password", prove, final=(UnclearAnswer,))

    def create_user(self, name: str, password: str, attributes: Mapping[str, str]) -> User:
        """Makes a user in the domain of cloud_env's own. Raises Taken."""
        create, domain = self._client.users.create, self.user_domain_id
        return self._change("create the user", lambda: as_user(create(name, domain, password=password, **attributes)))

    def get_user(self, user_id: str) -> User | None:
        """The user of this id, if there is one."""
        return _or_none(lambda: self._ask("read the user", lambda: as_user(self._client.users.get(user_id))))

    def find_users(self, name: str) -> list[User]:
        """What Keystone takes for the user of this name in cloud_env's user domain; some compare without case."""
        list_users, domain = self._client.users.list, self.user_domain_id
        return self._ask("find the user", lambda: [as_user(user) for user in list_users(domain=domain, name=name)])

    def update_user(self, user_id: str, **changes: str) -> User:
        """Changes password, default_project or attributes; a password, even the same, ends the tokens they have."""
        return self._change("change the user", lambda: as_user(self._client.users.update(user_id, **changes)))

    def claim_user(self, user_id: str, purpose: str = "") -> User:
        """Writes down that this request is at work on the user: a lock, no change that anybody need be told of."""
        update = self._client.users.update
        # Each try with a time of its own, so that one which Keystone executes late shows.
        return self._ask("claim the user", lambda: as_user(update(user_id, **marks.claimed_now(purpose))))

    def unclaim_user(self, user_id: str) -> User:
        """Takes that off again; tried once, as a try that Keystone executes late could take off another's claim."""
        update = self._client.users.update
        return self._ask("release the user", lambda: as_user(update(user_id, **marks.NOT_CLAIMED)), final=(Problem,))

    def find_user(self, name: str, user_id: str) -> User | None:
        """The user of this name and id, as they are now: what Keystone answers by id alone may be out of its cache."""
        return next((one for one in self.find_users(name) if one.id == user_id), None)

    def has_roles(self, user_id: str) -> bool:
        """Whether the user holds any role anywhere, be it by a group. Keystone's effective list lacks the system's."""
        effective = partial(self._client.role_assignments.list, user_id, effective=True)
        return bool(self.roles_of(user_id) or self._ask("read the user's roles", effective))

    def roles_of(self, user_id: str, project_id: str | None = None) -> dict[str, str]:
        """Id and name of the roles that the user holds on the project; without one, on any, a domain or the system."""
        held = partial(self._client.role_assignments.list, user_id, project=project_id, include_names=True)
        roles = self._ask("read the user's roles", lambda: [as_listed(one.to_dict()["role"]) for one in held()])
        return {role.id: role.name for role in roles}

    def delete_user(self, user_id: str) -> None:
        """Removes the user; gone already is as good."""
        _or_none(lambda: self._change("remove the user", lambda: self._client.users.delete(user_id)))

    def create_project(self, name: str, attributes: Mapping[str, str]) -> Project:
        """Makes a project, tagged as Concertim's, in the domain of cloud_env's own. Raises Taken."""
        create, domain, tags = self._client.projects.create, self.project_domain_id, [marks.PROJECT_TAG]
        return self._change("create the project", lambda: as_project(create(name, domain, tags=tags, **attributes)))

    def get_project(self, project_id: str) -> Project | None:
        """The project of this id, if there is one."""
        return _or_none(
            lambda: self._ask("read the project", lambda: as_project(self._client.projects.get(project_id)))
        )

    def find_projects(self, name: str) -> list[Project]:
        """What Keystone takes for the project of this name in cloud_env's project domain."""
        list_projects, domain = self._client.projects.list, self.project_domain_id
        return self._ask(
            "find the project", lambda: [as_project(one) for one in list_projects(domain=domain, name=name)]
        )

    def grant(self, role_id: str, user_id: str, project_id: str) -> None:
        """Gives the user the role on the project; given already is as good. Raises Gone."""
        self._change("grant a role", lambda: self._client.roles.grant(role_id, user=user_id, project=project_id))

    def delete_project(self, project_id: str) -> None:
        """Removes the project; gone already is as good. What it holds in other services of the cloud stays there."""
        _or_none(lambda: self._change("remove the project", lambda: self._client.projects.delete(project_id)))

    def revoke(self, role_id: str, user_id: str, project_id: str) -> None:
        """Takes the role on the project from the user; not held is as good."""
        revoke = self._client.roles.revoke
        _or_none(lambda: self._change("revoke a role", lambda: revoke(role_id, user=user_id, project=project_id)))

    def role_id(self, name: str) -> str:
        """The id of the global role of this name. Raises Gone."""
        return self._id("role", name, None, lambda: self._client.roles.list(name=name))

    def account_id(self, username: str, domain_id: str) -> str:
        """The id of the user of this name in this domain. Raises Gone."""
        return self._id("user", username, domain_id, lambda: self._client.users.list(domain=domain_id, name=username))

    def domain_id(self, name: str) -> str:
        """The id of the domain of this name. Raises Gone."""
        return domain_id_of_default(name) or self._id(
            "domain", name, None, lambda: self._client.domains.list(name=name)
        )

    def kept_with_ids(self, key: Hashable, make: Callable[[], _Result]) -> _Result:
        """What `make` makes of ids: kept as they are, and forgotten with them."""
        made: _Result = self._ids.get(key, make)
        return made

    def forget_ids(self) -> None:
        """Lets roles and accounts be looked up again, when one turned out to be gone."""
        self._ids.clear()

    def _id(self, kind: str, name: str, domain_id: str | None, find: Callable[[], list[Any]]) -> str:
        def look_up() -> str:
            found = [as_listed(resource.to_dict()) for resource in find()]
            # Keystone ignores a filter that it does not know, and may compare names without case.
            exact = [one.id for one in found if (one.name, one.domain_id) == (name, domain_id)]
            if not exact:
                alike = [one for one in found if (one.name.casefold(), one.domain_id) == (name.casefold(), domain_id)]
                raise NotListed(f"There is no {kind} {name}.", tuple(alike))
            return exact[0]

        return self.kept_with_ids((kind, name, domain_id), lambda: self._ask(f"find the {kind}", look_up))

    def _ask(self, step: str, attempt: Callable[[], _Result], *, final: tuple[type[Problem], ...] = ()) -> _Result:
        return retry.ask(step, attempt, self._meaning, final=final)

    def _change(self, step: str, attempt: Callable[[], _Result]) -> _Result:
        return retry.change(step, attempt, self._meaning)

    def _meaning(self, error: Exception, step: str) -> Problem:
        return problem(error, step, self._account)


_kept: Memory[bytes, Connection] = Memory(KEPT_CONNECTIONS, KEPT_SECONDS)
_hash_key = secrets.token_bytes(32)


def connect(cloud_env: CloudEnv) -> Connection:
    """The kept connection of exactly this credential, password included, or a new one that has just logged in."""
    dialling.check(cloud_env.auth_url)
    credential = cloud_env.model_dump_json(exclude={"password"}) + cloud_env.password.get_secret_value()
    key = hashlib.blake2b(credential.encode(), key=_hash_key).digest()
    return _kept.get(key, lambda: Connection(cloud_env))


def forget_connections() -> None:
    """Drops every kept connection, which changes nothing but latency."""
    _kept.clear()
    close_connections()


def _or_none(ask: Callable[[], _Result]) -> _Result | None:
    try:
        return ask()
    except Gone:
        return None
