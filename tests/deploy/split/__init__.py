"""Tests of the split by path, with the real nginx and HAProxy on the files in docs/deploy."""
