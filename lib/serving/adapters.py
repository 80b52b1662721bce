"""From WSGI to other runtimes: each wrapper takes a WSGI application, be it `application` or `wsgi(create_user)`.

Only the wrapper of a runtime imports what that runtime needs besides the service. Its docstring names the package.
"""

import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.handlers import CGIHandler

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from lib.serving.admission import SPARE_THREADS
from lib.serving.body import TERMINATED
from lib.serving.wsgi import Application
from lib.settings.settings import MOST_CONCURRENT_REQUESTS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Bytes that are read in one piece of a body that nobody needs.
READ_BYTES = 65536

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[Message, Receive, Send], Awaitable[None]]


def asgi(application: Application) -> AsgiApplication:
    """Returns an ASGI application for uvicorn, hypercorn and Knative's func, which wants it named `handle`.

    Needs a2wsgi.
    """
    from a2wsgi import WSGIMiddleware

    middleware = WSGIMiddleware(_terminated(application), workers=MOST_CONCURRENT_REQUESTS + SPARE_THREADS)

    async def handle(scope: Message, receive: Receive, send: Send) -> None:
        more = scope["type"] == "http"

        async def receiving() -> Message:
            nonlocal more
            message = await receive()
            more = message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            while more:
                # hypercorn never closes a connection whose request was not received to its end.
                await receiving()
            await send(message)

        # No function uses the query, and a2wsgi raises an exception over one that is not ASCII.
        await middleware({**scope, "query_string": b""}, receiving, sending)

    return handle


def aws_lambda(application: Application) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Returns the handler of an AWS Lambda function for events of API Gateway (REST and HTTP), ALB and function URLs.

    Needs serverless-wsgi. Its environment variable `API_GATEWAY_BASE_PATH` removes a stage or base path.
    """
    import serverless_wsgi

    terminated = _terminated(application)

    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return cast(dict[str, Any], serverless_wsgi.handle_request(terminated, event, context))

    return lambda_handler


def google_function(application: Application) -> Callable[[Any], Application]:
    """Returns the target of Google's functions-framework, whose Flask runs the application that a target returns."""

    def function(request: Any) -> Application:
        return application

    return function


def azure_function(application: Application) -> Callable[[Any], Any]:
    """Returns the `main` of an Azure function with an HTTP trigger. Needs azure-functions.

    Azure's own WsgiMiddleware raises an exception in place of any answer with a status of 500 or more.
    """
    from azure.functions import HttpResponse
    from werkzeug.test import create_environ

    terminated = _terminated(application)

    def main(req: Any) -> Any:
        path = unquote_to_bytes(urlsplit(req.url).path).decode("latin-1")
        environ = create_environ(
            method=req.method,
            headers=[*req.headers.items()],
            data=req.get_body(),
            environ_overrides={"PATH_INFO": path},
        )
        answer = Response.from_app(terminated, environ)
        return HttpResponse(answer.get_data(), status_code=answer.status_code, headers=dict(answer.headers))

    return main


def serve_cgi(application: Application) -> None:
    """Answers the one request of a CGI process. Standard output is the answer, so the log goes to standard error."""

    def reading_all(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterator[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ and not environ.get("CONTENT_LENGTH"):
            # Apache passes on a chunked body without its length, and closes the input after it.
            environ[TERMINATED] = True
        environ["wsgi.input"] = body = get_input_stream(environ)
        yield from application(environ, start_response)
        # A body that is never read would break off the answer: mod_cgid has one socket for both.
        with suppress(ClientDisconnected):
            while body.read(READ_BYTES):
                pass

    handler = CGIHandler()
    with redirect_stdout(sys.stderr):
        handler.run(reading_all)


def _terminated(application: Application) -> Application:
    """Returns the application for hosts on which a body ends by itself, whatever its headers say of chunks."""

    def terminated(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return application(environ | {TERMINATED: True}, start_response)

    return terminated
