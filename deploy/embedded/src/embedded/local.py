"""Pages without a login are for people at this machine only, until there are accounts."""

import ipaddress
from collections.abc import Callable
from functools import cache
from typing import Any

from shared.problems import Problem
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send


def is_local(connection: HTTPConnection) -> bool:
    """Whether the request comes from this machine and names it: a foreign page that a browser resolves to
    this machine (DNS rebinding) names its own host."""
    client = connection.client.host if connection.client else ""
    return _is_loopback(client) and _is_loopback(connection.url.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def only_local(connection: HTTPConnection) -> None:
    """A dependency that refuses everybody else."""
    if not is_local(connection):
        raise _refusal()


def _refusal() -> Problem:
    return Problem(403, "This page is for this machine only", "Open it at http://127.0.0.1 or localhost.")


class OnlyLocal:
    """The same around a mounted application, which is made when somebody first asks for it."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self.app = cache(make)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_local(HTTPConnection(scope)):
            await self.app()(scope, receive, send)
        else:
            answer: Any = _refusal().response()
            await answer(scope, receive, send)
