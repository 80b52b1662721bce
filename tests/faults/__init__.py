"""Tests that requests keep the promise and can be repeated, whatever fails, overlaps or dies at any of their calls."""
