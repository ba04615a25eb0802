"""Reads sessions. One that has ended by the clock is not there, whether or not its row still is."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.db import Row
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.accounts import account, session
from portal_api.models.tokens import signing_key
from portal_api.passwords import digest
from portal_api.queries.keys import SIGNS

IDLE = timedelta(minutes=20)
Reading = AsyncSession | AsyncConnection
_ALIVE = session.c.active_at > bindparam("idle_since"), session.c.ends_at > bindparam("now")
_WHO = (
    account.c.user_name,
    account.c.name,
    account.c.kind,
    account.c.role,
    account.c.must_change,
    account.c.totp_on,
    account.c.location_id,
)


# Made once: building a statement takes longer than its row does.
_SESSION = (
    select(session, *_WHO)
    .join_from(session, account, session.c.account_id == account.c.id)
    .where(session.c.token_hash == bindparam("digest"), account.c.state != "closed", *_ALIVE)
)
_needed = session.c.account_id, session.c.ends_at, account.c.role, account.c.must_change
_WITH_KEY = _SESSION.with_only_columns(*_needed, signing_key.c.kid, signing_key.c.sealed).outerjoin(
    signing_key, signing_key.c.number == SIGNS
)


async def session_of(read: Reading, token: str, now: datetime) -> Row | None:
    """The session of a cookie, with the account as it is now: `id`, `account_id`, times, `user_name`, `name`,
    `kind`, `role`, `must_change`, `totp_on`, `location_id`."""
    return (await read.execute(_SESSION, {"digest": digest(token), **_times(now)})).one_or_none()


async def session_and_key(read: Reading, token: str, now: datetime) -> Row | None:
    """What a token needs of it: `account_id`, `ends_at`, `role`, `must_change`; and `kid` and `sealed` of the
    key that signs now, None where there is none."""
    return (await read.execute(_WITH_KEY, {"digest": digest(token), **_times(now)})).one_or_none()


async def sessions_of(read: Reading, account_id: UUID, now: datetime) -> list[Row]:
    mine = select(session).where(session.c.account_id == account_id, *_ALIVE)
    found = await read.execute(mine.order_by(session.c.created_at.desc()), _times(now))
    return list(found.all())


async def living_sessions(read: Reading, ids: Collection[UUID], now: datetime) -> Sequence[Row]:
    """Those that go on, with `role` and `location_id` of their accounts."""
    found = select(session.c.id, account.c.role, account.c.location_id).join_from(session, account)
    open_ = account.c.state != "closed", ~account.c.must_change, *_ALIVE
    return (await read.execute(found.where(session.c.id.in_(ids), *open_), _times(now))).all()


def _times(now: datetime) -> dict[str, Any]:
    return {"now": now, "idle_since": now - IDLE}
