"""What Keystone, or the way to it, answers to a single call, for the steps and the retries to resolve."""

from lib import errors
from lib.keystone.client.resources import Listed


class NotAuthenticated(errors.CloudEnvRefused):
    """Keystone does not let cloud_env's account log in, and does not say why. It may know no domain of that name."""


class KeystoneConflict(errors.Unfinished):
    """Keystone's 409: the name exists. A step resolves it. One that escapes is answered with "repeat"."""


class KeystoneNotFound(errors.Unfinished):
    """Keystone's 404: what the call names does not exist. A step resolves it. One that escapes is answered likewise."""


class NotListed(KeystoneNotFound):
    """No object has exactly this name. `look_alikes` has those that MariaDB, which ignores case, finds for it."""

    def __init__(self, message: str, look_alikes: tuple[Listed, ...] = ()) -> None:
        super().__init__(message)
        self.look_alikes = look_alikes


class DomainDisabled(errors.CloudNotPrepared):
    """The domain of this name is disabled, so that nobody in it can log in."""

    def __init__(self, message: str, domain_id: str = "") -> None:
        super().__init__(message)
        self.domain_id = domain_id


class PolicyForbids(errors.RightsMissing):
    """Keystone's policy refuses. It may still be loading, just after Keystone's start, and allow the same call soon."""


class ConnectionStale(errors.KeystoneFailed):
    """The cached connection was closed before an answer came. Most likely Keystone did not get the call."""


class HandshakeTimedOut(errors.Unreachable):
    """The other end did not begin TLS in time, perhaps because the port does not speak it."""


class Redirects(errors.NotKeystone):
    """What answers at auth_url sends everybody to another URL."""


class TlsRefused(errors.NotKeystone):
    """The other end speaks TLS where the URL says http, or does not where it says https, or its certificate is bad."""


class OtherName(TlsRefused):
    """The certificate is good, but for another name than the one in auth_url."""


# With any of these Keystone says that it did nothing.
REFUSALS: tuple[type[errors.Problem], ...] = (KeystoneConflict, KeystoneNotFound, errors.StateConflict)
REFUSALS += (errors.BadRequest, errors.CloudEnvRefused, errors.RightsMissing)
