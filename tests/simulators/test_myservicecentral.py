"""The partner's stand-in, at its door: what it books, how it misbehaves, and what it shows."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from dispatch.partners import MYSERVICECENTRAL, Account, Update, judge, render
from localservers.ports import reserve
from pydantic import SecretStr
from simulators.myservicecentral import create_app

PASSWORD = "s3cret-of-the-office"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


@pytest.fixture
async def partner(path: Path) -> AsyncGenerator[httpx.AsyncClient]:
    async with opened(path) as client:
        yield client


def opened(path: Path) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app(path)), base_url="http://partner.test")


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def tell(partner: httpx.AsyncClient, id: str = "1", code: str = "50", **more: Any) -> str:
    """Sends an update in the form that the dispatch service sends, and judges the answer as it does."""
    account = Account("http://partner.test/updates", "C1", "U1", SecretStr(PASSWORD))
    update = Update(id, "4388309", code, "Loaded", None, None, None, datetime.now(UTC))
    request = render(MYSERVICECENTRAL, account, update._replace(**more))
    answer = await partner.request(request.method, request.url, headers=request.headers, content=request.body)
    return judge(MYSERVICECENTRAL.success, answer.status_code, answer.content).state


async def behave(partner: httpx.AsyncClient, **behaviour: Any) -> None:
    (await partner.put("/behaviour", json=behaviour)).raise_for_status()


async def test_an_update_in_our_default_form_is_booked(partner: httpx.AsyncClient, path: Path) -> None:
    assert await tell(partner, note="Gate <4>", local="2026-01-05T10:15:48") == "accepted"
    (entry,) = written(path)
    assert entry["dispatchId"] == "4388309"
    assert entry["statusCode"] == "50"
    assert entry["statusDateTime"] == "2026-01-05T10:15:48"
    assert entry["decision"] == "accept"
    assert entry["booked"] is True
    assert entry["repeat"] is False
    assert PASSWORD not in path.read_text()


async def test_a_repeated_id_is_accepted_and_marked(partner: httpx.AsyncClient, path: Path) -> None:
    assert [await tell(partner, id) for id in ("1", "2", "1")] == ["accepted"] * 3
    assert [entry["repeat"] for entry in written(path)] == [False, False, True]


async def test_the_same_id_at_the_same_time_is_new_only_once(partner: httpx.AsyncClient, path: Path) -> None:
    await asyncio.gather(*(tell(partner) for _ in range(10)))
    assert sorted(entry["repeat"] for entry in written(path)) == [False] + [True] * 9


@pytest.mark.parametrize(
    ("mode", "judged"),
    [("fail", "unknown"), ("lie", "refused"), ("garble", "unknown"), ("refuse", "refused")],
)
async def test_it_misbehaves_as_often_as_told(
    partner: httpx.AsyncClient, path: Path, mode: str, judged: str
) -> None:
    await behave(partner, mode=mode, times=2)
    assert [await tell(partner) for _ in range(3)] == [judged, judged, "accepted"]
    assert [entry["decision"] for entry in written(path)] == [mode, mode, "accept"]
    assert [entry["booked"] for entry in written(path)] == [False, False, True]
    assert not any(entry["repeat"] for entry in written(path))


async def test_it_misbehaves_until_it_recovers(partner: httpx.AsyncClient) -> None:
    await behave(partner, mode="fail")
    assert [await tell(partner) for _ in range(5)] == ["unknown"] * 5
    await behave(partner, mode="accept")
    assert await tell(partner) == "accepted"


async def test_a_stalled_answer_is_booked_so_the_next_try_is_a_repeat(
    partner: httpx.AsyncClient, path: Path
) -> None:
    await behave(partner, mode="stall", times=1, seconds=600)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(tell(partner), 0.5)
    assert await tell(partner) == "accepted"
    assert [(entry["decision"], entry["repeat"]) for entry in written(path)] == [
        ("stall", False),
        ("accept", True),
    ]


async def test_a_request_that_cannot_be_read_is_refused_and_kept(
    partner: httpx.AsyncClient, path: Path
) -> None:
    answer = await partner.post("/updates", json={"updateId": "1", "password": PASSWORD})
    assert answer.status_code == 400
    assert "dispatchId" in answer.text
    assert (await partner.post("/updates", content=b"\xff<xml/>")).status_code == 400
    assert [entry["decision"] for entry in written(path)] == ["invalid", "invalid"]
    assert PASSWORD not in answer.text + path.read_text()


async def test_the_ledger_outlives_it_even_with_a_line_cut_in_two(path: Path) -> None:
    async with opened(path) as first:
        await tell(first, "1")
    path.write_bytes(path.read_bytes() + b'{"at": "2026-01-0')
    async with opened(path) as second:
        await tell(second, "1")
        await tell(second, "2")
        kept = (await second.get("/ledger", params={"dispatch": "4388309"})).json()
    assert [(entry["updateId"], entry["repeat"]) for entry in kept] == [
        ("1", False),
        ("1", True),
        ("2", False),
    ]
    assert len(written(path)) == 3


async def test_the_page_shows_what_came_newest_first(partner: httpx.AsyncClient) -> None:
    await tell(partner, "1", number="<b>7</b>")
    await tell(partner, "2", number="4388309")
    page = await partner.get("/")
    assert page.text.index("4388309") < page.text.index("&lt;b&gt;7")
    assert "<b>7</b>" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert page.headers["refresh"] == "5"
    still = await partner.get("/", params={"live": "no", "dispatch": "4388309"})
    assert "refresh" not in still.headers
    assert "&lt;b&gt;7" not in still.text
    assert (await partner.get("/style.css")).headers["content-type"].startswith("text/css")


async def test_its_buttons_work_from_its_own_page_only(partner: httpx.AsyncClient) -> None:
    form = {"mode": "refuse", "times": "1"}
    foreign = await partner.post("/behaviour", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert (await partner.post("/behaviour", data={"mode": "explode"})).status_code == 422
    assert (await tell(partner)) == "accepted"
    assert (await partner.post("/behaviour", data=form)).status_code == 303
    assert "refuse" in (await partner.get("/")).text
    assert (await tell(partner)) == "refused"


def test_it_runs_as_a_server_of_its_own(path: Path) -> None:
    with reserve() as held:
        port = held.getsockname()[1]
    command = [sys.executable, "-m", "simulators", "myservicecentral", "--port", str(port)]
    process = subprocess.Popen([*command, "--ledger", str(path)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("it did not start")
    finally:
        process.terminate()
        process.wait(10)
    assert path.exists()
