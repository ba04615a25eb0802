"""`callboard run`: the whole job in one process, and what a person sees of it."""

import re
import shutil
import stat
import time
from pathlib import Path

import httpx
from embedded_tests import MAILS, Callboard, callboard, started


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
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert "set-cookie" not in page.headers
        for dispatch in dispatches:
            assert dispatch["number"] in page.text
        assert "<script" not in page.text
        assert httpx.get(f"{running.url}/style.css").status_code == 200
        assert "TOKEN" in running.said

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
        assert "No mail yet" in httpx.get(f"{running.url}/").text
        shutil.copy(MAILS / "00001.eml", running.data / "mailbox/new/1")
        running.until_quiet(1)
        (mail,) = running.read("/v1/mails")["items"]
        assert (mail["outcome"], mail["number"]) == ("processed", "4554634")


def test_pages_without_a_login_are_for_this_machine_only(tmp_path: Path) -> None:
    with started(tmp_path / "data") as running:
        for path in ("/", "/partner/", "/partner/ledger", "/style.css"):
            assert httpx.get(running.url + path).status_code == 200
            rebound = httpx.get(running.url + path, headers={"Host": "evil.example"})
            assert rebound.status_code == 403, path
        assert httpx.get(f"{running.url}/v1/mails").status_code == 401
        docs = httpx.get(f"{running.url}/docs").text
        places = re.findall(r'(?:src|href)="([^"]+)"', docs)
        assert places
        for place in places:
            assert place.startswith(("/docs/assets/", "data:")), "the page must work without the internet"
        for place in places[:2]:
            if not place.startswith("data:"):
                assert httpx.get(running.url + place).status_code == 200


def test_production_without_keys_does_not_start(tmp_path: Path) -> None:
    refused = callboard("run", "--data", tmp_path / "data", "--port", "0", CALLBOARD_ENVIRONMENT="production")
    assert refused.returncode == 1
    assert "CALLBOARD_JWKS_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_production_shows_no_page_without_a_login(tmp_path: Path) -> None:
    import os

    os.environ["CALLBOARD_ENVIRONMENT"], os.environ["CALLBOARD_JWKS_URL"] = (
        "production",
        "http://127.0.0.1:9/",
    )
    try:
        with started(tmp_path / "data") as running:
            for path in ("/", "/partner/", "/style.css"):
                assert httpx.get(running.url + path).status_code == 404
            assert "TOKEN" not in running.said
    finally:
        del os.environ["CALLBOARD_ENVIRONMENT"], os.environ["CALLBOARD_JWKS_URL"]


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with started(tmp_path / "one") as running:
        port = str(httpx.URL(running.url).port)
        refused = callboard("run", "--data", tmp_path / "two", "--port", port)
        assert refused.returncode == 1
        assert "--port" in refused.stderr
