"""Tests that each call to the base URL arrives, as it was sent, at the server that it is for."""

import json
import uuid
from dataclasses import replace

import pytest
import requests

from tests.contract.ui import RELEASES, UI, Release
from tests.deploy.split.tables import routes_of_the_ui
from tests.support.keystone import Keystone
from tests.support.older_server import NAME, OlderServer
from tests.support.pages import names_of
from tests.support.service import Service

# Releases that send the same are tried once.
BY_FORM = {replace(release, name=""): release for release in RELEASES}
# What the UI and the cluster builder ask of other services, by the releases of the UI that ask it.
OTHERS = [
    *("/key_pairs", "/update_status/servers/1", "/get_user_invoice"),
    *("/get_draft_invoice", "/list_paginated_invoices", "/get_account_invoice", "/add_credits"),
    *("/credits", "/statistics", "/team/limits", f"/team/{'0' * 32}/quotas", "/team/..%2Fuser/quotas"),
    *("/get_credits", "/create_order", "/delete_order", "/add_order_tag"),
]
# What UserHandler serves for others than the UI.
FOR_OPERATORS = ["/check_cloud", "/list_user_projects", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics"]


def without_id(answer: requests.Response) -> tuple[int, str, dict[str, str]]:
    """Returns status, body and headers of an answer, but for what differs from one request to the next."""
    request_id = answer.headers["X-OpenStack-Request-ID"]
    names = ("Content-Type", "Content-Length", "Allow", "Retry-After", "WWW-Authenticate")
    kept = {str(name): answer.headers[name] for name in names if name in answer.headers}
    return answer.status_code, answer.text.replace(request_id, "req-…"), kept


@pytest.mark.parametrize("route", routes_of_the_ui(), ids=names_of)
def test_every_route_of_the_ui_leads_to_userhandler(
    base: str, older: OlderServer, user_handler: Service, route: tuple[str, str]
) -> None:
    """The answer is that of UserHandler itself, whatever the request, and with any method."""
    method, path = route
    asked = [*older.asked]
    for sent in (method, "PUT"):
        body = {"username": "ann"} if sent != "GET" else None
        through = requests.request(sent, f"{base}{path}", timeout=60, json=body)
        directly = requests.request(sent, f"{user_handler.url}{path}", timeout=60, json=body)
        assert without_id(through) == without_id(directly)
    assert older.asked == asked


@pytest.mark.parametrize("release", BY_FORM.values(), ids=[release.name for release in BY_FORM.values()])
def test_every_release_of_the_ui_works_through_the_front(
    base: str, older: OlderServer, cloud: Keystone, release: Release
) -> None:
    """Each kind of request is done in a real Keystone, and the older server hears of none."""
    asked, ui = [*older.asked], UI(release, base, cloud)
    kept = ui.sign_up()
    assert cloud.admin.users.get(kept["user_id"]).name.endswith(ui.login)
    if release.teams:
        team = ui.job("POST", "/team", name=f"{ui.login}-team")
        ids = {"project_id": team["project_id"], "user_id": kept["user_id"]}
        ui.send("POST", "/team_role", team_role={"role": "admin", **ids})
        ui.send("PATCH", "/team_role", team_role={"current_role": "admin", "new_role": "member", **ids})
        ui.send("DELETE", "/team_role", team_role={"role": "member", **ids})
        ui.job("DELETE", "/team", team_info=team)
    if release.changes:
        change, removal = release.changes
        about = {name: kept_id for name, kept_id in ui.user_info(kept).items() if name != "project_id"}
        ui.job(*change, user_info=about | {"new_data": {"email": "new@site.example"}})
        assert cloud.admin.users.get(kept["user_id"]).email == "new@site.example"
        ui.job(*removal, user_info=ui.user_info(kept))
        assert cloud.admin.users.list(name=f"concertim_{ui.login}") == []
    assert older.asked == asked


@pytest.mark.parametrize("path", [*OTHERS, *FOR_OPERATORS])
def test_everything_else_leads_to_the_older_server(base: str, path: str) -> None:
    """The older server gets method, query, body and Authorization as they were sent, and answers itself."""
    for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        body = "" if method == "GET" else json.dumps({"id": uuid.uuid4().hex, "name": "Ann Ömer"}, ensure_ascii=False)
        headers = {"Authorization": f"Bearer {uuid.uuid4().hex}", "Content-Type": "application/json"}
        answer = requests.request(
            method, f"{base}{path}?page=1&q=%2Fuser", data=body.encode(), headers=headers, timeout=60
        )
        assert (answer.status_code, answer.history) == (200, [])
        told = answer.json()
        got = {name: told["headers"].get(name) for name in headers}
        assert (told["server"], told["method"], told["query"]) == (NAME, method, "page=1&q=%2Fuser")
        assert (told["body"], got) == (body, headers)
        assert told["headers"]["Host"] == base.split("/")[2]
