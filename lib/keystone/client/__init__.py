"""The client of one Keystone: what can be asked of it, what its answers mean, and how it is reached."""
