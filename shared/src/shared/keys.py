"""The public keys that sign our tokens, fetched with care: a slow or dead issuer must not stop the others."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import jwt
import pydantic_core
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.http import open_client

log = structlog.get_logger()

LIFE = 300.0
"""Seconds after which published keys are fetched again. Nobody uses them for longer than twice that while the
issuer answers: a new key is published so long before it signs, a withdrawn one is then forgotten."""
FETCH_SECONDS = 2.0
RETRY_SECONDS = 5.0
_LARGEST = 65536
_LIMITS = httpx.Limits(max_connections=1)

Source = Callable[[], Awaitable[Any]]
"""Gives the JSON Web Key Set (RFC 7517) that is published now; may raise anything."""


class KeysUnknown(Exception):
    """The issuer was not reached since this process started, or not since it began to use this key."""


class PublishedKeys:
    """`get` costs nothing while the keys are fresh. Older ones are fetched anew beside the requests, and
    stay in use while the issuer is out of reach. One fetch at a time, at most one in five seconds."""

    def __init__(self, source: Source, changed: Callable[[], None]) -> None:
        """`changed` is called when a key is no longer published."""
        self._source, self._changed = source, changed
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched = self._tried = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Asks again where it is due. Waits for the answer only where the keys grew old unused."""
        age = time.monotonic() - self._fetched
        if age > LIFE:
            unheard = self._fetched < self._tried
            task = self._ask()
            if task is not None and age > 2 * LIFE and not unheard:
                await asyncio.shield(task)

    async def get(self, kid: str) -> Ed25519PublicKey | None:
        """None: nobody published such a key. Raises KeysUnknown where that cannot be said."""
        if kid not in self._keys and (task := self._ask()) is not None:
            await asyncio.shield(task)
        if kid not in self._keys and self._fetched < self._tried:
            raise KeysUnknown
        return self._keys.get(kid)

    def _ask(self) -> asyncio.Task[None] | None:
        """The fetch under way, or a new one; None where the last one is too young, so that neither made-up
        key ids nor a dead issuer become a flood of fetches or of waiting."""
        if self._fetching is None or self._fetching.done():
            if time.monotonic() - self._tried < RETRY_SECONDS:
                return None
            self._tried = time.monotonic()
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                keys = read_keys(await self._source())
        except Exception as error:  # whatever it is, the keys that we have stay good
            log.warning("signing_keys_not_fetched", error=type(error).__name__, known=len(self._keys))
            return
        gone = self._keys.keys() - keys.keys()
        self._keys, self._fetched = keys, time.monotonic()
        if gone:
            self._changed()


def read_keys(document: Any) -> dict[str, Ed25519PublicKey]:
    """The Ed25519 keys of a JSON Web Key Set by their ids; private and other ones are left out."""
    found: dict[str, Ed25519PublicKey] = {}
    for item in document["keys"]:
        if item.get("kty") == "OKP" and item.get("crv") == "Ed25519" and "d" not in item:
            found[str(item["kid"])] = jwt.PyJWK(item, algorithm="EdDSA").key
    return found


def over_http(url: str) -> Source:
    """Reads the document at `url`, at most 64 KiB, following no redirect."""

    async def fetch() -> Any:
        # The operator named it, and within a cluster it is on a private address.
        async with (
            open_client(allow_private=True, timeout=FETCH_SECONDS, limits=_LIMITS) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _LARGEST:
                    raise ValueError("the key set is too large")
        return pydantic_core.from_json(body)

    return fetch
