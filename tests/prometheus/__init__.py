"""Tests of the metrics with a real Prometheus: the alert rules, and what it reads from a running service."""
