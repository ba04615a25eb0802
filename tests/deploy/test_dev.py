"""`make dev`: every service up and ready as a process, nothing left behind afterwards."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import httpx
import pytest
from localservers.tree import descendants, state

REPOSITORY = Path(__file__).parents[2]


def let_in(said: str, *, portal_api: str, mail_ingest: str, **_others: str) -> bool:
    """Whether the administrator that was printed is let in by another service, with a token of portal-api."""
    password = re.search(r"One-time password +(\S+)", said)
    assert password
    chosen = "a phrase of their own 7"
    with httpx.Client(base_url=portal_api, headers={"X-Requested-With": "test"}) as http:

        def post(path: str, **body: str) -> httpx.Response:
            """With the cookies, which a browser sends to this machine without TLS too, and httpx does not."""
            sent = "; ".join(f"{cookie.name}={cookie.value}" for cookie in http.cookies.jar)
            return http.post(path, json=body or None, headers={"Cookie": sent}).raise_for_status()

        post("/v1/session", user_name="admin", password=password[1])
        post("/v1/session/password", password=password[1], new_password=chosen)
        token = post("/v1/session/token").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{mail_ingest}/v1/mails", headers=headers).status_code == 200


@pytest.mark.timeout(300)
def test_starts_every_service_and_stops_all_that_it_started(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("wb") as output:
        dev = subprocess.Popen(
            [sys.executable, "-m", "localservers.dev"],
            cwd=REPOSITORY,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        deadline = time.monotonic() + 240
        while "Ctrl-C stops everything" not in said.read_text():
            assert dev.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.1)
        addresses = re.findall(
            r"^ +([a-z-]+) +(http://127\.0\.0\.1:\d+)/docs", said.read_text(), re.MULTILINE
        )
        names = [name for name, _ in addresses]
        assert names == ["mail-ingest", "dispatch", "customer", "payments", "portal-api"]
        for name, address in addresses:
            with urllib.request.urlopen(f"{address}/readyz", timeout=10) as answer:
                assert name in answer.read().decode()
        (page,) = re.findall(r"^ +sandbox +(\S+)", said.read_text(), re.MULTILINE)
        assert httpx.get(page).status_code == 200
        assert let_in(said.read_text(), **{name.replace("-", "_"): address for name, address in addresses})
        started = descendants(dev.pid)
        assert len(started) > len(names)
    finally:
        dev.send_signal(signal.SIGINT)
        dev.wait(60)
    assert said.read_text().rstrip().endswith("stopped")
    assert [pid for pid in started if state(pid) not in ("", "Z")] == []
