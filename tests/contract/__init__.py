"""Every release of the Concertim UI, replayed against the running service on a real Keystone."""
