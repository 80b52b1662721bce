"""Tests on a Keystone with MariaDB, which many clouds use, and which compares names without case and accents."""
