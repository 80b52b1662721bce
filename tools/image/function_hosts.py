"""The images for AWS Lambda and functions-framework: each answers as the service does, and is as hardened."""

import os
import socket

from tests.hosts.gateway import gateway
from tests.support.keystone import Keystone
from tests.support.service import ROOT
from tools.image.asking import await_running, bearer, post, sign_up
from tools.image.checks import expect
from tools.image.engine import IMAGE, TAG, Engine
from tools.image.pins import pinned, spelled

# The kinds of events of API Gateway.
EVENTS = ("http", "rest")
PACKAGES = "from importlib.metadata import distributions as d; print(*(f'{o.name}=={o.version}' for o in d()))"


def prove_lambda(engine: Engine, cloud: Keystone) -> None:
    """Runs the image for AWS Lambda under a Runtime API, which is a stand-in for Amazon's."""
    image = _build(engine, "aws_lambda")
    for kind in EVENTS:
        with gateway(kind) as before:
            os.environ["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{before.port}"
            _start(engine, image, cloud, "--env=AWS_LAMBDA_RUNTIME_API")
            _prove_answers(engine, cloud, f"http://127.0.0.1:{before.port}")


def prove_functions_framework(engine: Engine, cloud: Keystone) -> None:
    """Runs the image for functions-framework at a port in the environment, as Cloud Run does."""
    image = _build(engine, "functions_framework")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        os.environ["PORT"] = str(probe.getsockname()[1])
    _start(engine, image, cloud, "--env=PORT", "--tmpfs=/tmp")
    _prove_answers(engine, cloud, f"http://127.0.0.1:{os.environ['PORT']}")
    expect("ERROR" not in engine.logs(), "the host itself complains of nothing")


def _build(engine: Engine, name: str) -> str:
    """Builds the image from the service's own, and returns its name."""
    image = f"concertim-user-handler-{name.replace('_', '-')}:{TAG}"
    engine.build(f"Dockerfiles/Dockerfile.{name}", image, USER_HANDLER=IMAGE)
    files = [ROOT / "requirements.txt", ROOT / "Dockerfiles" / name / "requirements.txt"]
    installed = {spelled(one) for one in engine.output(image, "/opt/venv/bin/python", "-c", PACKAGES).split()}
    expect(installed == {pin for file in files for pin in pinned(file)}, f"{name}: all that is installed is pinned")
    return image


def _start(engine: Engine, image: str, cloud: Keystone, *options: str) -> None:
    os.environ["CONCERTIM_CONFIG_TEXT"] = f"user_handler: {{allowed_auth_urls: ['{cloud.auth_url}']}}\n"
    engine.start(*engine.hardened, "--env=CONCERTIM_CONFIG_TEXT", "--env=JWT_SECRET", *options, image=image)


def _prove_answers(engine: Engine, cloud: Keystone, url: str) -> None:
    await_running(engine, url)
    expect(post(url, json=sign_up(cloud)).status_code == 401, "a sign-up without a token is answered 401")
    answer = post(url, json=sign_up(cloud), headers=bearer())
    expect(answer.status_code == 201, "a sign-up with one is answered 201")
    expect("create_user_project 201" in engine.logs(), "its log is on standard output")
    expect(engine.inside("id", "-u").strip() == "10001", "it runs as an ordinary user")
