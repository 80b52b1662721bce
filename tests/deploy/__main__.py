"""Runs the tests of docs/deploy for `make deploy`, and installs what they need from Debian if that is possible."""

from tests.support.with_server import run_with

PROGRAMS = ["nginx", "haproxy", "logrotate", "systemd-analyze", "node", "npm"]
PACKAGES = ["nginx-light", "haproxy", "logrotate", "systemd", "nodejs", "npm"]

if __name__ == "__main__":
    run_with("web servers and tools", "tests/deploy", PROGRAMS, PACKAGES)
