"""Turns what keystoneauth and keystoneclient raise into problems that name the cause and what can help."""

import re
from urllib.parse import urlsplit

from keystoneauth1 import exceptions as ksa

from lib.call.masking import mask, shown, shown_name
from lib.errors import (
    BadRequest,
    CloudEnvRefused,
    KeystoneBusy,
    KeystoneFailed,
    NotKeystone,
    Problem,
    RightsMissing,
    StateConflict,
)
from lib.keystone.client import unreachable
from lib.keystone.client.account import Account
from lib.keystone.client.problems import KeystoneConflict, KeystoneNotFound, NotAuthenticated, PolicyForbids

NO_KEYSTONE = "What answers at cloud_env.auth_url is not a Keystone v3."
# Enough for the rules of a password policy.
LONGEST_TEXT = 1000
# The ids that OpenStack makes have 40 characters.
LONGEST_REQUEST_ID = 80
# In this header, OpenStack's services tell their own id of a call.
REQUEST_ID = "x-openstack-request-id"
# Keystone's sentences that do not say why: for a log-in, and for anything else (keystone.exception).
UNAUTHORIZED = "The request you have made requires authentication."
FORBIDDEN = "You are not authorized to perform the requested action"


def problem_of(error: Exception, step: str, account: Account) -> Problem:
    """Returns the problem that an exception of the Keystone libraries means, raised by `step` as this account."""
    if isinstance(error, Problem):
        error.step = error.step or step
        return error
    kind, message = _meaning(error, step, account)
    return kind(message, step=step, keystone_request_id=request_id_of(error), detail=_detail(error))


def request_id_of(error: Exception) -> str:
    """Returns Keystone's own id of the call that it refused, under which its log has more."""
    response = getattr(error, "response", None)
    given = getattr(error, "request_id", None) or (response is not None and response.headers.get(REQUEST_ID)) or ""
    return shown_name(given)[:LONGEST_REQUEST_ID]


def _meaning(error: Exception, step: str, account: Account) -> tuple[type[Problem], str]:
    match error:
        case ksa.MissingAuthMethods():
            return CloudEnvRefused, (
                f"Keystone accepts the password of cloud_env's account ({account.sent}) and wants a second factor,"
                " which this service cannot give. Use an account without multi-factor authentication."
            )
        case ksa.Unauthorized() | ksa.AuthorizationFailure():
            return _log_in_refused(error, step, account)
        case ksa.NotFound() | ksa.Forbidden() if _path(error).endswith("/auth/tokens"):
            return _log_in_refused(error, step, account)
        case ksa.Forbidden():
            return _forbidden(error, step, account)
        case ksa.NotFound():
            return KeystoneNotFound, f"Keystone does not know what is needed to {step}. Repeat the request."
        case ksa.Conflict():
            return KeystoneConflict, f"Keystone refuses to {step}: the name is taken. Repeat the request."
        case ksa.BadRequest() | ksa.UnprocessableEntity():
            return BadRequest, f"Keystone refuses to {step}: {text_of(error)}"
        case ksa.TooManyRequests() | ksa.ServiceUnavailable():
            return KeystoneBusy, f"Keystone is too busy to {step}. Repeat the request."
        case ksa.HttpServerError():
            return KeystoneFailed, f"Keystone failed to {step}, with status {error.http_status}. Repeat the request."
        case ksa.HttpError():
            return NotKeystone, f"{NO_KEYSTONE[:-1]}: it refuses to {step}, with status {error.http_status}."
        case ksa.ConnectionError():
            return unreachable.problem_of(error, step)
        case _:
            return NotKeystone, NO_KEYSTONE


def _log_in_refused(error: Exception, step: str, account: Account) -> tuple[type[Problem], str]:
    said = text_of(error)
    if not _path(error).endswith("/auth/tokens"):
        return CloudEnvRefused, (
            f"Keystone has let cloud_env's account ({account.sent}) log in, and yet does not let it {step}: {said}"
            " Look at whether the account, its project or their domains are disabled or being removed."
        )
    # Keystone names a missing domain only where insecure_debug is on.
    untold = said == UNAUTHORIZED
    kind = NotAuthenticated if untold or said.startswith("Could not find domain") else CloudEnvRefused
    if untold:
        said = (
            "the user, password, project or domain is wrong or disabled, the user has no role on the project, or failed"
            " log-ins have locked the user."
        )
    return kind, f"Keystone refuses the log-in of cloud_env's account ({account.sent}): {said}"


def _forbidden(error: Exception, step: str, account: Account) -> tuple[type[Problem], str]:
    """Returns what Keystone's 403 means: the policy, a driver that does not say why, or the reason in its sentence."""
    said = text_of(error)
    if said.startswith(f"{FORBIDDEN}:"):
        why = f"Keystone's policy does not let cloud_env's account {step}: {said}"
        if account.is_admin():
            return PolicyForbids, f"{why} {_ADMIN if account.may_change_something else _PROJECT_TOKENS_REFUSED}"
        return PolicyForbids, f"{why} It needs the role admin, or the policy in SECURITY.md."
    if said.startswith(FORBIDDEN):
        why = f"Keystone does not let cloud_env's account {step}, and does not say why: {said}"
        return RightsMissing, f"{why} The domain may be read-only, as those of LDAP are{_IN_THE_DIRECTORY}"
    for sign, kind, remedy in _REASONS:
        if sign in said:
            return kind, f"Keystone refuses to {step}: {said}{remedy.format(id=_path(error).rpartition('/')[2])}"
    return StateConflict, f"Keystone refuses to {step}: {said}"


_ADMIN = "The account holds the role admin: the policy itself would have to change."
_PROJECT_TOKENS_REFUSED = (
    "The account holds the role admin, and Keystone has let it change nothing since this service has connected."
    " Keystone up to 22.0.1 (Zed) refuses the tokens of projects if enforce_scope is true in [oslo_policy]: switch it"
    " off. Otherwise its policy would have to change."
)
_IN_THE_DIRECTORY = (
    ": then users are made, changed and removed in the directory. To sign users up in a domain that Keystone keeps by"
    " itself, name that domain in the setting user_domain."
)
# A part of Keystone's sentence, the problem that it means, and what helps.
_REASONS = (
    # Keystone says this where insecure_debug is on.
    ("LDAP does not support write", RightsMissing, f" The domain is read-only{_IN_THE_DIRECTORY}"),
    ("password length must be", BadRequest, ""),
    ("not a leaf", StateConflict, " Remove its subprojects first (openstack project list --parent {id})."),
    ("immutable project", StateConflict, " To allow its removal: openstack project set --no-immutable {id}"),
)


def _path(error: Exception) -> str:
    return urlsplit(str(getattr(error, "url", None) or "")).path


def text_of(error: Exception) -> str:
    """Returns what Keystone says in one line of bounded length, or `***` if a secret of the request is in it."""
    # keystoneauth adds the status and the request id, which have their own places in the log.
    said = re.sub(r" \(HTTP \d+\).*", "", mask(str(getattr(error, "message", error))), flags=re.DOTALL)
    # It is cut at the end, as half a secret would not be recognised.
    return shown(said)[:LONGEST_TEXT]


def _detail(error: Exception) -> str:
    """Returns Keystone's status and text for the log, or else the errors that led to this one."""
    if isinstance(error, ksa.HttpError):
        return f"{type(error).__name__} {error.http_status} {text_of(error)}"
    return unreachable.detail(error)
