"""Gateways' calls: believed with an account's signature, and kept once (`flows/webhooks.py` applies them)."""

import time
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog
from pydantic import TypeAdapter
from shared.db import Row, insert_ignore, utcnow, uuid7
from shared.problems import unavailable
from shared.service import Running
from sqlalchemy import bindparam, select

from payments.flows.tokens import gateway_of
from payments.gateways.base import Result
from payments.gateways.found import Webhook
from payments.models import gateway_account, webhook
from payments.tools import Tools

log = structlog.get_logger()
FINDING = TypeAdapter(Webhook)
_KNOWN_SECONDS = 2.0
_ACCOUNTS = select(gateway_account).where(gateway_account.c.gateway == bindparam("gateway"))
"""Closed ones too: money that came through them can still go back."""


async def believed(
    running: Running[Tools], gateway: str, body: bytes, headers: Mapping[str, str]
) -> tuple[UUID, Webhook] | None:
    """What a call says and which account's signature it has; None: nobody's. Accounts are known for two
    seconds, but none is refused that is newer than that. Raises 503 where no account believes it, but one
    could not be asked whether it does: the gateway sends it again."""
    tried: list[Row] = []
    unsure = False
    for anew in (False, True):
        for row in await _accounts(running, gateway, anew=anew):
            if row in tried:
                continue
            tried.append(row)
            heard = await _read(running, row, body, headers)
            if heard.external_id is None and heard.result.outcome in ("unknown", "error"):
                unsure = True
            elif heard.result.outcome != "rejected":
                return row.id, heard
    if unsure:
        raise unavailable("The signature cannot be checked just now", 60)
    return None


async def _read(running: Running[Tools], row: Row, body: bytes, headers: Mapping[str, str]) -> Webhook:
    """One account that cannot check a signature (its secrets or tokens cannot be opened, its gateway is away)
    does not keep the others from being heard."""
    try:
        return await gateway_of(running, row).parse_webhook(body, headers, utcnow())
    except Exception as error:
        log.exception("account_unreadable", account=str(row.id), error=type(error).__name__)
        return Webhook(result=Result(outcome="unknown"))


async def _accounts(running: Running[Tools], gateway: str, *, anew: bool) -> Sequence[Row]:
    until, rows = running.tools.listening.get(gateway, (0.0, ()))
    if anew or time.monotonic() > until:
        async with running.database.read() as read:
            rows = (await read.execute(_ACCOUNTS, {"gateway": gateway})).all()
        running.tools.listening[gateway] = (time.monotonic() + _KNOWN_SECONDS, rows)
    return rows


async def keep(running: Running[Tools], *, account_id: UUID, heard: Webhook, body: bytes) -> None:
    """Commits the call, once; a repeat changes nothing. `body` is scrubbed."""
    now = utcnow()
    ignored = heard.result.outcome == "ignored"
    row = {
        "id": uuid7(),
        "account_id": account_id,
        "external_id": (heard.external_id or uuid7().hex)[:200],
        "kind": (heard.type or "")[:100],
        "state": "ignored" if ignored else "received",
        "body": body,
        "charge_ref": heard.charge_ref[:200] if heard.charge_ref else None,
        "finding": FINDING.dump_python(heard, mode="json"),
        "tries": 0,
        "due_at": None if ignored else now,
        "received_at": now,
    }
    async with running.database.alone() as connection:
        await connection.execute(insert_ignore(connection, webhook, ("account_id", "external_id")), [row])
    if not ignored:
        running.wake("webhooks")
