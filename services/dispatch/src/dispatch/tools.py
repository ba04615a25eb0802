"""The outside world of this service: partners' web services."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
from shared.hosts import HostRefused, resolve
from shared.trust import authorities

from dispatch.partners import Account, Protocol, Update, Verdict, judge, render, scrub
from dispatch.settings import DispatchSettings

_LONGEST_BODY = 64_000


class Tools(NamedTuple):
    http: httpx.AsyncClient
    allow_private: bool
    seconds: float


@asynccontextmanager
async def open_tools(settings: DispatchSettings) -> AsyncGenerator[Tools]:
    limits = httpx.Limits(max_connections=settings.partner_connections, keepalive_expiry=30)
    async with httpx.AsyncClient(
        verify=authorities(), timeout=settings.partner_seconds, limits=limits, trust_env=False
    ) as http:
        yield Tools(http, settings.allow_private_hosts, settings.partner_seconds)


async def tell_partner(tools: Tools, protocol: Protocol, account: Account, update: Update) -> Verdict:
    """Sends one update and judges the answer. Never raises: what cannot be sent or read is `unknown`,
    because the partner may have booked it, or because a person can mend the settings before the next
    try."""
    try:
        request = render(protocol, account, update)
        status, body = await _call(tools, request.method, request.url, request.headers, request.body)
    except (HostRefused, ValueError) as error:
        verdict = Verdict("unknown", str(error))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
        verdict = Verdict("unknown", f"no answer: {type(error).__name__} {error}".strip())
    else:
        verdict = judge(protocol.success, status, body)
    return verdict._replace(answer=scrub(verdict.answer, account.password))


async def _call(
    tools: Tools, method: str, url: str, headers: dict[str, str], body: bytes
) -> tuple[int, bytes]:
    """Goes to the address that was checked, by the name that was typed; follows no redirect."""
    async with asyncio.timeout(tools.seconds):
        asked = httpx.URL(url)
        port = asked.port or (443 if asked.scheme == "https" else 80)
        address = await resolve(asked.host, port, allow_private=tools.allow_private)
        request = tools.http.build_request(
            method,
            asked.copy_with(host=address),
            headers={**headers, "Host": asked.netloc.decode("ascii")},
            content=body,
            extensions={"sni_hostname": asked.host},
        )
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
