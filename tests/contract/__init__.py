"""Tests that replay every release of the Concertim UI against the running service on a real Keystone."""
