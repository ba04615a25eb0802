"""Webhooks go out: a worker for each subscription that has something due, so that none waits for another."""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog
from shared.db import utcnow
from shared.failures import is_outage
from shared.fault import fault
from shared.secrets import SecretUnreadable
from shared.service import Running
from sqlalchemy import RowMapping

from portal_api.attempts import Answer, sign
from portal_api.flows.sendings import Leased, Sent, forget, lease, secrets_of, settle
from portal_api.queries.webhooks import due_subscriptions
from portal_api.tools.targets import open_targets, post

log = structlog.get_logger()

NET = 1.0  # seconds until the next look when nobody woke the loop
LAST_SECONDS = 5.0
_SWEEP = timedelta(hours=1)


async def deliver_webhooks(running: Running[Any]) -> None:
    """Several may run: what is due is leased."""
    working: dict[UUID, asyncio.Task[None]] = {}
    swept = None
    async with open_targets(running.settings) as http:
        try:
            while not running.stopping.is_set():
                if swept is None or utcnow() - swept > _SWEEP:
                    async with running.work() as work:
                        await forget(work)
                        swept = work.now
                async with running.database.read() as read:
                    due = await due_subscriptions(read, utcnow())
                for id in due:
                    if id not in working:
                        working[id] = asyncio.create_task(_work_off(running, http, id))
                await running.pause(NET, "deliver_webhooks")
                working = {id: task for id, task in working.items() if not task.done()}
        finally:
            if working:
                _, late = await asyncio.wait(working.values(), timeout=LAST_SECONDS)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)


async def _work_off(running: Running[Any], http: httpx.AsyncClient, subscription_id: UUID) -> None:
    try:
        while not running.stopping.is_set():
            async with running.work() as work:
                leased = await lease(work, subscription_id)
            if leased is None:
                return
            sent = await asyncio.gather(*[_send(running, http, leased, row) for row in leased.deliveries])
            fault("after_webhook_sent")
            async with running.work() as work:
                await settle(work, subscription_id, sent)
    except Exception as error:
        level = log.warning if is_outage(error) else log.exception
        level("webhooks_failed", subscription=str(subscription_id), error=type(error).__name__)


async def _send(running: Running[Any], http: httpx.AsyncClient, leased: Leased, row: RowMapping) -> Sent:
    started, now, target = time.monotonic(), utcnow(), leased.subscription
    try:
        secrets = secrets_of(running.settings, target, now)
    except SecretUnreadable as error:
        answer = Answer(None, str(error))
    else:
        headers = sign(secrets, id=row["event_id"], at=now, body=row["body"])
        answer = await post(http, running.settings, target["url"], headers, row["body"])
    log.info("webhook_sent", delivery=str(row["id"]), type=row["type"], status=answer.status)
    return Sent(row["id"], row["lease"], row["attempts"], time.monotonic() - started, answer)
