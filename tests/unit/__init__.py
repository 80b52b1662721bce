"""Direct calls; no Keystone."""
