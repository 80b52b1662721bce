"""Defines the hosts as docs/hosts.md tells operators to start them, which are the rows of the matrix."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.support.service import ROOT

# The texts below are those of docs/hosts.md. Tests put another folder, address and port in place of these.
FOLDER, ADDRESS, PORT = "/opt/user-handler", "0.0.0.0", "42356"

ASGI = """\
from handler import application
from lib.serving.adapters import asgi

handle = asgi(application)
"""
# The files of the images are those of docs/hosts.md, too.
AWS_LAMBDA = (ROOT / "Dockerfiles/aws_lambda/lambda_function.py").read_text()
GOOGLE = (ROOT / "Dockerfiles/functions_framework/main.py").read_text()
AZURE = """\
from azure.functions import AuthLevel, FunctionApp, HttpMethod

from handler import application
from lib.serving.adapters import azure_function

app = FunctionApp(AuthLevel.ANONYMOUS)
app.route("/{*path}", methods=HttpMethod)(azure_function(application))
"""
CGI = """\
#!/opt/user-handler/venv/bin/python
from handler import application
from lib.serving.adapters import serve_cgi

serve_cgi(application)
"""
WSGI_ALONE = """\
from functions.create_user_project import create_user_project
from lib.serving.wsgi import wsgi

application = wsgi(create_user_project)
"""
APACHE_WSGI = """\
WSGIDaemonProcess user-handler threads=20 python-home=/opt/user-handler/venv python-path=/opt/user-handler
WSGIScriptAlias / /opt/user-handler/handler.py process-group=user-handler application-group=%{GLOBAL}
WSGIPassAuthorization On
WSGIChunkedRequest On
<Directory /opt/user-handler>
    Require all granted
</Directory>
"""
APACHE_CGI = """\
ScriptAlias / /opt/user-handler/user-handler.cgi/
PassEnv JWT_SECRET CONCERTIM_CONFIG CONCERTIM_CONFIG_TEXT
<Directory /opt/user-handler>
    Require all granted
    CGIPassAuth On
</Directory>
"""
APACHE = "apache2 -f /opt/user-handler/apache2.conf -DFOREGROUND"
LAMBDA = "python -m awslambdaric lambda_function.lambda_handler"
KNATIVE = "python -c 'from func_python.http import serve; from function import handle; serve(handle)'"

ONE_AT_A_TIME = {"5 x": "Lambda gives a process one request at a time, and starts others"}
NO_PROXY = {"//": "cheroot takes it for the URL of another host, and answers 400 by itself"}
ANY_PATH = dict.fromkeys(
    ("GET /", "404", "405", "DELETE"),
    "one function alone is served at any path, by any method; the others are not there",
)


@dataclass(frozen=True)
class Host:
    """One way to host the service."""

    name: str
    """The name of the program that hosts. After a comma it says how, or what, the program hosts."""
    command: str
    files: Mapping[str, str] = field(default_factory=dict)
    """The texts of the files that an operator adds to the service's own, by file name."""
    environment: Mapping[str, str] = field(default_factory=dict)
    event: str = ""
    """The kind of event in which AWS Lambda delivers requests. It is empty for other hosts."""
    real: bool = True
    """Whether the host itself runs, and not a stand-in that follows its contract."""
    finishes: bool = True
    """Whether a request in flight at SIGTERM is answered."""
    drops_chunked: bool = False
    cannot: Mapping[str, str] = field(default_factory=dict)
    """The reason why the host cannot serve a column of the matrix, by column."""

    @property
    def kind(self) -> str:
        """Returns the name of the program."""
        return self.name.partition(",")[0]

    def alone(self) -> "Host":
        """Returns the same host, serving one function alone."""
        files = {
            file: text.replace(
                "from handler import application",
                "from functions.create_user_project import create_user_project\nfrom lib.serving.wsgi import wsgi",
            ).replace("(application)", "(wsgi(create_user_project))")
            for file, text in self.files.items()
        }
        return replace(
            self,
            name=f"{self.kind}, one function alone",
            command=self.command.replace("handler:application", "sign_up:application"),
            files=files or {"sign_up.py": WSGI_ALONE},
            cannot={**self.cannot, **ANY_PATH},
        )


GUNICORN = "gunicorn --bind 0.0.0.0:42356 --no-control-socket --timeout 60 --graceful-timeout 55"
GTHREAD = Host("gunicorn, gthread", f"{GUNICORN} --threads 20 handler:application")
UVICORN = Host(
    "uvicorn, a2wsgi",
    "uvicorn --host 0.0.0.0 --port 42356 --timeout-graceful-shutdown 55 asgi:handle",
    {"asgi.py": ASGI},
)
CGI_SCRIPT = Host(
    "CGI, Apache",
    APACHE,
    {"user-handler.cgi": CGI, "apache2.conf": APACHE_CGI},
    finishes=False,
)
FUNCTIONS_FRAMEWORK = Host(
    "functions-framework",
    "functions-framework --source main.py --target function --host 0.0.0.0 --port 42356",
    {"main.py": GOOGLE},
)
HTTP_API = Host(
    "awslambdaric, HTTP API",
    LAMBDA,
    {"lambda_function.py": AWS_LAMBDA},
    event="http",
    finishes=False,
    cannot=ONE_AT_A_TIME,
)
FUNC = Host("func-python", KNATIVE, {"function/__init__.py": ASGI}, {"LISTEN_ADDRESS": "0.0.0.0:42356"})
AZURE_FUNCTION = Host(
    "Azure Functions, by contract",
    f"python {shlex.quote(str(ROOT))}/tests/hosts/azure_contract.py 42356",
    {"function_app.py": AZURE},
    real=False,
    finishes=False,
)
SERVERS = [
    Host("waitress, handler.py", "python handler.py --listen 0.0.0.0:42356"),
    GTHREAD,
    Host("gunicorn, sync", f"{GUNICORN} --workers 5 handler:application"),
    Host(
        "uWSGI",
        "uwsgi --http-socket 0.0.0.0:42356 --master --need-app --threads 20 --module handler:application"
        " --hook-master-start 'unix_signal:15 gracefully_kill_them_all'",
        drops_chunked=True,
    ),
    Host(
        "granian",
        "granian --interface wsgi --host 0.0.0.0 --port 42356 --blocking-threads 20 handler:application",
    ),
    Host(
        "cheroot",
        "python -m cheroot --bind 0.0.0.0:42356 --threads 20 handler:application",
        finishes=False,
        cannot=NO_PROXY,
    ),
    UVICORN,
    Host("hypercorn, a2wsgi", "hypercorn --bind 0.0.0.0:42356 --graceful-timeout 55 asgi:handle", {"asgi.py": ASGI}),
    Host("mod_wsgi, Apache", APACHE, {"apache2.conf": APACHE_WSGI}, finishes=False),
    CGI_SCRIPT,
]
FUNCTION_HOSTS = [
    FUNCTIONS_FRAMEWORK,
    HTTP_API,
    replace(
        HTTP_API,
        name="awslambdaric, HTTP API in a stage",
        event="http, in a stage",
        environment={"API_GATEWAY_BASE_PATH": "prod"},
    ),
    replace(HTTP_API, name="awslambdaric, REST API", event="rest"),
    replace(HTTP_API, name="awslambdaric, ALB", event="alb"),
    replace(HTTP_API, name="awslambdaric, function URL", event="url"),
    FUNC,
    AZURE_FUNCTION,
]
ALONE = [host.alone() for host in (GTHREAD, UVICORN, CGI_SCRIPT, FUNCTIONS_FRAMEWORK, HTTP_API, FUNC, AZURE_FUNCTION)]
HOSTS = [*SERVERS, *FUNCTION_HOSTS, *ALONE]
