"""On a real Keystone."""
