"""Reads sessions. One that has ended by the clock is not there, whether or not its row still is."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.db import Row
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.accounts import account, session
from portal_api.passwords import digest

IDLE = timedelta(minutes=20)
Reading = AsyncSession | AsyncConnection
_WHO = (
    account.c.user_name,
    account.c.name,
    account.c.kind,
    account.c.role,
    account.c.must_change,
    account.c.totp_on,
    account.c.location_id,
)


async def session_of(read: Reading, token: str, now: datetime) -> Row | None:
    """The session of a cookie, with the account as it is now: `id`, `account_id`, times, `user_name`, `name`,
    `kind`, `role`, `must_change`, `totp_on`, `location_id`."""
    found = await read.execute(
        select(session, *_WHO)
        .join_from(session, account, session.c.account_id == account.c.id)
        .where(session.c.token_hash == digest(token), account.c.state != "closed", *_alive(now))
    )
    return found.one_or_none()


async def sessions_of(read: Reading, account_id: UUID, now: datetime) -> list[Row]:
    mine = select(session).where(session.c.account_id == account_id, *_alive(now))
    return list((await read.execute(mine.order_by(session.c.created_at.desc()))).all())


async def living_sessions(read: Reading, ids: Collection[UUID], now: datetime) -> Sequence[Row]:
    """Those that go on, with `role` and `location_id` of their accounts."""
    found = select(session.c.id, account.c.role, account.c.location_id).join_from(session, account)
    open_ = account.c.state != "closed", ~account.c.must_change, *_alive(now)
    return (await read.execute(found.where(session.c.id.in_(ids), *open_))).all()


def _alive(now: datetime) -> tuple[Any, ...]:
    return session.c.active_at > now - IDLE, session.c.ends_at > now
