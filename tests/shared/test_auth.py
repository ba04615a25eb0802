"""Tokens against published keys: what is let in, and what a dead or slow issuer does to them."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from shared.auth import LEEWAY, Verifier, development_token, sign
from shared.keys import over_http
from shared.problems import Problem

from shared import keys

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()


def published(**by_kid: Ed25519PrivateKey) -> bytes:
    found = [
        {**json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key())), "kid": kid}
        for kid, key in by_kid.items()
    ]
    return json.dumps({"keys": found}).encode()


class Issuer:
    """A web server whose answer a test sets; None: it never answers."""

    def __init__(self) -> None:
        self.url, self.asked = "", 0
        self.status, self.body = "200 OK", published(a=KEY)
        self.silent = False

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        await reader.readuntil(b"\r\n\r\n")
        if self.silent:
            await reader.read()  # until the other side gives up
        else:
            head = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + self.body)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def at_work() -> AsyncGenerator[Issuer]:
    issuer = Issuer()
    async with await asyncio.start_server(issuer.answer, "127.0.0.1", 0) as server:
        issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/jwks"
        yield issuer


def token(key: Ed25519PrivateKey = KEY, kid: str = "a", **claims: Any) -> str:
    return sign(key, kid, **{"seconds": 60, "sub": "somebody", "roles": ["technician"], **claims})


async def status(verifier: Verifier, token: str) -> int:
    """200, or the problem's."""
    try:
        await verifier.principal(token)
    except Problem as problem:
        return problem.status
    return 200


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the fetched keys too old, and lets them be fetched again."""

    def make() -> None:
        monkeypatch.setattr(keys, "LIFE", 0.0)
        monkeypatch.setattr(keys, "RETRY_SECONDS", 0.0)

    return make


async def test_one_fetch_serves_all() -> None:
    async with at_work() as issuer:
        verifier = Verifier(over_http(issuer.url))
        found = await asyncio.gather(*(verifier.principal(token(sub=f"{each}")) for each in range(50)))
        assert [each.subject for each in found] == [f"{each}" for each in range(50)]
        assert found[0].scopes is None
        assert (await verifier.principal(token(scopes=["mails:read"]))).scopes == {"mails:read"}
        assert issuer.asked == 1


def other_tokens() -> dict[str, str]:
    good = token()
    head, claims, _signature = good.split(".")
    secret = KEY.public_key().public_bytes_raw() * 2
    now = int(time.time())
    whole = {"iss": "callboard", "aud": "callboard", "sub": "x", "roles": [], "iat": now, "exp": now + 60}
    without = {key: value for key, value in whole.items() if key != "exp"}
    return {
        "signed by another key": token(OTHER),
        "for another audience": token(audience="callboard-checkout"),
        "over": token(seconds=-LEEWAY - 2),
        "of the development key": development_token(["office.admin"]),
        "not signed": f"{head}.{claims}.",
        "alg none": jwt.encode(whole, None, algorithm="none", headers={"kid": "a"}),
        "public key as a password": jwt.encode(whole, secret, algorithm="HS256", headers={"kid": "a"}),
        "of another issuer": jwt.encode({**whole, "iss": "x"}, KEY, algorithm="EdDSA", headers={"kid": "a"}),
        "without an end": jwt.encode(without, KEY, algorithm="EdDSA", headers={"kid": "a"}),
        "without roles": sign(KEY, "a", seconds=60, sub="x"),
        "without a key id": jwt.encode(whole, KEY, algorithm="EdDSA"),
        "nonsense": "a.b.c",
    }


@pytest.mark.parametrize("why", list(other_tokens()))
async def test_a_token_is_refused(why: str) -> None:
    async with at_work() as issuer:
        verifier = Verifier(over_http(issuer.url))
        assert await status(verifier, token()) == 200
        assert await status(verifier, other_tokens()[why]) == 401


async def test_clocks_may_differ_a_little() -> None:
    async with at_work() as issuer:
        assert await status(Verifier(over_http(issuer.url)), token(seconds=-1)) == 200


async def test_made_up_key_ids_are_no_flood_of_fetches() -> None:
    async with at_work() as issuer:
        verifier = Verifier(over_http(issuer.url))
        assert await status(verifier, token()) == 200
        answers = [await status(verifier, token(OTHER, kid=f"made up {each}")) for each in range(50)]
        assert set(answers) == {401}
        assert issuer.asked <= 2


async def test_a_new_key_is_fetched_when_it_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "RETRY_SECONDS", 0.0)
    async with at_work() as issuer:
        verifier = Verifier(over_http(issuer.url))
        assert await status(verifier, token()) == 200
        issuer.body = published(a=KEY, b=OTHER)
        assert await status(verifier, token(OTHER, kid="b")) == 200


async def test_a_withdrawn_key_takes_its_tokens_along(old: Callable[[], None]) -> None:
    async with at_work() as issuer:
        verifier = Verifier(over_http(issuer.url))
        mine = token()
        assert await status(verifier, mine) == 200
        issuer.body = published(b=OTHER)
        assert await status(verifier, mine) == 200, "known keys are asked for again later"
        old()
        assert await status(verifier, mine) == 401


async def test_known_keys_are_kept_while_the_issuer_is_down(old: Callable[[], None]) -> None:
    async with at_work() as issuer:
        verifier = Verifier(over_http(issuer.url))
        assert await status(verifier, token()) == 200
    old()  # and nobody listens there any more
    for each in range(5):
        assert await status(verifier, token(sub=f"{each}")) == 200
    assert await status(verifier, token(OTHER, kid="b")) == 503, "it may be a new key"


async def test_a_silent_issuer_delays_nobody_for_long(
    old: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "FETCH_SECONDS", 0.3)
    async with at_work() as issuer:
        verifier = Verifier(over_http(issuer.url))
        assert await status(verifier, token()) == 200
        issuer.silent = True
        old()
        await status(verifier, token(sub="the one that waited"))
        started = time.monotonic()
        for each in range(20):
            assert await status(verifier, token(sub=f"{each}")) == 200
        assert time.monotonic() - started < 0.2
        await asyncio.sleep(0.4)  # the last fetch ends


async def test_without_any_key_the_answer_is_soon_and_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "FETCH_SECONDS", 0.2)
    async with at_work() as issuer:
        issuer.silent = True
        verifier = Verifier(over_http(issuer.url))
        started = time.monotonic()
        assert {await status(verifier, token()) for _ in range(20)} == {503}
        assert time.monotonic() - started < 1
        assert issuer.asked == 1


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("200 OK", b"<html>"),
        ("200 OK", b'{"keys": 7}'),
        ("200 OK", b'{"keys": [' + b" " * 70_000 + b"]}"),
        ("500 Oops", published(a=KEY)),
        ("302 Found\r\nLocation: http://127.0.0.1:9/", b""),
    ],
)
async def test_an_odd_answer_opens_nothing(code: str, body: bytes) -> None:
    async with at_work() as issuer:
        issuer.status, issuer.body = code, body
        assert await status(Verifier(over_http(issuer.url)), token()) == 503


async def test_keys_of_other_kinds_are_left_out() -> None:
    async with at_work() as issuer:
        document = json.loads(issuer.body)
        private = {**document["keys"][0], "kid": "b", "d": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
        document["keys"] += [{"kty": "oct", "k": "AAAA", "kid": "c"}, private]
        issuer.body = json.dumps(document).encode()
        verifier = Verifier(over_http(issuer.url))
        assert await status(verifier, token()) == 200
        assert await status(verifier, token(kid="b")) == 401
