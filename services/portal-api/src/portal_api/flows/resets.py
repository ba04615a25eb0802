"""Lost passwords: asked for by anybody, answered by a mail to whoever has the account."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from shared.db import Row, upsert, uuid7
from shared.problems import Problem
from shared.work import Work
from sqlalchemy import delete, insert, select

from portal_api import passwords
from portal_api.flows.accounts import choose_password, locked
from portal_api.flows.messages import send_message
from portal_api.flows.throttle import Budget, account_budget, forgive, spend
from portal_api.letter import AddressRefused
from portal_api.models.accounts import password_reset, reset_request
from portal_api.queries.accounts import by_user_name

log = structlog.get_logger()
MINUTES = 30
_MAILS = 3  # a quarter of an hour; who floods a mailbox with links must not void the one that is read
BATCH = 50


async def ask(work: Work[Any], user_name: str) -> None:
    """Notes the wish. Nobody looks here whether there is such an account (models.accounts.reset_request), and
    no loop is woken: its work for those that have one would slow down the requests that come next."""
    row = {"id": uuid7(), "user_name": user_name, "asked_at": work.now}
    await work.session.execute(insert(reset_request), [row])


async def answer(work: Work[Any]) -> int:
    """Takes up the oldest wishes and mails a link where there is an account. Gives back how many it took."""
    oldest = select(reset_request.c.id).order_by(reset_request.c.asked_at).limit(BATCH)
    ids = list((await work.session.execute(oldest.with_for_update(skip_locked=True))).scalars())
    taken = delete(reset_request).where(reset_request.c.id.in_(ids)).returning(reset_request.c.user_name)
    names: Sequence[str] = (await work.session.execute(taken)).scalars().all() if ids else ()
    for name in names:
        row = await by_user_name(work.session, name)
        if row is not None and row.email is not None:
            await _mail_link(work, row)
    return len(ids)


async def _mail_link(work: Work[Any], row: Row) -> None:
    mails = Budget(account_budget(work.settings, row.user_name).key.replace("account", "reset"), _MAILS)
    if await spend(work, [mails]) is not None:
        return
    token = passwords.new_token()
    link = {"account_id": row.id, "token_hash": passwords.digest(token)}
    link["ends_at"] = work.now + timedelta(minutes=MINUTES)
    newest = upsert(work.session, password_reset, ["account_id"], ["token_hash", "ends_at"])
    await work.session.execute(newest, [link])
    # behind the #, the token reaches no server's log and no other site
    values = {
        "name": row.name,
        "user_name": row.user_name,
        "minutes": str(MINUTES),
        "link": f"{work.settings.web_url.rstrip('/')}/reset#{token}",
    }
    try:
        await send_message(work, message="lost_password", to=row.email, values=values, about=row.id)
    except AddressRefused:
        log.warning("reset_not_mailed", account=str(row.id))
    work.audit(who="callboard", action="account.reset_mailed", subject=row.id)


def link_ended() -> Problem:
    return Problem(410, "This link was used or has ended", 'Ask for a new one by "I lost my password".')


async def confirm(work: Work[Any], token: str, *, hashed: str) -> None:
    """Uses the link up and sets the password. Raises 410; of two at once, one is told so."""
    good = (password_reset.c.token_hash == passwords.digest(token)) & (password_reset.c.ends_at > work.now)
    used = delete(password_reset).where(good).returning(password_reset.c.account_id)
    id = (await work.session.execute(used)).scalar_one_or_none()
    if id is None:
        raise link_ended()
    row = await locked(work, id)
    await choose_password(work, id, hashed=hashed, action="account.password_reset", who=str(id))
    await forgive(work, [account_budget(work.settings, row["user_name"])])
