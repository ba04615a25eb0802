"""QuickBooks Payments connected by its owner, who consents at Intuit and comes back with a code.

Whoever brings a code decides whose money account we charge into, and the way back is open to everybody. So
its state was given to one administrator, belongs to the browser that began, is good once, for ten minutes.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

import structlog
from pydantic import SecretStr
from shared.db import Row, upsert, utcnow
from shared.problems import conflict
from shared.secrets import seal
from shared.service import Running
from shared.work import Work
from sqlalchemy import delete, insert, or_, select

from payments.flows import accounts
from payments.flows.tokens import StoredTokens, gateway_of, store
from payments.flows.traces import raise_alert
from payments.gateways.accounts import QuickBooksAccount
from payments.gateways.base import Result, Tokens
from payments.gateways.quickbooks import QuickBooks, connect_url
from payments.models import alert, gateway_account, gateway_connection, gateway_consent, gateway_token
from payments.queries.gateways import company_place
from payments.queries.invoices import one
from payments.tools import Tools, fields_of, guarded

log = structlog.get_logger()
GOOD_FOR, SOON = timedelta(minutes=10), timedelta(days=14)
Ended = Literal["connected", "refused", "stale", "failed"]


class Begun(NamedTuple):
    """`browser` must come back as the cookie."""

    url: str
    browser: str
    expires_at: datetime


async def begin(work: Work[Any], *, account_id: UUID, who: str) -> Begun:
    """Where the administrator's browser goes. An earlier start is good no more. Raises 404, 409."""
    row = await accounts.locked(work, account_id)
    _may_connect(row)
    account = QuickBooksAccount.model_validate(fields_of(work.settings, row))
    state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    over = or_(gateway_consent.c.account_id == account_id, gateway_consent.c.expires_at < work.now)
    await work.session.execute(delete(gateway_consent).where(over))
    ends = work.now + GOOD_FOR
    asked = {"state_hash": _hash(state), "browser_hash": _hash(browser), "account_id": account_id}
    asked |= {"who": who, "expires_at": ends}
    await work.session.execute(insert(gateway_consent), [asked])
    work.audit(who=who, action="gateway.connect_begun", subject=account_id)
    return Begun(connect_url(account, redirect_url(work.settings), state), browser, ends)


async def finish(
    running: Running[Tools], *, state: str, browser: str, code: str, company: str, error: str
) -> Ended:
    """The browser is back. Whatever comes of it, the state is used up."""
    async with running.work() as work:
        asked = await _redeem(work, state=state, browser=browser)
    if asked is None:
        return "stale"
    if error or not code:
        return "refused"
    async with running.database.read() as read:
        row = await one(read, gateway_account, asked.account_id, called="gateway account")
    gateway = cast("QuickBooks", gateway_of(running, row))
    async with StoredTokens(running.tools, running.database, row.id).lock():
        url = redirect_url(running.settings)
        tokens = await guarded(running.settings, gateway.connect(SecretStr(code), url))
        if isinstance(tokens, Result) or tokens.refresh is None:
            log.warning("gateway_connect_failed", account=str(row.id))
            return "failed"
        async with running.work() as work:
            await _connected(work, row, tokens, company=company, who=asked.who)
    return "connected"


async def disconnect(running: Running[Tools], *, account_id: UUID, who: str) -> bool:
    """Forgets the tokens, whatever the gateway says to that; whether it takes them no more. Raises 404,
    409."""
    async with running.database.read() as read:
        row = await one(read, gateway_account, account_id, called="gateway account")
    _may_connect(row)
    gateway = cast("QuickBooks", gateway_of(running, row))
    kept = StoredTokens(running.tools, running.database, account_id)
    async with kept.lock():
        tokens = await kept.load()
        if tokens is None:
            raise conflict("This account is not connected")
        revoked = await guarded(running.settings, gateway.revoke(tokens))
        async with running.work() as work:
            for table in (gateway_token, gateway_connection):
                await work.session.execute(delete(table).where(table.c.account_id == account_id))
            done = revoked.outcome == "approved"
            work.audit(who=who, action="gateway.disconnected", subject=account_id, after={"revoked": done})
    return done


async def warn(work: Work[Any]) -> None:
    """Raises an alert, once while nobody settles it, for every account whose consent ended or soon does."""
    ends = or_(gateway_connection.c.refused_at.is_not(None), gateway_connection.c.renew_by < work.now + SOON)
    query = select(gateway_account.c.name, gateway_connection.c.refused_at).join_from(
        gateway_connection, gateway_account
    )
    for name, refused_at in (await work.session.execute(query.where(ends))).all():
        when = "has ended" if refused_at else f"ends within {SOON.days} days"
        text = f"The connection of {name} {when}: an administrator must connect it again."
        known = select(alert.c.id).where(alert.c.kind == "reconnect", alert.c.settled_at.is_(None))
        if (await work.session.execute(known.where(alert.c.text == text))).first() is None:
            await raise_alert(work, None, "reconnect", text)


def redirect_url(settings: Any) -> str:
    """As it must be entered at Intuit, letter by letter."""
    return f"{settings.payments_url.rstrip('/')}/v1/gateway-connections/return"


async def _redeem(work: Work[Any], *, state: str, browser: str) -> Row | None:
    mine = gateway_consent.c.state_hash == _hash(state)
    used_up = delete(gateway_consent).where(mine).returning(*gateway_consent.c)
    found = (await work.session.execute(used_up)).one_or_none()
    if found is None or found.expires_at < utcnow():
        return None
    return found if hmac.compare_digest(found.browser_hash, _hash(browser)) else None


async def _connected(work: Work[Any], row: Row, tokens: Tokens, *, company: str, who: str) -> None:
    await store(work.session, work.settings, row.id, tokens)
    made = {"account_id": row.id, "connected_at": work.now, "connected_by": who, "refused_at": None}
    made["company"] = seal(work.settings, SecretStr(company[:40]), company_place(row.id))
    made["renew_by"] = tokens.refresh_expires_at
    names = [name for name in made if name != "account_id"]
    statement = upsert(work.session, gateway_connection, ["account_id"], names)
    await work.session.execute(statement, [made])
    work.audit(who=who, action="gateway.connected", subject=row.id)


def _may_connect(row: Row) -> None:
    if row.gateway != "quickbooks" or row.closed:
        raise conflict("This account is not connected by consent", "Take one of QuickBooks Payments.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
