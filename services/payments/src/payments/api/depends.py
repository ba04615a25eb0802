"""What routes are given."""

from typing import Annotated, Any

from fastapi import Depends, Request
from shared.auth import ADMIN, OFFICE, Principal, allow
from shared.db import uuid7
from shared.problems import Problem
from shared.service import Running
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.flows.attempts import hashed
from payments.tools import Tools

Writing = Annotated[Work[Any], Depends(open_work)]
Reading = Annotated[AsyncConnection, Depends(open_read)]
Office = Annotated[Principal, Depends(allow(*OFFICE))]
Admin = Annotated[Principal, Depends(allow(*ADMIN))]


async def at_work(request: Request) -> Running[Tools]:  # not async, it would run in a thread
    return request.scope["callboard.running"]


At = Annotated[Running[Tools], Depends(at_work)]


def once(request: Request, caller: str, *parts: object) -> dict[str, str]:
    """Who calls, under which Idempotency-Key, and what: the same again is answered with what came of the
    first. A call without a key is always a new one."""
    key = request.headers.get("idempotency-key") or uuid7().hex
    if len(key) > 200:
        raise Problem(422, "This Idempotency-Key is too long", "Use up to 200 characters.")
    return {"caller": caller, "key": key, "request_hash": hashed(request.url.path, *parts)}


async def once_here(_request: Request) -> None:
    """A dependency of routes that call `once`: their document shows the Idempotency-Key."""


once_here.takes_key = True  # pyright: ignore[reportFunctionMemberAccess]  # read by shared.app
ONCE = [Depends(once_here)]
