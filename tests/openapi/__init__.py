"""Tests of the contract by tools that others made: schemathesis, a generator of clients, and a browser."""
