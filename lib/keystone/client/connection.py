"""What can be asked of the Keystone that a request names, as the account in its cloud_env."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lib.keystone.client import marks
from lib.keystone.client.ids import Ids
from lib.keystone.client.resources import Identity, LogInRefused, Project, User, as_listed, as_project, as_user
from lib.keystone.client.retry import asks, changes, none_if_not_found

if TYPE_CHECKING:
    from lib.keystone.client.lists import Lists
    from lib.keystone.client.log_in import LogIn
    from lib.keystone.client.probes import Probes


class Connection:
    """One account at one Keystone, with the ids of roles and accounts that it uses. Threads share it.

    Everything that it raises is a Problem. KeystoneConflict and KeystoneNotFound are for the steps to resolve.
    """

    def __init__(self, log_in: "LogIn") -> None:
        self._log_in = log_in
        self._client = log_in.client
        self.problem_of = log_in.problem_of
        self.ids = Ids(log_in)

    @cached_property
    def lists(self) -> "Lists":
        """The lists, for operators."""
        from lib.keystone.client.lists import Lists

        return Lists(self._log_in)

    @cached_property
    def probes(self) -> "Probes":
        """The calls that only show what is allowed, for operators."""
        from lib.keystone.client.probes import Probes

        return Probes(self._log_in)

    @property
    def identity(self) -> Identity:
        """Who the account is, by its token in force."""
        return self._log_in.identity()

    def prove_password(self, user_id: str, password: str) -> LogInRefused | None:
        """Logs in as this user, once. Returns None where the password opens the account."""
        return self._log_in.prove_password(user_id, password)

    @changes("create the user", "user created")
    def create_user(self, name: str, domain_id: str, values: Mapping[str, Any]) -> User:
        """Creates a user with this password and these attributes. Raises KeystoneConflict where the name exists."""
        return as_user(self._client.users.create(name, domain_id, **values).to_dict())

    @none_if_not_found
    @asks("read the user")
    def find_user(self, user_id: str) -> User:
        """Returns the user of this id, if there is one."""
        return as_user(self._client.users.get(user_id).to_dict())

    @asks("find the user")
    def find_users(self, name: str, domain_id: str) -> list[User]:
        """Returns the users that Keystone finds for this name. Its database may compare without case."""
        return [as_user(user.to_dict()) for user in self._client.users.list(domain=domain_id, name=name)]

    def find_user_again(self, user: User) -> User | None:
        """Returns the user as it is now. It asks by name, as Keystone may answer a read by id from its cache."""
        return next((one for one in self.find_users(user.name, user.domain_id) if one.id == user.id), None)

    @changes("change the user", "user changed")
    def update_user(self, user_id: str, /, **values: Any) -> User:
        """Changes the user's properties or attributes. A new password, even the same one, revokes the user's tokens."""
        return as_user(self._client.users.update(user_id, **values).to_dict())

    @changes("change the user", "default project set")
    def set_default_project(self, user_id: str, project_id: str) -> User:
        """Makes the project the user's default one."""
        return as_user(self._client.users.update(user_id, default_project=project_id).to_dict())

    @asks("claim the user")
    def claim_user(self, user_id: str, purpose: str = "") -> User:
        """Writes that this request is at work on the user. It is a lock, not a change that anybody need be told of.

        Each try has a time of its own, so that one which Keystone executes late shows.
        """
        return as_user(self._client.users.update(user_id, **marks.claimed_now(purpose)).to_dict())

    # Tried once: a try that Keystone executes late could remove another's claim.
    @asks("release the user", pauses=None)
    def unclaim_user(self, user_id: str) -> User:
        """Removes the claim."""
        return as_user(self._client.users.update(user_id, **marks.NOT_CLAIMED).to_dict())

    def has_roles(self, user_id: str) -> bool:
        """Whether the user holds any role anywhere, be it by a group."""
        # Keystone's effective list lacks the roles on the system.
        return bool(self.roles_of(user_id) or self._has_effective_roles(user_id))

    @asks("read the user's roles")
    def _has_effective_roles(self, user_id: str) -> bool:
        return bool(self._client.role_assignments.list(user_id, effective=True))

    @asks("read the user's roles")
    def roles_of(self, user_id: str, project_id: str | None = None) -> dict[str, str]:
        """Returns id and name of the user's roles on the project; without one, on any project, domain or the system."""
        held = self._client.role_assignments.list(user_id, project=project_id, include_names=True)
        roles = [as_listed(one.to_dict()["role"]) for one in held]
        return {role.id: role.name for role in roles}

    @none_if_not_found
    @changes("remove the user", "user removed")
    def delete_user(self, user_id: str) -> None:
        """Removes the user, who need not exist."""
        self._client.users.delete(user_id)

    @changes("create the project", "project created")
    def create_project(self, name: str, domain_id: str, attributes: Mapping[str, str]) -> Project:
        """Creates a project with Concertim's tag. Raises KeystoneConflict where the name exists."""
        return as_project(
            self._client.projects.create(name, domain_id, tags=[marks.PROJECT_TAG], **attributes).to_dict()
        )

    @none_if_not_found
    @asks("read the project")
    def find_project(self, project_id: str) -> Project:
        """Returns the project of this id, if there is one."""
        return as_project(self._client.projects.get(project_id).to_dict())

    @asks("find the project")
    def find_projects(self, name: str, domain_id: str) -> list[Project]:
        """Returns the projects that Keystone finds for this name. Its database may compare without case."""
        return [as_project(one.to_dict()) for one in self._client.projects.list(domain=domain_id, name=name)]

    @changes("mark the project", "project marked")
    def mark_project(self, project: Project, attributes: Mapping[str, str]) -> None:
        """Gives the project these attributes and Concertim's tag."""
        # With the tags that it has: a call that adds one is refused when it is repeated.
        tags = sorted({*project.tags, marks.PROJECT_TAG})
        self._client.projects.update(project.id, tags=tags, **attributes)

    @none_if_not_found
    @changes("remove the project", "project removed")
    def delete_project(self, project_id: str) -> None:
        """Removes the project, which need not exist. What it holds in other services of the cloud stays there."""
        self._client.projects.delete(project_id)

    @changes("grant a role", "roles granted")
    def grant(self, role_id: str, user_id: str, project_id: str) -> None:
        """Grants the user the role on the project. They may hold it already. Raises KeystoneNotFound."""
        self._client.roles.grant(role_id, user=user_id, project=project_id)

    @none_if_not_found
    @changes("revoke a role", "roles revoked")
    def revoke(self, role_id: str, user_id: str, project_id: str) -> None:
        """Revokes the user's role on the project, which they need not hold."""
        self._client.roles.revoke(role_id, user=user_id, project=project_id)
