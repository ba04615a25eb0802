"""HTTP to addresses that people typed. Every new connection, whatever it is for, goes to an address that
`shared.hosts` has just allowed: a name that changes its address between two calls is checked again, and what
was checked is what is connected to. TLS is proven for the name that was typed."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import cast

import httpcore
import httpx

from shared.hosts import HostRefused, addresses
from shared.trust import authorities

_SETTING = "CALLBOARD_ALLOW_PRIVATE_HOSTS"
_RESOLVE_SECONDS = 5.0


class _Checked(httpcore.AsyncNetworkBackend):
    """Looks names up through `shared.hosts`. What is refused was never connected to, and says so."""

    def __init__(self, *, allow_private: bool, setting: str) -> None:
        self._inner = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())  # typed for want of anyio
        self._allow_private, self._setting = allow_private, setting

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in await self._addresses(host, port, timeout):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            async with asyncio.timeout(min(timeout or _RESOLVE_SECONDS, _RESOLVE_SECONDS)):
                return await addresses(host, port, allow_private=self._allow_private, setting=self._setting)
        except HostRefused as error:
            raise httpcore.ConnectError(str(error)) from error
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"the name {host!r} cannot be looked up now: try again") from None

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("an address names a host")


@asynccontextmanager
async def open_client(
    *,
    allow_private: bool,
    timeout: httpx.Timeout | float,
    limits: httpx.Limits,
    setting: str = _SETTING,
    verify: ssl.SSLContext | None = None,
) -> AsyncGenerator[httpx.AsyncClient]:
    """A client that follows no redirect and knows no proxy. A refused host is an httpx.ConnectError, whose
    words are for the person who typed it; `setting` is what would allow private ones."""
    transport = httpx.AsyncHTTPTransport(verify=verify or authorities(), limits=limits, trust_env=False)
    # httpx has no argument for it; httpcore, whose pool this is, has: `network_backend`.
    transport._pool._network_backend = _Checked(allow_private=allow_private, setting=setting)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    async with httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False) as client:
        yield client
