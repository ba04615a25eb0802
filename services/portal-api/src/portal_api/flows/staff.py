"""What the owner of the machine does without logging on: the first administrator, and a way back in."""

from typing import Any
from uuid import UUID

from shared.problems import not_found
from shared.work import Work
from sqlalchemy import select

from portal_api.flows.accounts import create_staff, give_one_time_password, hashed_with
from portal_api.flows.logon import turn_off_totp
from portal_api.models.accounts import HAS_NAME, account
from portal_api.passwords import one_time_password

OWNER = "owner of the machine"


async def has_staff(work: Work[Any]) -> bool:
    """Also where all of them are closed."""
    found = await work.session.execute(select(account.c.id).where(account.c.kind == "staff").limit(1))
    return found.first() is not None


async def add_administrator(work: Work[Any], user_name: str) -> str:
    """An administrator of the office, and the one-time password, which is kept nowhere. Raises 409."""
    id = await create_staff(work, user_name, user_name, "office.admin")
    return await _one_time_password(work, id)


async def reset_password(work: Work[Any], user_name: str, *, totp_off: bool) -> str:
    """A one-time password for a member of staff; the sessions end. Raises 404."""
    named = (account.c.user_name == user_name.lower()) & HAS_NAME
    query = select(account.c.id).where(named, account.c.kind == "staff")
    id = (await work.session.execute(query)).scalar_one_or_none()
    if id is None:
        raise not_found("account of staff")
    if totp_off:
        await turn_off_totp(work, id, who=OWNER)
    return await _one_time_password(work, id)


async def _one_time_password(work: Work[Any], id: UUID) -> str:
    password = one_time_password()
    hashed = await hashed_with(work.settings, password)
    await give_one_time_password(
        work, id, kind="staff", hashed=hashed, action="account.password_generated", who=OWNER
    )
    return password
