"""The protocol for two requests at one user (lib/keystone/claims.py) as a model, tried in every order of calls."""
