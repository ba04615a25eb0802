"""What the routes have in common."""

from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from shared.auth import ADMIN, OFFICE, STAFF, Principal, allow
from shared.service import Running
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.tools import Tools

Writing = Annotated[Work[Tools], Depends(open_work)]
Reading = Annotated[AsyncConnection, Depends(open_read)]
Admin = Annotated[Principal, Depends(allow(*ADMIN))]
Office = Annotated[Principal, Depends(allow(*OFFICE))]
Staff = Annotated[Principal, Depends(allow(*STAFF))]
Text = Annotated[str | None, Query(max_length=60)]
Rows = list[dict[str, Any]]


def reading(request: Request) -> AbstractAsyncContextManager[AsyncConnection]:
    """The connection of `Reading`, for the two routes that are read most: as a dependency it costs them as
    much as their query."""
    running: Running[Tools] = request.scope["callboard.running"]
    return running.database.read()
