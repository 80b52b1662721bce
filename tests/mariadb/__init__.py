"""Keystone on MariaDB, as clouds have it, which compares names without case and accents."""
