"""Keystone on MariaDB, as clouds have it: names are compared without case and accents."""
