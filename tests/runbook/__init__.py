"""The tests of docs/runbook.md: each of its commands is run as an operator runs it."""
