"""Access tokens: kept, renewed once by whoever comes first, and stored before they are used."""

import base64
from asyncio import Lock
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import httpx
from pydantic import SecretStr

from payments.gateways.base import Result, Tokens, TokenStore
from payments.gateways.nested import read_json, text, whole
from payments.gateways.transport import UNREADABLE, Answer, exchange

EARLY = timedelta(seconds=60)
Renew = Callable[[Tokens | None], Awaitable[Tokens | Result]]


class InMemory:
    """For tokens that can be had again at any time; one process."""

    def __init__(self) -> None:
        self._tokens: Tokens | None = None
        self._lock = Lock()

    async def load(self) -> Tokens | None:
        return self._tokens

    async def save(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def refused(self) -> None:
        self._tokens = None

    def lock(self) -> AbstractAsyncContextManager[None]:
        return self._lock


async def access_token(
    store: TokenStore, renew: Renew, *, refused: SecretStr | None = None
) -> SecretStr | Result:
    """A token that is good for a minute more and is not `refused`. Renewing moves no money, so its failure
    is an error, never unknown: the request that needed the token was not sent."""
    if good := _good(await store.load(), refused):
        return good
    async with store.lock():
        known = await store.load()
        if good := _good(known, refused):
            return good
        fresh = await renew(known)
        if isinstance(fresh, Result):
            if fresh.kind == "reconnect_required" and known is not None:
                await store.refused()
            lost = fresh.outcome == "unknown"
            return replace(fresh, outcome="error", kind="unreachable", retry="same_key") if lost else fresh
        await store.save(fresh)
        return fresh.access


async def exchange_signed_in(
    client: httpx.AsyncClient,
    store: TokenStore,
    renew: Renew,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes | None,
) -> Answer | Result:
    """`exchange` of JSON with an access token; the same once more (so with the same id) where only the token
    was refused."""
    typed = {} if content is None else {"Content-Type": "application/json"}
    refused: SecretStr | None = None
    while True:
        token = await access_token(store, renew, refused=refused)
        if isinstance(token, Result):
            return token
        signed = {"Authorization": f"Bearer {token.get_secret_value()}", **typed, **headers}
        answer = await exchange(client, method, url, headers=signed, content=content)
        if isinstance(answer, Result) or answer.status != 401 or refused is not None:
            return answer
        refused = token


def basic(user: str, secret: SecretStr) -> str:
    """The Authorization header of a client with its secret (RFC 6749, 2.3.1)."""
    credentials = f"{quote(user, '')}:{quote(secret.get_secret_value(), '')}"
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


async def post_form(
    client: httpx.AsyncClient, url: str, user: str, secret: SecretStr, form: dict[str, str]
) -> Tokens | Result:
    """The token endpoint (RFC 6749) with HTTP Basic."""
    headers = {
        "Authorization": basic(user, secret),
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = await exchange(client, "POST", url, headers=headers, content=urlencode(form).encode())
    return answer if isinstance(answer, Result) else read_tokens(answer, datetime.now(UTC))


def read_tokens(answer: Answer, now: datetime) -> Tokens | Result:
    body = read_json(answer.body)
    if code := text(body, "error"):
        kind = "reconnect_required" if code == "invalid_grant" else "configuration"
        message = text(body, "error_description")
        return Result(outcome="error", kind=kind, code=code, message=message, retry="after_fix")
    access, seconds = text(body, "access_token"), whole(body, "expires_in")
    if answer.status != 200 or not access or seconds is None or not 0 <= seconds < 10**9:
        return UNREADABLE
    refresh, lasts = text(body, "refresh_token"), whole(body, "x_refresh_token_expires_in")
    return Tokens(
        access=SecretStr(access),
        expires_at=now + timedelta(seconds=seconds),
        refresh=SecretStr(refresh) if refresh else None,
        refresh_expires_at=now + timedelta(seconds=lasts) if lasts and 0 < lasts < 10**9 else None,
    )


def _good(tokens: Tokens | None, refused: SecretStr | None) -> SecretStr | None:
    if tokens is None or tokens.access == refused or tokens.expires_at < datetime.now(UTC) + EARLY:
        return None
    return tokens.access
