"""The outside world of this service: partners' web services."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
from shared.http import open_client

from dispatch.partners import Account, Protocol, Update, Verdict, judge, render, scrub
from dispatch.settings import DispatchSettings

_LONGEST_BODY = 64_000


class Tools(NamedTuple):
    http: httpx.AsyncClient
    seconds: float


@asynccontextmanager
async def open_tools(settings: DispatchSettings) -> AsyncGenerator[Tools]:
    limits = httpx.Limits(max_connections=settings.partner_connections, keepalive_expiry=30)
    private = settings.private_hosts_allowed
    async with open_client(allow_private=private, timeout=settings.partner_seconds, limits=limits) as http:
        yield Tools(http, settings.partner_seconds)


async def tell_partner(tools: Tools, protocol: Protocol, account: Account, update: Update) -> Verdict:
    """Sends one update and judges the answer. Never raises: what cannot be sent or read is `unknown`,
    because the partner may have booked it, or because a person can mend the settings before the next
    try."""
    try:
        request = render(protocol, account, update)
        status, body = await _call(tools, request.method, request.url, request.headers, request.body)
    except ValueError as error:
        verdict = Verdict("unknown", str(error))
    except httpx.ConnectError as error:
        verdict = Verdict("unknown", f"cannot be reached: {error}")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
        verdict = Verdict("unknown", f"no answer: {type(error).__name__} {error}".strip())
    else:
        verdict = judge(protocol.success, status, body)
    return verdict._replace(answer=scrub(verdict.answer, account.password))


async def _call(
    tools: Tools, method: str, url: str, headers: dict[str, str], body: bytes
) -> tuple[int, bytes]:
    """Follows no redirect."""
    async with asyncio.timeout(tools.seconds):
        request = tools.http.build_request(method, url, headers=headers, content=body)
        answer = await tools.http.send(request, stream=True)
        try:
            kept = bytearray()
            async for piece in answer.aiter_bytes():
                kept += piece
                if len(kept) >= _LONGEST_BODY:
                    break
        finally:
            await answer.aclose()
    return answer.status_code, bytes(kept[:_LONGEST_BODY])
