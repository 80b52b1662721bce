"""Provides the Keystone of the tests in this folder."""

from collections.abc import Iterator

import pytest

from tests.ldap import KeystoneOfPeople, keystone_of_people


@pytest.fixture(scope="session")
def cloud() -> Iterator[KeystoneOfPeople]:
    """Runs a Keystone whose cloud_env, and so every sign-up of the other fixtures, is of the domain in LDAP."""
    with keystone_of_people() as running:
        yield running
