"""Tests of single calls against a real Keystone."""
