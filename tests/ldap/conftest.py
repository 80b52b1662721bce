"""The Keystone of these tests."""

from collections.abc import Iterator

import pytest

from tests.ldap import KeystoneOfPeople, keystone_of_people


@pytest.fixture(scope="session")
def cloud() -> Iterator[KeystoneOfPeople]:
    """One whose cloud_env, and so each sign-up that the other fixtures build, is of the domain in LDAP."""
    with keystone_of_people() as running:
        yield running
