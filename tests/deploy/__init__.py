"""Tests of the files in docs/deploy with the real programs that read them."""
