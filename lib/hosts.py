"""From WSGI to other runtimes: a wrapper for each, of the whole application or of one function alone.

What a runtime needs beside the service is imported by its wrapper only, and stands in its docstring.
"""

import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import redirect_stdout, suppress
from inspect import signature
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.handlers import CGIHandler

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from lib.endpoint import Endpoint
from lib.places import SPARE_THREADS
from lib.settings import MOST_CONCURRENT_REQUESTS
from lib.wsgi import TERMINATED, Application, wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# What is read at once of what nobody needs.
READ_BYTES = 65536

Served = Application | Endpoint
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[Message, Receive, Send], Awaitable[None]]


def asgi(served: Served) -> AsgiApplication:
    """An ASGI application, for uvicorn, hypercorn and Knative's func, which wants it named `handle`. Needs a2wsgi."""
    from a2wsgi import WSGIMiddleware

    middleware = WSGIMiddleware(_terminated(served), workers=MOST_CONCURRENT_REQUESTS + SPARE_THREADS)

    async def handle(scope: Message, receive: Receive, send: Send) -> None:
        more = scope["type"] == "http"

        async def receiving() -> Message:
            nonlocal more
            message = await receive()
            more = message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            while more:
                # hypercorn never closes a connection of which something was not received.
                await receiving()
            await send(message)

        # No function has a query, and a2wsgi raises over one that is not ASCII.
        await middleware({**scope, "query_string": b""}, receiving, sending)

    return handle


def aws_lambda(served: Served) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The handler of an AWS Lambda function, for the events of API Gateway (REST and HTTP), ALB and function URLs.

    Needs serverless-wsgi, whose environment variable `API_GATEWAY_BASE_PATH` takes a stage or base path off.
    """
    import serverless_wsgi

    application = _terminated(served)

    def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return cast(dict[str, Any], serverless_wsgi.handle_request(application, event, context))

    return lambda_handler


def google_function(served: Served) -> Callable[[Any], Application]:
    """The target of Google's functions-framework, whose Flask runs the WSGI application that it returns."""
    application = _application(served)

    def function(request: Any) -> Application:
        return application

    return function


def azure_function(served: Served) -> Callable[[Any], Any]:
    """The `main` of an Azure function with an HTTP trigger. Needs azure-functions.

    Its own WsgiMiddleware would raise whatever is answered with 500 or more, and Azure answer nothing in its place.
    """
    from azure.functions import HttpResponse
    from werkzeug.test import create_environ

    application = _terminated(served)

    def main(req: Any) -> Any:
        path = unquote_to_bytes(urlsplit(req.url).path).decode("latin-1")
        environ = create_environ(
            method=req.method,
            headers=[*req.headers.items()],
            data=req.get_body(),
            environ_overrides={"PATH_INFO": path},
        )
        answer = Response.from_app(application, environ)
        return HttpResponse(answer.get_data(), status_code=answer.status_code, headers=dict(answer.headers))

    return main


def serve_cgi(served: Served) -> None:
    """Answers the one request of a CGI process. Standard output is the answer, so the log goes to standard error."""
    application = _application(served)

    def reading_all(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterator[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ and not environ.get("CONTENT_LENGTH"):
            # Apache passes a chunked body on, whose length it does not know, and closes after it.
            environ[TERMINATED] = True
        environ["wsgi.input"] = body = get_input_stream(environ)
        yield from application(environ, start_response)
        # What is never read would break the answer off: mod_cgid has one socket for both.
        with suppress(ClientDisconnected):
            while body.read(READ_BYTES):
                pass

    handler = CGIHandler()
    with redirect_stdout(sys.stderr):
        handler.run(reading_all)


def _terminated(served: Served) -> Application:
    """The same for hosts on which a body ends by itself, whatever its headers say of chunks."""
    application = _application(served)

    def terminated(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return application(environ | {TERMINATED: True}, start_response)

    return terminated


def _application(served: Served) -> Application:
    """What serves this: itself, if it is an application; a function takes the request alone."""
    if len(signature(served).parameters) == 1:
        return wsgi(cast(Endpoint, served))
    return cast(Application, served)
