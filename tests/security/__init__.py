"""Attempts to get in, to get out, to find out and to wear down."""
