"""Tests of the page of the mapping in a real browser."""
