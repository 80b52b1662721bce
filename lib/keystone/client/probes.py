"""Calls that show what Keystone lets an account do. None of them can change anything.

Each names a user, a project or a domain by an id that was just made up. Keystone asks its policy first: it answers 403
where that forbids the call, and otherwise that what the call names does not exist (Keystone 22 to 30 alike).
"""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from lib.errors import BadRequest, UnclearAnswer
from lib.keystone.client.problems import KeystoneNotFound
from lib.keystone.client.retry import asks

if TYPE_CHECKING:
    from lib.keystone.client.log_in import LogIn

_NAME = "concertim-check"
_DONE = (
    "What answers at cloud_env.auth_url says that it has changed what does not exist, which Keystone never does. Look"
    " at proxies before Keystone that answer by themselves."
)


_Params = ParamSpec("_Params")


def nobody() -> str:
    """Returns an id that nothing has."""
    return uuid.uuid4().hex


def _harmless(
    probe: "Callable[Concatenate[Probes, str, _Params], None]",
) -> "Callable[Concatenate[Probes, _Params], None]":
    """Decorates a method that gets an id which was just made up, and returns where Keystone says that nothing has it.

    What answers that it has done the change is no Keystone.
    """

    @wraps(probe)
    def probing(self: "Probes", /, *args: _Params.args, **kwargs: _Params.kwargs) -> None:
        made_up = nobody()
        try:
            probe(self, made_up, *args, **kwargs)
        except KeystoneNotFound:
            return
        except BadRequest as why:
            # Of a missing domain, Keystone answers so to the creation of a project.
            if made_up not in why.message:
                raise
            return
        raise UnclearAnswer(_DONE)

    return probing


class Probes:
    """What the account at one Keystone may do. A method that returns has shown that the policy allows it.

    Those that are named as a change raise PolicyForbids where the policy forbids it, or another problem.
    """

    def __init__(self, log_in: "LogIn") -> None:
        self.problem_of = log_in.problem_of
        self.is_admin = log_in.is_admin
        self.issued = log_in.issued
        self._ask = log_in.ask

    @_harmless
    @asks("create users")
    def create_user(self, domain_id: str, /, **values: str) -> None:
        """Shows the right to create users. A password that a rule of Keystone's refuses is a BadRequest."""
        self._ask("POST", "/users", {"user": {"name": _NAME, "domain_id": domain_id, **values}})

    @_harmless
    @asks("change users")
    def update_user(self, user_id: str, /) -> None:
        """Shows the right to change any user."""
        self._ask("PATCH", f"/users/{user_id}", {"user": {"email": _NAME}})

    @_harmless
    @asks("remove users")
    def delete_user(self, user_id: str, /) -> None:
        """Shows the right to remove any user."""
        self._ask("DELETE", f"/users/{user_id}")

    @_harmless
    @asks("create projects")
    def create_project(self, domain_id: str, /) -> None:
        """Shows the right to create projects."""
        self._ask("POST", "/projects", {"project": {"name": _NAME, "domain_id": domain_id}})

    @_harmless
    @asks("remove projects")
    def delete_project(self, project_id: str, /) -> None:
        """Shows the right to remove any project."""
        self._ask("DELETE", f"/projects/{project_id}")

    @_harmless
    @asks("revoke roles")
    def revoke(self, user_id: str, role_id: str, project_id: str, /) -> None:
        """Shows the right to revoke this role on this project. Both exist, and the user does not.

        The right to grant cannot be shown so: Keystone looks for the user first, and asks its policy then.
        """
        self._ask("DELETE", f"/projects/{project_id}/users/{user_id}/roles/{role_id}")

    @asks("tell the rule for passwords")
    def password_rule(self, domain_id: str) -> str:
        """Returns `password_regex`, or an empty text where there is none. Keystone tells it of the default domain."""
        found = self._ask("GET", f"/domains/{domain_id}/config/security_compliance")["config"]["security_compliance"]
        return str(found["password_regex"] or "")

    @asks("tell the driver of the domain")
    def identity_driver(self, domain_id: str) -> str:
        """Returns the driver of the domain's users, as far as Keystone's database has it. Raises KeystoneNotFound."""
        return str(self._ask("GET", f"/domains/{domain_id}/config/identity/driver")["config"]["driver"])

    @asks("list the roles in pages")
    def lists_pages(self) -> bool:
        """Whether Keystone sends a list in pages where it is asked to. If not, it sends lists whole, or cuts them."""
        found = self._ask("GET", "/roles?limit=1")
        return bool(len(found["roles"]) == 1 and found["links"]["next"])
