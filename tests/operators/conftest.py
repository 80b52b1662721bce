"""Shares a Keystone that refuses more than a stock one."""

from tests.cloud.conftest import strict as strict
