"""Runs the tests with a real Prometheus for `make prometheus`."""

from tests.support.with_server import run_with

if __name__ == "__main__":
    run_with("Prometheus", "tests/prometheus", ["prometheus", "promtool"], ["prometheus"])
