"""Signing keys: published before they sign, and until nothing of theirs is good any more."""

import base64
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from harness import at_work, client
from portal_api.flows.keys import keep_fresh
from portal_api.flows.tokens import issue, issue_checkout_ticket
from portal_api.models.tokens import signing_key
from portal_api.queries.keys import key_set
from portal_api.service import service
from portal_api.tokens import AHEAD
from shared.auth import ADMIN, LEEWAY, Verifier
from shared.db import utcnow, uuid7
from shared.problems import Problem
from shared.service import Running
from sqlalchemy import select

from shared import keys

Clock = Callable[[timedelta], datetime]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Moves the clock of all that is asked through `shared.db.utcnow`."""
    start = utcnow()

    def move(by: timedelta) -> datetime:
        monkeypatch.setattr("shared.db.clock", lambda: start + by)
        return start + by

    return move


async def signer(run: Running[Any]) -> str:
    """The id of the key that signs now."""
    async with run.work() as work:
        token = await issue(work, subject="a", roles=["office.admin"], seconds=60)
    return jwt.get_unverified_header(token)["kid"]


async def published(run: Running[Any]) -> list[str]:
    async with client(run) as http:
        answer = await http.get("/v1/jwks")
        assert answer.json() == (await http.get("/.well-known/jwks.json")).json()
        assert answer.headers["cache-control"] == "public, max-age=300"
        for key in answer.json()["keys"]:
            assert key.keys() == {"kty", "crv", "use", "alg", "kid", "x"}, "nothing private"
        return [key["kid"] for key in answer.json()["keys"]]


async def fresh(run: Running[Any]) -> None:
    async with run.work() as work:
        await keep_fresh(work, days=30)


async def test_the_first_key_signs_at_once(run: Running[Any]) -> None:
    kid = await signer(run)
    assert await published(run) == [kid]
    await fresh(run)
    assert await published(run) == [kid]


def test_a_key_is_published_for_longer_than_verifiers_keep_what_they_fetched() -> None:
    assert timedelta(seconds=2 * keys.LIFE) < AHEAD


async def test_a_key_is_replaced_by_its_age(run: Running[Any], later: Clock) -> None:
    later(timedelta(0))
    old = await signer(run)
    later(timedelta(days=30) - timedelta(seconds=1))
    await fresh(run)
    assert await published(run) == [old]
    later(timedelta(days=30))
    await fresh(run)
    new, also = await published(run)
    assert also == old
    assert await signer(run) == old, "nobody may know the new one yet"
    later(timedelta(days=30) + AHEAD - timedelta(seconds=1))
    assert await signer(run) == old
    later(timedelta(days=30) + AHEAD)
    assert await signer(run) == new
    later(timedelta(days=30) + AHEAD + timedelta(minutes=15))
    await fresh(run)
    assert await published(run) == [new, old], "the old one's last token is still good"
    later(timedelta(days=30) + AHEAD + timedelta(minutes=17))
    await fresh(run)
    assert await published(run) == [new]
    async with run.database.read() as read:
        assert len((await read.execute(select(signing_key))).all()) == 1, "the private part is gone too"


async def test_an_administrator_rotates(run: Running[Any]) -> None:
    old = await signer(run)
    async with client(run, *ADMIN) as office:
        assert (await office.post("/v1/signing-keys", json={})).status_code == 204
        first, second = (await office.get("/v1/signing-keys")).json()
        assert second["kid"] == old
        assert first["signs_from"] > second["signs_from"]
        assert second["published_until"] > first["signs_from"]
    assert await signer(run) == old


async def test_a_key_that_others_know_is_withdrawn_at_once(run: Running[Any]) -> None:
    async with run.work() as work:
        stolen = await issue(work, subject="a", roles=["office.admin"], seconds=60)
    verifier = Verifier(lambda: key_set(run))
    assert (await verifier.principal(stolen)).subject == "a"
    async with client(run, *ADMIN) as office:
        assert (await office.post("/v1/signing-keys", json={"at_once": True})).status_code == 204
    (kid,) = await published(run)
    assert await signer(run) == kid
    with pytest.raises(Problem):
        await Verifier(lambda: key_set(run)).principal(stolen)


async def test_private_keys_are_sealed(run: Running[Any]) -> None:
    kid = await signer(run)
    async with run.database.read() as read:
        row = (await read.execute(select(signing_key).where(signing_key.c.kid == kid))).one()
    assert len(base64.b64decode(row.sealed.partition(".")[2])) == 12 + 43 + 16, "nonce, text, tag"


async def test_with_another_secret_key_a_new_key_signs(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/portal-api.db"
    async with at_work(service, url) as run:
        old = await signer(run)
    async with at_work(service, url, secret_key=base64.b64encode(bytes(32)).decode()) as run:
        new = await signer(run)
        assert await published(run) == [new, old], "tokens of the old one go on"
        assert await signer(run) == new


async def test_no_token_outlives_a_quarter_of_an_hour(embedded: Running[Any]) -> None:
    async with embedded.work() as work:
        with pytest.raises(ValueError, match="900"):
            await issue(work, subject="a", roles=[], seconds=901)


async def test_a_ticket_says_what_may_be_paid_and_opens_nothing_else(embedded: Running[Any]) -> None:
    account, customer, location, invoice = (uuid7() for _ in range(4))
    async with embedded.work() as work:
        ticket = await issue_checkout_ticket(
            work,
            account_id=account,
            customer_id=customer,
            location_id=location,
            invoices={invoice: None},
            cap=7500,
            currency="USD",
        )
        token = await issue(work, subject="a", roles=["customer"], seconds=60)
    verifier = Verifier(lambda: key_set(embedded))
    found = await verifier.checkout_ticket(ticket)
    assert (found.account_id, found.customer_id, found.location_id) == (account, customer, location)
    assert (found.invoices, found.cap, found.currency) == ((invoice,), 7500, "USD")
    assert 290 < found.expires.timestamp() - time.time() <= 300
    for check, wrong in ((verifier.principal, ticket), (verifier.checkout_ticket, token)):
        with pytest.raises(Problem) as refused:
            await check(wrong)
        assert refused.value.status == 401
    assert LEEWAY <= 10
