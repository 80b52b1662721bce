"""Tests, on a real Keystone."""
