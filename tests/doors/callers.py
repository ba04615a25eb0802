"""Everybody who may come in, by turns: one client asks, and each request goes on as the next in turn."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from doors.samples import Document
from fastapi import FastAPI
from shared.auth import development_token
from shared.routes import every_route
from starlette.types import ASGIApp, Receive, Scope, Send

MARK = "whoever-is-next"
"""What the client sends as its token."""
ANONYMOUS, PROGRAM = "anonymous", "program"
_PROGRAM_ROLE = "office.admin"


def callers(operation: Document) -> list[str]:
    """Its roles; `anonymous` where it is open, and `program` where API clients have a scope for it."""
    if operation["x-roles"] == ["anyone"]:
        return [ANONYMOUS]
    return operation["x-roles"] + [PROGRAM] * ("x-scope" in operation)


def tokens(document: Document, known: Mapping[str, str]) -> dict[str, str]:
    """By caller. `known` has accounts as `@role`."""
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    every = sorted({caller for each in operations for caller in callers(each)} - {ANONYMOUS, PROGRAM})
    scopes = sorted({each["x-scope"] for each in operations if "x-scope" in each})
    return {role: development_token([role], known.get(f"@{role}", "tester")) for role in every} | {
        PROGRAM: development_token([_PROGRAM_ROLE], "program", scopes=scopes)
    }


@dataclass(frozen=True, slots=True)
class Door:
    """`asked` counts requests by caller."""

    method: str
    pattern: re.Pattern[str]
    takes_input: bool
    asked: dict[str, int]


class ByTurns:
    """For a client that sends `MARK`: whoever of `who` has asked the least of an operation is next."""

    def __init__(
        self, app: FastAPI, document: Document, who: Collection[str], tokens: Mapping[str, str]
    ) -> None:
        self._tokens = tokens
        patterns = {
            (route.path_format, method): route.path_regex
            for route in every_route(app.router)
            for method in route.methods
        }
        self._doors = [
            Door(
                method.upper(),
                patterns[path, method.upper()],
                takes_input="requestBody" in operation or "parameters" in operation,
                asked={each: 0 for each in callers(operation) if each in who},
            )
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            if operation["x-asked"]
        ]
        app.add_middleware(self._in_front)

    def _in_front(self, app: ASGIApp) -> ASGIApp:
        mark = _header(MARK)

        async def signed_in(scope: Scope, receive: Receive, send: Send) -> None:
            if mark in scope.get("headers", ()):
                rest = [each for each in scope["headers"] if each != mark]
                scope = {**scope, "headers": [*rest, *self._next(scope["method"], scope["path"])]}
            await app(scope, receive, send)

        return signed_in

    def _next(self, method: str, path: str) -> list[tuple[bytes, bytes]]:
        for door in self._doors:
            if method == door.method and door.pattern.match(path):
                who = min(door.asked, key=door.asked.__getitem__)
                door.asked[who] += 1
                return [] if who == ANONYMOUS else [_header(self._tokens[who])]
        return []

    def waiting(self) -> list[str]:
        """Whoever had no turn. What takes no input is asked but once here, and by everybody in the matrix."""
        return [
            f"{door.method} {door.pattern.pattern}: {who}"
            for door in self._doors
            for who, times in door.asked.items()
            if door.takes_input and not times
        ]


def _header(token: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {token}".encode()
