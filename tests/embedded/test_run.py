"""`callboard run`: the whole job in one process, and what a person sees of it."""

import re
import shutil
import stat
import time
from pathlib import Path

import httpx
import pytest
from embedded_tests import MAILS, Callboard, callboard, started
from observatory import is_safe
from shared.auth import ADMIN, development_token


def told(running: Callboard) -> list[tuple[str, str]]:
    ledger = httpx.get(f"{running.url}/partner/ledger").json()
    return [(entry["dispatchId"], entry["statusCode"]) for entry in ledger if entry["booked"]]


def test_the_sample_mails_go_through_the_whole_job(tmp_path: Path) -> None:
    with started(tmp_path / "data", "--demo") as running:
        running.until_quiet(48)
        dispatches = running.read("/v1/dispatches", limit=200)["items"]
        assert len(dispatches) == 24
        assert {dispatch["technician_id"] for dispatch in dispatches} != {None}
        assert sorted(told(running)) == sorted((dispatch["number"], "50") for dispatch in dispatches)
        assert len(list((running.data / "outgoing/new").iterdir())) == 45
        assert not list((running.data / "mailbox/new").iterdir())
        assert stat.S_IMODE((running.data / "secret.key").stat().st_mode) == 0o600
        assert stat.S_IMODE(running.data.stat().st_mode) == 0o700

        page = httpx.get(f"{running.url}/")
        assert "set-cookie" not in page.headers
        for part in ("", "style.css", "desk.js", "partner/"):
            answer = httpx.get(f"{running.url}/{part}")
            assert answer.status_code == 200
            is_safe(answer, part)
        assert not [dispatch for dispatch in dispatches if dispatch["number"] in page.text]

        second = callboard("run", "--data", running.data, "--port", "0")
        assert second.returncode == 1
        assert "already runs" in second.stderr
        begun = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - begun < 10


def test_it_goes_on_where_it_stopped_also_on_another_port(copied: Path) -> None:
    with started(copied, "--demo") as running:
        assert len(running.read("/v1/mails", limit=200)["items"]) == 48
        assert len(running.read("/v1/mailboxes")["items"]) == 1
        assert len(running.read("/v1/technicians")) == 1
        dispatch = running.read("/v1/dispatches", limit=1)["items"][0]
        before = told(running)
        body = {"status": "Working"}
        running.http.put(f"/v1/dispatches/{dispatch['id']}/status", json=body).raise_for_status()
        running.until(lambda: told(running) == [*before, (dispatch["number"], "20")])


def test_a_mail_put_into_the_maildir_is_taken(tmp_path: Path) -> None:
    with started(tmp_path / "data") as running:
        assert running.read("/v1/mails")["items"] == []
        shutil.copy(MAILS / "00001.eml", running.data / "mailbox/new/1")
        running.until_quiet(1)
        (mail,) = running.read("/v1/mails")["items"]
        assert (mail["outcome"], mail["number"]) == ("processed", "4554634")


def test_pages_without_a_login_are_for_this_machine_only(tmp_path: Path) -> None:
    with started(tmp_path / "data") as running:
        for path in ("/", "/partner/", "/partner/ledger", "/gateways/stripe/", "/style.css", "/desk.js"):
            assert httpx.get(running.url + path).status_code == 200
            rebound = httpx.get(running.url + path, headers={"Host": "evil.example"})
            assert rebound.status_code == 403, path
        assert httpx.get(f"{running.url}/v1/mails").status_code == 401
        docs = httpx.get(f"{running.url}/docs").text
        places = re.findall(r'(?:src|href)="([^"]+)"', docs)
        assert places
        for place in places:
            assert place.startswith(("/docs/", "data:")), "the page must work without the internet"
        for place in places:
            if not place.startswith("data:"):
                assert httpx.get(running.url + place).status_code == 200


def test_the_first_start_names_an_administrator_once(tmp_path: Path) -> None:
    with started(tmp_path / "data") as running:
        password = re.search(r"User name +admin\n +Password +(\S+)", running.said)
        program = re.search(r"CLIENT=([\w-]+):(\S+)", running.said)
        assert password
        assert program
        name = {"user_name": "admin"}
        with httpx.Client(base_url=running.url, headers={"X-Requested-With": "test"}) as http:
            session = http.post("/v1/session", json={**name, "password": password[1]})
            assert session.json()["must_change"]
            assert "__Host-callboard" in session.headers["set-cookie"]

            fetched = http.post(
                "/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=(program[1], program[2])
            ).json()
            http.headers["Authorization"] = f"Bearer {fetched['access_token']}"
            assert http.get("/v1/mails").status_code == 200
            refused = http.get("/v1/mailboxes")
            assert (refused.status_code, "mailboxes:read" in refused.text) == (403, True)
            http.headers["Authorization"] = f"Bearer {development_token(ADMIN)}"
            assert http.get("/v1/mails").status_code == 401, "everybody knows that key"

            reset = callboard("admin", "reset-password", "admin", "--data", running.data)
            newer = re.search(r"One-time password +(\S+)", reset.stdout)
            assert newer
            for each, status in ((password[1], 401), (newer[1], 200)):
                assert http.post("/v1/session", json={**name, "password": each}).status_code == status

        unknown = callboard("admin", "reset-password", "ann", "--data", running.data)
        assert (unknown.returncode, unknown.stderr) == (1, "No such account of staff\n")
        made = callboard("admin", "create", "ann", "--data", running.data)
        assert "One-time password" in made.stdout
        assert callboard("admin", "create", "Ann", "--data", running.data).returncode == 1
        running.stop()
    with started(tmp_path / "data") as again:
        assert password[1] not in again.said
        assert program[2] not in again.said
        assert "Password  " not in again.said
        assert "callboard token" in again.said
    for file in (tmp_path / "data").glob("portal-api.db*"):
        for secret in (password[1], program[2], newer[1]):
            assert secret.encode() not in file.read_bytes()


def test_production_has_keys_of_its_own_and_no_page_without_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLBOARD_ENVIRONMENT", "production")
    with started(tmp_path / "data") as running:
        for path in ("/", "/partner/", "/style.css", "/desk.js"):
            assert httpx.get(running.url + path).status_code == 404
        assert "CLIENT=" not in running.said
        assert "Password  " in running.said
        assert running.read("/v1/mails")["items"] == []


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with started(tmp_path / "one") as running:
        port = str(httpx.URL(running.url).port)
        refused = callboard("run", "--data", tmp_path / "two", "--port", port)
        assert refused.returncode == 1
        assert "--port" in refused.stderr
