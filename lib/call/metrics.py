"""Counts what is done, for Prometheus, where the setting `metrics_listen` asks for it. Otherwise nothing is counted.

No label has a name, an id, a URL or a secret: functions, statuses, codes, methods and kinds of resources are few.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from lib import VERSION

_Params = ParamSpec("_Params")
# Seconds: from what Keystone takes to hash no password up to the time at which the UI stops waiting.
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 40, 50, 60)


class Metrics:
    """The metrics of this process. Several threads may count."""

    def __init__(self, deadline: float, slots: int) -> None:
        # Imported here: they would take a twentieth of the start, also where nobody looks at metrics.
        from http import HTTPStatus

        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

        # They would be half of all series, and several processes have none.
        disable_created_metrics()  # type: ignore[no-untyped-call]

        self.registry = CollectorRegistry()
        # What else a peer answers has one label.
        self.statuses = {"no answer", *(str(status.value) for status in HTTPStatus)}

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"user_handler_{name}", what, labels, registry=self.registry)

        def seconds(name: str, what: str, *labels: str) -> Histogram:
            return Histogram(f"user_handler_{name}_seconds", what, labels, buckets=BUCKETS, registry=self.registry)

        def gauge(name: str, what: str, *labels: str, multiprocess_mode: Any = "livesum") -> Gauge:
            return Gauge(
                f"user_handler_{name}", what, labels, registry=self.registry, multiprocess_mode=multiprocess_mode
            )

        self.requests = counter("requests", "Answers, by function, status and error code", "function", "status", "code")
        self.request_seconds = seconds("request", "How long answers took", "function")
        self.calls = counter("keystone_calls", "Calls to Keystone", "method", "resource", "status")
        self.call_seconds = seconds("keystone_call", "How long calls to Keystone took", "method", "resource")
        self.retries = counter("keystone_retries", "Tries that failed and were repeated", "step")
        self.admins = counter("users_with_admin", "Sign-ups of users who hold the role admin")
        self.slots_in_use = gauge("slots_in_use", "Requests that are being served")
        gauge("slots", "Requests that can be served in parallel").set(slots)
        gauge("deadline_seconds", "How long one request may take", multiprocess_mode="max").set(deadline)
        build = gauge("build_info", "The version", "version", "python", multiprocess_mode="max")
        build.labels(VERSION, ".".join(map(str, sys.version_info[:3]))).set(1)


_counting: Metrics | None = None


def count(metrics: Metrics | None) -> None:
    """Lets this process count into these metrics, or no more."""
    global _counting
    _counting = metrics


def are_counted() -> bool:
    """Whether this process counts."""
    return _counting is not None


def _counts(count_one: Callable[Concatenate[Metrics, _Params], None]) -> Callable[_Params, None]:
    """Decorates a function that counts into the metrics of this process, if there are any.

    It never raises: what it counts has happened, whether or not it can be counted.
    """

    @wraps(count_one)
    def counting(*args: _Params.args, **kwargs: _Params.kwargs) -> None:
        if _counting:
            with suppress(Exception):
                count_one(_counting, *args, **kwargs)

    return counting


@_counts
def answered(metrics: Metrics, function: str, status: int, code: str, seconds: float) -> None:
    """Counts an answer. `function` is a function or page that is served, or empty; `code` is empty for a success."""
    metrics.requests.labels(function, status, code).inc()
    metrics.request_seconds.labels(function).observe(seconds)


@_counts
def keystone_answered(metrics: Metrics, method: str, path: str, status: str, seconds: float) -> None:
    """Counts a call to Keystone, by the kinds of resources in its path."""
    # Every other part of a path is an id: users/<id>, projects/<id>/users/<id>/roles/<id>. /v3 tells the version.
    resource = "/".join(f"{path}/".rpartition("/v3/")[2].rstrip("/").split("/")[::2]) or "version"
    known = status if status in metrics.statuses else "other"
    metrics.calls.labels(method, resource, known).inc()
    metrics.call_seconds.labels(method, resource).observe(seconds)


@_counts
def retried(metrics: Metrics, step: str) -> None:
    """Counts a try of a step that failed and is repeated."""
    metrics.retries.labels(step).inc()


@_counts
def user_holds_admin(metrics: Metrics) -> None:
    """Counts a sign-up of a user who holds the role admin."""
    metrics.admins.inc()


@_counts
def slots_in_use(metrics: Metrics, more: int) -> None:
    """Counts a slot that was taken (1) or freed (-1)."""
    metrics.slots_in_use.inc(more)
