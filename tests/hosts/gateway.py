"""What AWS has around a Lambda function: a gateway that makes events of requests, and the Runtime API, on loopback.

The events are those that Amazon documents for API Gateway's REST and HTTP APIs, for its load balancer (ALB) and for
function URLs. The Runtime API is its version of 2018-06-01, of which the runtime's client needs three paths.
"""

import base64
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from queue import Queue
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

RUNTIME = "/2018-06-01/runtime"
# Seconds between two looks at whether the function still runs.
LOOK_SECONDS = 0.1


@dataclass
class Gateway:
    """Requests on their way into one function, one at a time as Lambda has it, and what it answered."""

    kind: str
    port: int = 0
    dead: Callable[[], bool] = lambda: False
    """Whether the function's process has ended."""
    _waiting: "Queue[tuple[str, dict[str, Any]]]" = field(default_factory=Queue)
    _answers: dict[str, Any] = field(default_factory=dict)
    _answered: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, request: Request) -> Response:
        """Answers the runtime's client, or whoever calls the function."""
        if not request.path.startswith(RUNTIME):
            return self._invoke(request)
        if request.path == f"{RUNTIME}/invocation/next":
            identity, event = self._waiting.get()
            headers = {"Lambda-Runtime-Aws-Request-Id": identity, "Lambda-Runtime-Deadline-Ms": str(2**42)}
            return Response(json.dumps(event), 200, headers, mimetype="application/json")
        *_, identity, how = request.path.split("/")
        with self._answered:
            self._answers[identity] = json.loads(request.get_data()) if how == "response" else None
            self._answered.notify_all()
        return Response("{}", 202)

    def _invoke(self, request: Request) -> Response:
        identity = str(uuid.uuid4())
        self._waiting.put((identity, EVENTS[self.kind](request)))
        with self._answered:
            while identity not in self._answers and not self.dead():
                self._answered.wait(LOOK_SECONDS)
            answer = self._answers.pop(identity, None)
        if answer is None:
            # AWS answers so for a function that failed.
            return Response('{"message": "Internal server error"}', 502, mimetype="application/json")
        body = answer.get("body", "")
        data = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        many = answer.get("multiValueHeaders") or {name: [value] for name, value in answer["headers"].items()}
        return Response(data, answer["statusCode"], [(name, one) for name, values in many.items() for one in values])


def _headers(request: Request, host: str) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()} | {"host": f"abc.{host}"}


def _path(request: Request) -> str:
    """Returns the path as it was sent, because Werkzeug's server takes two slashes for one."""
    return str(request.environ["REQUEST_URI"])


def _rest(request: Request) -> dict[str, Any]:
    headers = dict(request.headers.items()) | {"Host": "abc.execute-api.eu-west-1.amazonaws.com"}
    context = {"identity": {"sourceIp": request.remote_addr}, "stage": "prod", "path": f"/prod{_path(request)}"}
    return {
        "resource": "/{proxy+}",
        "path": _path(request),
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": _path(request).removeprefix("/")},
        "stageVariables": None,
        "requestContext": context,
        "body": request.get_data(as_text=True) or None,
        "isBase64Encoded": False,
    }


def _http(
    request: Request, stage: str = "$default", host: str = "execute-api.eu-west-1.amazonaws.com"
) -> dict[str, Any]:
    path = _path(request) if stage == "$default" else f"/{stage}{_path(request)}"
    http = {"method": request.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": request.remote_addr}
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": _headers(request, host),
        "requestContext": {"http": http, "stage": stage, "routeKey": "$default"},
        "isBase64Encoded": False,
    }
    return event | ({"body": request.get_data(as_text=True)} if request.get_data() else {})


def _url(request: Request) -> dict[str, Any]:
    """Returns the event of a function URL, which differs from that of an HTTP API in that its body is in Base64."""
    event = _http(request, host="lambda-url.eu-west-1.on.aws")
    if "body" in event:
        event |= {"body": base64.b64encode(request.get_data()).decode(), "isBase64Encoded": True}
    return event


def _alb(request: Request) -> dict[str, Any]:
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/u/1"}},
        "httpMethod": request.method,
        "path": _path(request),
        "queryStringParameters": {},
        "headers": _headers(request, "eu-west-1.elb.amazonaws.com"),
        "body": request.get_data(as_text=True),
        "isBase64Encoded": False,
    }


EVENTS: dict[str, Callable[[Request], dict[str, Any]]] = {
    "rest": _rest,
    "http": _http,
    "http, in a stage": partial(_http, stage="prod"),
    "url": _url,
    "alb": _alb,
}


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object, **__: object) -> None:
        """Says nothing."""


@contextmanager
def gateway(kind: str) -> Iterator[Gateway]:
    """Runs a gateway for events of this kind."""
    running = Gateway(kind)
    application = Request.application(running.answer)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    running.port = server.server_port
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
