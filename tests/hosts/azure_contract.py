"""Azure Functions by contract, as its host cannot be installed: its library converts requests as its worker does.

python azure_contract.py PORT    # with function_app.py in the folder
"""

import sys
from pathlib import Path
from typing import Any

from azure.functions.http import HttpRequestConverter, HttpResponseConverter
from azure.functions.meta import Datum
from werkzeug.serving import run_simple
from werkzeug.wrappers import Request, Response

sys.path.insert(0, str(Path.cwd()))
from function_app import app

[function] = app.get_functions()


@Request.application
def host(request: Request) -> Response:
    """Answers as the function does."""
    asked = {
        "method": _text(request.method),
        # Taken as it was sent, because Werkzeug's server takes two slashes for one.
        "url": _text(request.host_url.rstrip("/") + request.environ["REQUEST_URI"]),
        "headers": {name.lower(): _text(value) for name, value in request.headers.items()},
        "query": {},
        "params": {"path": _text(request.path.removeprefix("/"))},
        "body": Datum(request.get_data(), "bytes"),
    }
    called_with = HttpRequestConverter.decode(Datum(asked, "http"), trigger_metadata=None)
    answered = function.get_user_function()(called_with)
    answer: dict[str, Any] = HttpResponseConverter.encode(answered, expected_type=None).value
    headers = [(name, one.value) for name, one in answer["headers"].items()]
    return Response(answer["body"].value, int(answer["status_code"].value), headers)


def _text(value: str) -> Datum:
    return Datum(value, "string")


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), host, threaded=True)
