"""Connect to QuickBooks: an administrator's browser at the simulated Intuit and back, over real HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from gateway import Clock, serving
from harness import client
from payments.flows.connections import warn
from payments.models import gateway_connection, gateway_consent, gateway_token
from shared.service import Running
from simulators.gateways.quickbooks import create_app
from simulators.gateways.quickbooks_oauth import REALM
from sqlalchemy import select

RETURN = "/v1/gateway-connections/return"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/payments.db"


@pytest.fixture
async def intuit(tmp_path: Path) -> FastAPI:
    return create_app(tmp_path / "intuit")


@pytest.fixture
async def account(office: httpx.AsyncClient, intuit: FastAPI) -> AsyncGenerator[str]:
    async with serving(intuit) as url:
        fields = {"client_id": "our app", "client_secret": "said to nobody", "base_url": url}
        fields |= {"oauth_url": url, "revoke_url": url, "connect_url": f"{url}/connect/oauth2"}
        body = {"gateway": "quickbooks", "name": "QuickBooks", "fields": fields}
        made = await office.post("/v1/gateway-accounts", json=body)
        yield made.raise_for_status().json()["id"]


@asynccontextmanager
async def browser(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    """Of an administrator: it keeps cookies, and sends the access token where the page asks for it."""
    async with client(run, "office.admin", subject="anna") as person:
        person.base_url = httpx.URL("https://callboard.test")  # a cookie that is for https alone
        yield person


async def consented(person: httpx.AsyncClient, account: str, decision: str = "connect") -> str:
    """Path and query that Intuit sends the browser back to."""
    begun = (await person.post(f"/v1/gateway-accounts/{account}/connect")).raise_for_status().json()
    async with httpx.AsyncClient() as elsewhere:
        assert "our app" in (await elsewhere.get(begun["url"])).text
        sent = await elsewhere.post(begun["url"], data={"decision": decision})
    assert sent.headers["location"].startswith(f"{begun['redirect_url']}?")
    return httpx.URL(sent.headers["location"]).raw_path.decode()


async def ended(person: httpx.AsyncClient, path: str) -> str:
    answer = await person.get(path, headers={"Authorization": ""})
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    assert "code" not in place
    assert (await person.get(place)).status_code == 200
    return place.rsplit("/", 1)[-1]


async def state(office: httpx.AsyncClient, account: str) -> dict[str, Any]:
    return (await office.get(f"/v1/gateway-accounts/{account}")).raise_for_status().json()["connection"]


async def alerts(run: Running[Any], office: httpx.AsyncClient) -> list[str]:
    async with run.work() as work:
        await warn(work)
    found = (await office.get("/v1/payment-alerts")).raise_for_status().json()["items"]
    return [each["text"].split(":")[0].removeprefix("The connection of QuickBooks ") for each in found]


async def test_connected_tried_and_disconnected(
    run: Running[Any], office: httpx.AsyncClient, account: str
) -> None:
    assert (await state(office, account))["state"] == "not_connected"
    assert (await office.post(f"/v1/gateway-accounts/{account}/disconnect")).status_code == 409
    async with browser(run) as person:
        assert await ended(person, await consented(person, account)) == "connected"
    found = await state(office, account)
    assert (found["state"], found["company"], found["connected_by"]) == ("connected", REALM, "anna")
    assert (await office.post(f"/v1/gateway-accounts/{account}/test")).json()["ok"]
    async with run.database.read() as read:
        for table in (gateway_token, gateway_connection):
            assert REALM not in str((await read.execute(select(table))).one())
        assert (await read.execute(select(gateway_consent))).all() == []
    gone = (await office.post(f"/v1/gateway-accounts/{account}/disconnect")).raise_for_status().json()
    assert gone["revoked"]
    assert (await state(office, account))["state"] == "not_connected"
    assert not (await office.post(f"/v1/gateway-accounts/{account}/test")).json()["ok"]


async def test_a_return_is_good_once(run: Running[Any], office: httpx.AsyncClient, account: str) -> None:
    async with browser(run) as person:
        path = await consented(person, account)
        cookie = dict(person.cookies)
        assert await ended(person, path) == "connected"
        person.cookies.update(cookie)
        assert await ended(person, path) == "stale"
    assert (await state(office, account))["state"] == "connected"


async def test_a_return_that_was_not_asked_for_connects_nothing(
    run: Running[Any], office: httpx.AsyncClient, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    async with browser(run) as person, browser(run) as stranger:
        path = await consented(person, account)
        assert await ended(stranger, path) == "stale"  # with the link, but in another browser
        assert await ended(person, path) == "stale"  # and so it is used up
        forged = await consented(person, account)
        assert await ended(person, forged.replace("state=", "state=x")) == "stale"
        assert await ended(person, f"{RETURN}?code=made-up") == "stale"
        first = await consented(person, account)
        await consented(person, account)
        assert await ended(person, first) == "stale"  # begun again since
        late = await consented(person, account)
        clock.ahead += timedelta(minutes=11)
        assert await ended(person, late) == "stale"
    assert (await state(office, account))["state"] == "not_connected"


async def test_consent_refused_or_a_code_that_intuit_does_not_know(
    run: Running[Any], office: httpx.AsyncClient, account: str
) -> None:
    async with browser(run) as person:
        assert await ended(person, await consented(person, account, "cancel")) == "refused"
        path = await consented(person, account)
        assert await ended(person, path.replace("code=", "code=x")) == "failed"
    assert (await state(office, account))["state"] == "not_connected"


async def test_a_connection_that_intuit_ended_is_shown(
    run: Running[Any], office: httpx.AsyncClient, account: str, intuit: FastAPI
) -> None:
    async with browser(run) as person:
        await ended(person, await consented(person, account))
    intuit.state.access = intuit.state.refresh = None
    assert not (await office.post(f"/v1/gateway-accounts/{account}/test")).json()["ok"]
    assert (await state(office, account))["state"] == "reconnect"
    assert await alerts(run, office) == await alerts(run, office) == ["has ended"]


async def test_somebody_is_told_before_a_consent_ends(
    run: Running[Any], office: httpx.AsyncClient, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    async with browser(run) as person:
        await ended(person, await consented(person, account))
    assert await alerts(run, office) == []
    clock.ahead += timedelta(days=90)
    assert await alerts(run, office) == ["ends within 14 days"]


async def test_the_ticket_of_merchant_services_can_be_retrieved(office: httpx.AsyncClient) -> None:
    kinds = {kind["name"]: kind for kind in (await office.get("/v1/gateways")).json()}
    assert "{app_id}" in kinds["qbms"]["links"]["Retrieve my connection ticket"]
    fields = {"connection_ticket": "TGT-1", "application_login": "app.example.com", "app_id": "1 & 2"}
    body = {"gateway": "qbms", "name": "QBMS", "fields": fields}
    made = (await office.post("/v1/gateway-accounts", json=body)).raise_for_status().json()
    place = "https://merchantaccount.quickbooks.com/j/sdkconnection?appid=1%20%26%202&sessionEnabled=false"
    assert made["links"] == {"Retrieve my connection ticket": place}
    assert made["connection"] is None
    answer = await office.post(f"/v1/gateway-accounts/{made['id']}/connect")
    assert answer.status_code == 409
