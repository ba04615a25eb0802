"""Mails that are over, and what was noted for them, are erased in time."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from portal_api.flows.retention import forget_mails
from portal_api.models.messages import outgoing, reminder, status_notice
from shared.db import utcnow
from shared.service import Running
from sqlalchemy import Column, insert, select


async def test_what_is_over_is_erased_and_what_waits_is_kept(
    run: Running[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal_api.flows.retention._BATCH", 2)
    kept = timedelta(days=run.settings.outgoing_keep_days)
    old, young = utcnow() - kept - timedelta(minutes=1), utcnow() - kept + timedelta(minutes=1)
    mail = {"message": "invitation", "recipient": "pat@household.example", "attempts": 1}
    notice = {"version": 1, "code": "Complete", "at": old, "until": old}
    visit = {"dispatch_id": uuid4(), "version": 1, "zone": "America/Chicago"}
    mails = [("sent", old), ("failed", old), ("suppressed", old), ("waiting", old), ("sent", young)]
    notices = [("told", old), ("waiting", old), ("nobody", young)]
    visits = [("done", old), ("waiting", old), ("done", young)]
    async with run.work() as work:
        for state, at in mails:
            row = {**mail, "id": uuid4(), "state": state, "due_at": at, "created_at": at}
            await work.session.execute(insert(outgoing), [row])
        for state, at in notices:
            row = {**notice, "dispatch_id": uuid4(), "state": state, "due_at": at}
            await work.session.execute(insert(status_notice), [row])
        for state, at in visits:
            row = {**visit, "appointment_id": uuid4(), "state": state, "start_at": at, "end_at": at}
            await work.session.execute(insert(reminder), [row])
    rounds = 1
    while await _forgotten(run):
        rounds += 1
    assert rounds == 2, "a batch at a time"
    assert await _left(run, outgoing.c.state, outgoing.c.due_at) == [("waiting", old), ("sent", young)]
    notes = await _left(run, status_notice.c.state, status_notice.c.due_at)
    assert notes == [("waiting", old), ("nobody", young)]
    assert await _left(run, reminder.c.state, reminder.c.start_at) == [("done", young)]


async def _left(run: Running[Any], state: Column[Any], time: Column[Any]) -> list[tuple[str, datetime]]:
    async with run.database.read() as read:
        return [(row[0], row[1]) for row in await read.execute(select(state, time).order_by(time))]


async def _forgotten(run: Running[Any]) -> bool:
    async with run.work() as work:
        return await forget_mails(work)
