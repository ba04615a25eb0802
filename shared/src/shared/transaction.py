"""A request's transaction: opened when a route asks for it, committed before the answer goes out.

A failed commit is a 503 and never a 200 (docs/decisions/0002). An Idempotency-Key commits with the effects.
"""

import hashlib
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import structlog
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.auth import principal_of
from shared.db import insert_ignore
from shared.failures import is_bad_value, is_outage
from shared.problems import Problem, unavailable
from shared.service import Running
from shared.tables import idempotency
from shared.telemetry import REQUESTS, span
from shared.turns import REQUEST_SECONDS, Busy, patience
from shared.wire import trace_of
from shared.work import Work, traceparent

log = structlog.get_logger()

STREAMS = "callboard.streams"
"""In a request's scope: its answer goes out piece by piece, and there is nothing to commit at its end."""


async def open_work(request: Request) -> Work[Any]:
    """For routes that write: a transaction that CommitBeforeAnswer commits before the answer goes out."""
    running: Running[Any] = request.scope["callboard.running"]
    stack: AsyncExitStack = request.scope["callboard.stack"]
    work = await stack.enter_async_context(running.work())
    key = request.headers.get("idempotency-key")
    if key and request.method == "POST":
        request.scope["callboard.once"] = (work, await _once(request, work, key))
    return work


async def open_secret_work(request: Request) -> Work[Any]:
    """The same for an answer that shows a secret: it is not kept, so it cannot be given again."""
    if "idempotency-key" in request.headers:
        raise Problem(400, "This answer is given once and kept nowhere", "Send no Idempotency-Key.")
    return await open_work(request)


async def open_read(request: Request) -> AsyncGenerator[AsyncConnection]:
    """For routes that only read: an autocommit connection without a transaction."""
    running: Running[Any] = request.scope["callboard.running"]
    async with running.database.read() as connection:
        yield connection


class Replayed(Exception):
    """This Idempotency-Key was already answered; carries the answer that was kept."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__("replayed")
        self.status, self.headers, self.body = status, headers, body


async def _once(request: Request, work: Work[Any], key: str) -> str:
    """Books the key inside the request's own transaction: the effects and the key commit together."""
    principal = await principal_of(request)
    digest = hashlib.sha256(f"{principal.subject}\n{request.url.path}\n{key}".encode()).hexdigest()
    body = hashlib.sha256(await request.body()).hexdigest()
    statement = insert_ignore(work.session, idempotency, ["key"], returning=["key"])
    row = {"key": digest, "request": body, "at": work.now}
    if (await work.session.execute(statement, [row])).first() is not None:
        return digest
    kept = (await work.session.execute(idempotency.select().where(idempotency.c.key == digest))).one()
    if kept.request != body:
        raise Problem(422, "This Idempotency-Key was used for another request", "Use a new key.")
    raise Replayed(kept.status, kept.headers, kept.body)


class CommitBeforeAnswer:
    """Commits a request's transaction after the route has answered and before the answer is sent, so that
    a failed commit is a 503 and never a 200 (docs/decisions/0002)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        incoming = dict(scope["headers"]).get(b"traceparent")
        token = traceparent.set(trace_of(incoming.decode("latin-1")) if incoming else None)
        answer = _Answer(scope, send)
        patience.set(REQUEST_SECONDS)
        try:
            with span(f"{scope['method']} {scope['path']}", traceparent.get()):
                await self._answer(scope, receive, answer)
        finally:
            traceparent.reset(token)
            if STREAMS not in scope:
                REQUESTS.labels(scope["method"], answer.status).observe(time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            async with AsyncExitStack() as stack:
                scope["callboard.stack"] = answer.stack = stack
                await self.app(scope, receive, answer.take)
        except _Refused:
            pass
        except Replayed as kept:
            await Response(kept.body, kept.status, {**kept.headers, "Idempotency-Replayed": "true"})(
                scope, receive, answer.send
            )
        except Exception as error:
            if answer.sent:
                raise
            await _failure(scope["path"], error).response()(scope, receive, answer.send)


def _failure(path: str, error: Exception) -> Problem:
    name = type(error).__name__
    if is_outage(error):
        log.warning("request_met_outage", path=path, error=name)
        if isinstance(error, Busy):
            return unavailable("Too much is asked at once", seconds=int(REQUEST_SECONDS))
        return unavailable()
    if is_bad_value(error):
        log.warning("request_had_bad_value", path=path, error=name)
        return Problem(422, "A value does not fit", "Nothing was changed. It is too large or odd.")
    log.exception("request_failed", path=path, error=name)
    return Problem(500, "This went wrong on our side", "Nothing was changed.")


class _Refused(Exception):
    """Rolls the transaction back after an error answer."""


class _Answer:
    """Holds the answer's start back until the transaction is over."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope, self._send = scope, send
        self.stack = AsyncExitStack()
        self.status, self.sent = 0, False
        self._held: list[Message] = []

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.sent = True
        await self._send(message)

    async def take(self, message: Message) -> None:
        if self.sent:
            await self.send(message)
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._held.append(message)
            if "callboard.once" in self.scope and self.status < 400:
                return  # the body belongs to what is kept under the key
        else:
            self._held.append(message)
            if message.get("more_body") and STREAMS not in self.scope:
                return
        await self._release()

    async def _release(self) -> None:
        if self.status >= 400:
            await self._abandon()
        else:
            if "callboard.once" in self.scope:
                await self._keep(*self.scope["callboard.once"])
            await self.stack.aclose()
        for message in self._held:
            await self.send(message)

    async def _abandon(self) -> None:
        try:
            await self.stack.__aexit__(_Refused, _Refused(), None)
        except _Refused:
            return

    async def _keep(self, work: Work[Any], key: str) -> None:
        start = self._held[0]
        headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        headers.pop("content-length", None)
        body = b"".join(message.get("body", b"") for message in self._held[1:])
        values = {"status": start["status"], "headers": headers, "body": body}
        await work.session.execute(update(idempotency).where(idempotency.c.key == key).values(**values))
