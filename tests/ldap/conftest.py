"""The Keystone that these tests run on."""

from collections.abc import Iterator

import pytest

from tests.ldap import KeystoneOfPeople, keystone_of_people


@pytest.fixture(scope="session")
def cloud() -> Iterator[KeystoneOfPeople]:
    """The cloud_env of this Keystone, and so each sign-up that other fixtures build, is of the domain in LDAP."""
    with keystone_of_people() as running:
        yield running
