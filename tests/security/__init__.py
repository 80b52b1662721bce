"""Tests that attack the service: access without a token, forbidden connections, leaks of secrets, exhaustion."""
