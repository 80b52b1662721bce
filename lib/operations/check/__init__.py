"""Checks of a cloud: each looks at one thing, changes nothing, and tells what it has seen."""
