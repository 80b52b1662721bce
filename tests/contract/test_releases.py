"""Tests of what each release of the UI does, in order, and of the answers that it needs."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from keystoneauth1.exceptions import NotFound, Unauthorized

from tests.contract.ui import RELEASES, UI, Refused, Release
from tests.support.keystone import Keystone
from tests.support.proxy import Exchange, Fault, proxy
from tests.support.service import service


def opens(cloud: Keystone, user_id: str, password: str) -> bool:
    """Returns whether the password logs in as the user."""
    try:
        cloud.client(user_id=user_id, password=password, unscoped=True).session.get_token()
    except Unauthorized:
        return False
    return True


def exists(manager: Any, found_id: str) -> bool:
    """Returns whether the cloud still has the user or project."""
    try:
        manager.get(found_id)
    except NotFound:
        return False
    return True


def roles_of(cloud: Keystone, user_id: str) -> list[str]:
    """Returns the names of the roles that the user holds."""
    return sorted(one.role["name"] for one in cloud.admin.role_assignments.list(user=user_id, include_names=True))


def signs_up_and_repeats(ui: UI) -> None:
    """A repeated sign-up gets the same ids, and the person can log in."""
    kept = ui.sign_up()
    assert ui.sign_up() == kept
    assert opens(ui.cloud, kept["user_id"], "correct-horse")


def repeats_with_the_ids_it_has(ui: UI) -> None:
    """The UI sends the ids that it has when an admin saves the cloud environment again."""
    kept = ui.sign_up()
    billing = {"billing_account_id": kept["billing"]} if "billing" in kept else {}
    assert ui.sign_up(cloud_user_id=kept["user_id"], project_id=kept["project_id"], **billing) == kept


def signs_up_an_account_older_than_passwords(ui: UI) -> None:
    """The UI sends the id of such an account and a blank password; v0.2.0 and v0.2.1 send the id with dashes."""
    user = ui.cloud.admin.users.create(f"concertim_{ui.login}", domain="default", password="of-old")
    dashed = "-".join([user.id[:8], user.id[8:12], user.id[12:16], user.id[16:20], user.id[20:]])
    sent = dashed if ui.release.name in ("v0.2.0", "v0.2.1") else user.id
    assert ui.sign_up(password=ui.release.blank, cloud_user_id=sent)["user_id"] == user.id
    assert opens(ui.cloud, user.id, "of-old")


def starts_with_all_users_at_once(ui: UI) -> None:
    """The UI signs everybody up, five concurrently, with ids for some of them.

    Each person gets ids, and a billing account, of their own.
    """
    known = (
        {} if ui.release.teams else {f"{ui.login}-{number}": ui.sign_up(f"{ui.login}-{number}") for number in (0, 3)}
    )

    def sign_up(number: int) -> dict[str, str]:
        login = f"{ui.login}-{number}"
        ids = known.get(login, {})
        sent = {"cloud_user_id": ids["user_id"], "project_id": ids["project_id"]} if ids else {}
        return ui.sign_up(login, **sent)

    with ThreadPoolExecutor(5) as threads:
        everybody = list(threads.map(sign_up, range(10)))
    for key in everybody[0]:
        assert len({kept[key] for kept in everybody}) == 10
    assert all(everybody[int(login[-1])] == kept for login, kept in known.items())


def gives_up_waiting_and_repeats(ui: UI) -> None:
    """Keystone takes longer for one call than the UI waits, so the first try is still running when the repeat comes."""
    with proxy(ui.cloud.auth_url) as slow:

        def late(exchange: Exchange) -> None:
            time.sleep(ui.release.timeout + 1)
            exchange.reply(exchange.ask_keystone())

        def instead(method: str, path: str) -> Fault | None:
            return late if (method, path) == ("POST", "/projects") and slow.calls.count((method, path)) == 1 else None

        slow.instead = instead
        impatient = UI(ui.release, ui.url, ui.cloud, slow.auth_url, login=ui.login)
        kept = impatient.sign_up()
        time.sleep(2)
        assert impatient.sign_up() == kept
    assert roles_of(ui.cloud, kept["user_id"]) == ["member"]


def changes_a_password(ui: UI) -> None:
    """The UI stores the new password only after a success.

    So null, which it sends after two quick changes, must not succeed.
    """
    kept = ui.sign_up()
    change = (*ui.release.changes[0],)

    def send(**data: Any) -> dict[str, Any]:
        info = {key: value for key, value in ui.user_info(kept).items() if key != "project_id"}
        return ui.job(*change, user_info=info | {"new_data": data})

    send(password="battery-staple", email="new@site.example")
    assert opens(ui.cloud, kept["user_id"], "battery-staple")
    assert ui.cloud.admin.users.get(kept["user_id"]).email == "new@site.example"
    for blank in (None, "", "  "):
        with pytest.raises(Refused, match="400 bad_request"):
            send(password=blank)
    assert opens(ui.cloud, kept["user_id"], "battery-staple")


def deletes_a_person_and_repeats(ui: UI) -> None:
    """A repeated deletion is answered 2xx, as the UI's record would otherwise stay "Pending deletion" for ever."""
    kept = ui.sign_up()
    for _ in range(2):
        ui.job(*ui.release.changes[1], user_info=ui.user_info(kept))
        assert not exists(ui.cloud.admin.users, kept["user_id"])
        assert "project_id" not in kept or not exists(ui.cloud.admin.projects, kept["project_id"])


def deletes_what_it_has_no_ids_of(ui: UI) -> None:
    """The UI may send null for each id of a person whom it deletes."""
    ui.job(*ui.release.changes[1], user_info=dict.fromkeys(("billing_acct_id", "cloud_user_id", "project_id")))


def signs_up_with_a_team(ui: UI) -> None:
    """The UI calls /user, then /team, then /team_role for the team's admin, and repeats each of them."""
    kept = ui.sign_up()
    name = f"{ui.login}_team"
    for _ in range(2):
        answer = ui.job("POST", "/team", name=name)
        team = {key: _filled_team(answer, key) for key in ("project_id", "billing_acct_id")}
        assert ui.job("POST", "/team", name=name, **team) == team
        membership = {"role": "admin", "project_id": team["project_id"], "user_id": kept["user_id"]}
        ui.send("POST", "/team_role", team_role=membership)
    assert roles_of(ui.cloud, kept["user_id"]) == ["member"]
    scoped = ui.cloud.client(user_id=kept["user_id"], password="correct-horse", project_id=team["project_id"])
    assert scoped.session.get_token()


def _filled_team(answer: dict[str, Any], key: str) -> str:
    assert isinstance(answer[key], str)
    assert answer[key].strip()
    return str(answer[key])


def changes_and_ends_a_role(ui: UI) -> None:
    """An admin becomes a member, the change is repeated, and the role is revoked; ids that the UI lacks are null."""
    kept = ui.sign_up()
    project_id = ui.job("POST", "/team", name=f"{ui.login} team")["project_id"]
    ids = {"project_id": project_id, "user_id": kept["user_id"]}
    ui.send("POST", "/team_role", team_role={"role": "admin", **ids})
    for current, new in (("admin", "member"), ("member", "member"), ("admin", "member"), ("member", "admin")):
        ui.send("PATCH", "/team_role", team_role={"current_role": current, "new_role": new, **ids})
        assert roles_of(ui.cloud, kept["user_id"]) == ["member"]
    for _ in range(2):
        ui.send("DELETE", "/team_role", team_role={"role": "admin", **ids})
        assert roles_of(ui.cloud, kept["user_id"]) == []
    nobody = {"project_id": None, "user_id": None}
    ui.send("DELETE", "/team_role", team_role={"role": "member", **nobody})
    with pytest.raises(Refused, match="400 bad_request"):
        ui.send("PATCH", "/team_role", team_role={"current_role": "admin", "new_role": "member", **nobody})


def deletes_a_team_and_repeats(ui: UI) -> None:
    """The UI deletes a team and repeats that, both with the team's ids and without them."""
    team = ui.job("POST", "/team", name=f"{ui.login}-team")
    for _ in range(2):
        ui.job("DELETE", "/team", team_info=team)
        assert not exists(ui.cloud.admin.projects, team["project_id"])
    ui.job("DELETE", "/team", team_info={"billing_acct_id": "b-1", "project_id": None})


def shows_its_token_where_one_is_asked_for(ui: UI) -> None:
    """With the site's secret the UI can sign up and delete persons, and with another secret it can do nothing."""
    secret = "of this site, and of 32 bytes at least"
    with service(JWT_SECRET=secret) as guarded:
        stranger = UI(ui.release, str(guarded.url), ui.cloud)
        with pytest.raises(Refused, match="401 unauthorized"):
            stranger.sign_up()
        known = UI(ui.release, str(guarded.url), ui.cloud, jwt_secret=secret)
        signs_up_and_repeats(known)
        deletes_a_person_and_repeats(known)


def asks_other_services(ui: UI) -> None:
    """The UI may send requests for other services to the same base URL."""
    for path in ("/key_pairs", "/update_status/servers/1", "/statistics", "/team/limits", "//user/invoice"):
        with pytest.raises(Refused, match=r"404 no_such_path: .* belong to other Concertim services"):
            ui.send("POST", path)


CALLS: dict[Callable[[UI], None], Callable[[Release], bool]] = {
    signs_up_and_repeats: lambda _: True,
    repeats_with_the_ids_it_has: lambda release: not release.teams,
    signs_up_an_account_older_than_passwords: lambda release: release.blank != "absent",
    starts_with_all_users_at_once: lambda _: True,
    gives_up_waiting_and_repeats: lambda release: release.timeout < 60,
    changes_a_password: lambda release: bool(release.changes),
    deletes_a_person_and_repeats: lambda release: bool(release.changes),
    deletes_what_it_has_no_ids_of: lambda release: bool(release.changes),
    signs_up_with_a_team: lambda release: release.teams,
    changes_and_ends_a_role: lambda release: release.teams,
    deletes_a_team_and_repeats: lambda release: release.teams,
    shows_its_token_where_one_is_asked_for: lambda release: release.jwt,
    asks_other_services: lambda _: True,
}


@pytest.mark.parametrize(
    ("release", "does"),
    [
        pytest.param(release, does, id=f"{release.name}-{does.__name__}")
        for does, fits in CALLS.items()
        for release in RELEASES
        if fits(release)
    ],
)
def test_every_release_works(
    cloud: Keystone,
    url: str,
    record_property: Callable[[str, object], None],
    release: Release,
    does: Callable[[UI], None],
) -> None:
    """Each release does what it does against one running service, over a real socket."""
    record_property("contract", [release.name, does.__name__.replace("_", " ")])
    does(UI(release, url, cloud))
