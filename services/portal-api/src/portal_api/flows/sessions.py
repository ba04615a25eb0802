"""Sessions: begun by a logon, kept alive by what the user does, ended by leaving or by whatever changes who
the user is. The cookie's token is random, and stored hashed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.db import uuid7
from shared.work import Work
from sqlalchemy import bindparam, delete, insert, update

from portal_api import passwords
from portal_api.models.accounts import account, session
from portal_api.queries.sessions import IDLE

ABSOLUTE = timedelta(hours=12)
_SEEN = update(account).where(account.c.id == bindparam("account")).values(last_logon_at=bindparam("now"))
_ENDED = delete(session).where(session.c.token_hash == bindparam("digest"))


async def begin(work: Work[Any], account_id: UUID, *, address: str, agent: str) -> str:
    """A new session under a new token, which is the cookie's value."""
    token = passwords.new_token()
    row = {
        "id": uuid7(),
        "token_hash": passwords.digest(token),
        "account_id": account_id,
        "created_at": work.now,
        "active_at": work.now,
        "ends_at": work.now + ABSOLUTE,
        "address": address[:64],
        "agent": agent[:200],
    }
    await work.session.execute(insert(session), [row])
    await work.session.execute(_SEEN, {"account": account_id, "now": work.now})
    return token


async def be_active(work: Work[Any], id: UUID) -> datetime | None:
    """The user did something: twenty minutes begin anew. Gives back when they end; None where the session
    has ended in the meantime, which activity does not undo."""
    alive = (session.c.id == id) & (session.c.active_at > work.now - IDLE) & (session.c.ends_at > work.now)
    done = await work.session.execute(
        update(session).where(alive).values(active_at=work.now).returning(session.c.ends_at)
    )
    ends_at = done.scalar_one_or_none()
    return min(work.now + IDLE, ends_at) if ends_at else None


async def end_token(work: Work[Any], token: str) -> None:
    """A new logon in the same browser ends the session that was there."""
    if token:
        await work.session.execute(_ENDED, {"digest": passwords.digest(token)})


async def end_session(work: Work[Any], id: UUID, account_id: UUID) -> bool:
    """Whether there was such a session of this account."""
    mine = (session.c.id == id) & (session.c.account_id == account_id)
    done = await work.session.execute(delete(session).where(mine).returning(session.c.id))
    return done.first() is not None


async def end_sessions(work: Work[Any], account_id: UUID) -> None:
    """All of an account's sessions."""
    await work.session.execute(delete(session).where(session.c.account_id == account_id))


async def sweep_sessions(work: Work[Any]) -> None:
    over = (session.c.ends_at <= work.now) | (session.c.active_at <= work.now - IDLE)
    await work.session.execute(delete(session).where(over))
