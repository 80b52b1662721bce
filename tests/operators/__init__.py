"""Tests of what operators ask: check a cloud, list the mapping, repair it, sign many people up at once."""
