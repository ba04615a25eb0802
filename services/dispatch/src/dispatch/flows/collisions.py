"""Technicians who are expected at two places at once: said, and never refused. The office may mean it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.db import uuid7
from shared.work import Work
from sqlalchemy import insert, select, update

from dispatch.models import alert, dispatch, technician
from dispatch.queries.lists import collisions_of


async def warn(work: Work[Any], about: Mapping[Any, Any]) -> None:
    """An alert on the dispatch of this appointment, where its technician is taken then. Whoever looks holds
    the technician's row: of two appointments that are set at once the second sees the first."""
    if about["technician_id"] is None:
        return
    query = select(technician.c.name).where(technician.c.id == about["technician_id"])
    name = await work.session.scalar(query.with_for_update())
    others = await collisions_of(work.session, about["id"])
    if not others:
        return
    with_what = "; ".join(f"dispatch {each['number']}, {each['window']}" for each in others)
    await _raise(work, about["dispatch_id"], f"{name} has another appointment at this time: {with_what}.")


async def _raise(work: Work[Any], id: UUID, text: str) -> None:
    raised = {"id": uuid7(), "dispatch_id": id, "kind": "collision", "text": text, "at": work.now}
    await work.session.execute(insert(alert), [raised])
    await work.session.execute(update(dispatch).where(dispatch.c.id == id).values(needs_attention=True))
