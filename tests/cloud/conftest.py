"""Provides a Keystone with strict options, which refuses more than a stock one, to the tests of refusals."""

from collections.abc import Iterator

import pytest

from tests.cloud.strict import Strict
from tests.support.fixtures import SettingsFile
from tests.support.keystone import keystone
from tests.support.proxy import Proxy, proxy

OPTIONS = {
    "auth": {"methods": "password,token,totp"},
    "DEFAULT": {"strict_password_check": "true"},
    "security_compliance": {
        "change_password_upon_first_use": "true",
        "lockout_failure_attempts": "2",
        "lockout_duration": "86400",
    },
}


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strict]:
    """Returns a Keystone with strict options that has loaded its policy, so that no test waits for that."""
    policy = tmp_path_factory.mktemp("policy") / "policy.yaml"
    policy.write_text("{}")
    with keystone(OPTIONS | {"oslo_policy": {"policy_file": str(policy)}}) as running:
        running.admin.users.list(name="concertim")
        yield Strict(running, policy)


@pytest.fixture
def usable_passwords(settings_file: SettingsFile) -> None:
    """Sets the option without which that Keystone lets no password be used before the user has changed it."""
    settings_file("user_handler: {user_options: [ignore_change_password_upon_first_use]}")


@pytest.fixture
def front(strict: Strict) -> Iterator[Proxy]:
    """Returns a proxy before the Keystone with strict options."""
    with proxy(strict.cloud.auth_url) as running:
        yield running
