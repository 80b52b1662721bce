"""A model of the protocol for two requests at one user (lib/keystone/claims.py), tried in every order of calls."""
