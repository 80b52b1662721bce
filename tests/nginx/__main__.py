"""Runs the tests with a real nginx for `make nginx`."""

from tests.support.with_server import run_with

if __name__ == "__main__":
    run_with("nginx", "tests/nginx", ["nginx"], ["nginx"], "--numprocesses=2")
