"""What is written down of payments, row by row."""

from typing import Any
from uuid import UUID

from payments.flows.outcomes import apply_charge
from payments.flows.traces import Heard
from payments.gateways.base import Result
from payments.ledger import Asked
from payments.models import alert, attempt, operation, payment_event
from shared.db import Row
from shared.service import Running
from sqlalchemy import select, update

ALL: dict[str, Any] = {"gateway_ref": "r1", "amount": 12540, "currency": "USD", "captured": True}
ALL |= {"auth_code": "A1", "avs": "match", "cvv": "match", "last4": "4242", "brand": "visa"}
ALL |= {"code": "00", "message": "thank you"}
"""All that a gateway can say of a charge of 125.40."""


async def told(run: Running[Any], id: UUID, result: Result, asked: Asked = "webhook") -> str:
    async with run.work() as work:
        return await apply_charge(work, attempt_id=id, heard=Heard(result, asked, "return", "who told"))


async def rows(run: Running[Any], table: Any, *where: Any) -> list[Row]:
    async with run.database.read() as read:
        return list((await read.execute(select(table).where(*where).order_by(*table.primary_key))).all())


async def of(run: Running[Any], id: UUID) -> Row:
    return (await rows(run, attempt, attempt.c.id == id))[0]


async def operations(run: Running[Any], id: UUID) -> list[Row]:
    return await rows(run, operation, operation.c.attempt_id == id)


async def last_event(run: Running[Any], id: UUID) -> Row:
    return (await rows(run, payment_event, payment_event.c.attempt_id == id))[-1]


async def alerts(run: Running[Any]) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in await rows(run, alert)]


async def becomes(run: Running[Any], id: UUID, **values: Any) -> None:
    async with run.work() as work:
        await work.session.execute(update(attempt).where(attempt.c.id == id).values(values))
