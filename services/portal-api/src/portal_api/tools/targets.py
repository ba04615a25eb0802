"""Where webhooks go: addresses that others typed, so every one of them may be a trap."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from shared.db import utcnow
from shared.hosts import HostRefused, resolve
from shared.http import open_client

from portal_api.attempts import Answer, excerpt, retry_after

PRIVATE = "CALLBOARD_WEBHOOK_PRIVATE_HOSTS"
_LONGEST_READ = 4_096
_READ_SECONDS = 2
_RESOLVE_SECONDS = 5


@asynccontextmanager
async def open_targets(settings: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """No connection is used twice: their addresses are looked up and checked at each call."""
    trusted = None
    if settings.webhook_ca_file:
        trusted = httpx.create_ssl_context()
        trusted.load_verify_locations(settings.webhook_ca_file)
    async with open_client(
        allow_private=settings.webhook_private_hosts,
        setting=PRIVATE,
        timeout=settings.webhook_seconds,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        verify=trusted,
    ) as http:
        yield http


async def check_target(settings: Any, url: str) -> None:
    """Raises ValueError, whose words are for the person who typed the address."""
    await _address(settings, _parsed(settings, url))


async def post(
    http: httpx.AsyncClient, settings: Any, url: str, headers: dict[str, str], body: str
) -> Answer:
    """Sends once and follows nothing. Never raises: what went wrong is in the answer."""
    try:
        async with asyncio.timeout(settings.webhook_seconds):
            return await _post(http, settings, url, headers, body)
    except TimeoutError:
        return Answer(None, f"no answer within {settings.webhook_seconds:g} seconds")
    except (ValueError, httpx.ConnectError) as error:
        return Answer(None, excerpt(str(error)))
    except (httpx.HTTPError, OSError) as error:
        return Answer(None, excerpt(f"no answer: {type(error).__name__} {error}"))


async def _post(
    http: httpx.AsyncClient, settings: Any, url: str, headers: dict[str, str], body: str
) -> Answer:
    request = http.build_request(
        "POST",
        _parsed(settings, url),
        headers={
            **headers,
            "Content-Type": "application/json",
            "User-Agent": "Callboard-Webhooks/1",
            "Accept-Encoding": "identity",
        },
        content=body,
    )
    answer = await http.send(request, stream=True)
    try:
        text = await _beginning(answer)
    finally:
        await answer.aclose()
    wait = retry_after(answer.headers.get("retry-after"), utcnow())
    return Answer(answer.status_code, excerpt(text), wait)


async def _beginning(answer: httpx.Response) -> str:
    """The answer's first bytes, as they came: unpacking them could make gigabytes of a few. The status is the
    answer, whether or not the rest arrives."""
    kept = bytearray()
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_READ_SECONDS):
            async for piece in answer.aiter_raw():
                kept += piece
                if len(kept) >= _LONGEST_READ:
                    break
    return kept[:_LONGEST_READ].decode("utf-8", errors="replace")


def _parsed(settings: Any, url: str) -> httpx.URL:
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("this is no address: write it as https://host/path") from None
    schemes = {"https": 443, "http": 80} if settings.webhook_http else {"https": 443}
    if found.scheme not in schemes or not found.host:
        allowed = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"the address must begin with {allowed} and name a host")
    if found.userinfo or found.fragment:
        raise ValueError("the address must hold no user name, password or #fragment")
    port, ports = found.port or schemes[found.scheme], settings.webhook_ports or range(1, 65_536)
    if port not in ports:
        raise ValueError(f"the port must be one of {_spoken(ports)} (CALLBOARD_WEBHOOK_PORTS)")
    return found


def _spoken(ports: Sequence[int]) -> str:
    return "1 to 65535" if isinstance(ports, range) else ", ".join(map(str, ports))


async def _address(settings: Any, url: httpx.URL) -> str:
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            private = settings.webhook_private_hosts
            return await resolve(url.host, port, allow_private=private, setting=PRIVATE)
    except TimeoutError:
        raise HostRefused(f"the name {url.host!r} cannot be looked up now: try again") from None
