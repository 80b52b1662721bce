"""Runs the tests with a real Chromium for `make page`."""

from tests.support.with_server import run_with

if __name__ == "__main__":
    run_with("Chromium", "tests/page", ["chromium"], ["chromium"])
