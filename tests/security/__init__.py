"""Attempts to get in, to get secrets out, to find things out and to wear the service down."""
