"""Runs the replicas for `make replicas`, and installs what they need from Debian if that is possible."""

from tests.support.with_server import run_with

if __name__ == "__main__":
    run_with(
        "HAProxy",
        "tests/replicas",
        ["haproxy", "ip", "unshare", "nsenter", "setpriv"],
        ["haproxy", "iproute2", "util-linux"],
    )
