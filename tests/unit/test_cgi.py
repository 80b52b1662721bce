"""Tests of a CGI process, which reads the environment and standard input and answers on standard output."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.service import ROOT

PROGRAM = "from handler import application; from lib.serving.adapters import serve_cgi; serve_cgi(application)"


def answer_to(folder: Path, body: bytes, *, ends: bool, **environment: str) -> tuple[bytes, bytes]:
    """Returns what the process wrote to standard output and to standard error.

    Its standard input is closed after the body if `ends` is true, and else stays open.
    """
    config = folder / "config.yaml"
    config.write_text(f"user_handler: {{log_file: {folder / 'log'}}}\n")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CONCERTIM", "JWT"))}
    cgi = {"REQUEST_METHOD": "POST", "PATH_INFO": "/user", "CONTENT_TYPE": "application/json"}
    with (
        (folder / "answer").open("wb") as answer,
        (folder / "said").open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env=inherited | cgi | {"CONCERTIM_CONFIG": str(config)} | environment,
            stdin=subprocess.PIPE,
            stdout=answer,
            stderr=said,
        ) as process,
    ):
        assert process.stdin
        process.stdin.write(body)
        process.stdin.flush()
        if ends:
            process.stdin.close()
        assert process.wait(60) == 0
    return (folder / "answer").read_bytes(), (folder / "said").read_bytes()


def test_standard_output_has_the_answer_alone(tmp_path: Path) -> None:
    """The log, which goes to standard output on other hosts, goes to standard error here."""
    answer, said = answer_to(tmp_path, b"[]", ends=True, CONTENT_LENGTH="2")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"Status: 400 BAD REQUEST\r\n")
    assert json.loads(body)["message"] == "request: must be an object"
    assert b"POST /user 400" in said


def test_a_body_is_read_to_its_length_and_no_further(tmp_path: Path) -> None:
    """Not every host closes standard input after the body."""
    answer, _ = answer_to(tmp_path, b"[]", ends=False, CONTENT_LENGTH="2")
    assert b"request: must be an object" in answer
    answer, _ = answer_to(tmp_path, b"", ends=False)
    assert b"request: is not JSON" in answer


def test_a_chunked_body_is_read_to_its_end(tmp_path: Path) -> None:
    """Apache passes a chunked body on without its chunks and without a length."""
    answer, _ = answer_to(tmp_path, b"[]", ends=True, HTTP_TRANSFER_ENCODING="chunked")
    assert b"request: must be an object" in answer


def test_a_body_that_is_cut_short_is_refused_in_one_line(tmp_path: Path) -> None:
    """The client has disconnected, so a traceback would tell an operator nothing more."""
    answer, said = answer_to(tmp_path, b"[]", ends=True, CONTENT_LENGTH="40")
    assert b"request: the body ended before it was complete" in answer
    assert b"Traceback" not in said
    answer, said = answer_to(tmp_path, b"[]", ends=True, CONTENT_LENGTH="40", PATH_INFO="/nothing")
    assert b"no_such_path" in answer
    assert b"Traceback" not in said
