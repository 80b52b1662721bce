"""Tests that call functions and the application directly, without a Keystone."""
