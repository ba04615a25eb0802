"""One look at what is not settled, and what is done where it was the last."""

from typing import Any, NamedTuple
from uuid import UUID

from shared.db import Row
from shared.problems import Problem
from shared.service import Running
from shared.work import Work
from sqlalchemy import select

from payments import schedule
from payments.flows import calls, pages, sending
from payments.flows.operations import apply_operation
from payments.flows.outcomes import apply_charge, locked, mirror, set_attempt
from payments.flows.traces import Heard, named, note, raise_alert
from payments.gateways.base import Result
from payments.ledger import State
from payments.models import alert
from payments.tools import Tools

HOLD_DAYS = 6
"""Card issuers let most holds go after seven."""


class Due(NamedTuple):
    """`id` is the attempt's or the operation's. `last`: the schedule ends with this look. `first`: an
    operation of our own rules, never sent yet. `unneeded`: a page whose invoices were settled in another
    way."""

    id: UUID
    attempt_id: UUID
    state: str
    last: bool
    first: bool = False
    unneeded: bool = False
    checks: int = 0


async def look_at_attempt(running: Running[Tools], due: Due) -> None:
    if due.state == "void_pending":
        return  # its void is an operation of its own
    if due.state == "submitting" and not await _woken(running, due.id):
        return
    if due.unneeded:
        await pages.close_page(running, due.id, "janitor", "janitor")
        return
    state, answered = await calls.ask(running, due.id, "janitor")
    if state == due.state == "authorized" and due.checks == HOLD_DAYS:
        async with running.work() as work:
            row = await locked(work, due.id)
            text = f"A hold is {HOLD_DAYS} days old: {named(row)}. Capture or void it while it lasts."
            await raise_alert(work, row, "hold_open", text)
    if due.last and state == due.state == "requires_action":
        state = (await pages.close_page(running, due.id, "janitor", "janitor", asked=True)).state
    if due.last and state == due.state:
        async with running.work() as work:
            if state == "requires_action" and not answered:
                await _unknown(work, due.id, "The gateway did not say what became of its page.")
            else:
                await _give_up(work, due)


async def _unknown(work: Work[Any], id: UUID, message: str) -> None:
    heard = Heard(Result(outcome="unknown", message=message), "call", "janitor", "janitor")
    await apply_charge(work, attempt_id=id, heard=heard)


async def _woken(running: Running[Tools], id: UUID) -> bool:
    """A process died in the middle of this attempt. Where no page was shown and no card charged, nothing
    happened; otherwise money may have moved, and the gateway must be asked."""
    async with running.work() as work:
        row = await locked(work, id)
        if row.state != "submitting":
            return False
        asked = row.order_ref is not None or "card" in row.extra or "token" in row.extra
        message = "We stopped while the gateway was asked."
        result = Result(outcome="unknown" if asked else "error", message=message)
        await apply_charge(work, attempt_id=id, heard=Heard(result, "call", "janitor", "janitor"))
    return asked


_GIVEN_UP: dict[str, tuple[State, str]] = {
    "requires_action": ("expired", ""),
    "submitting": ("needs_review", "Whether this payment was made could not be found out"),
    "unknown": ("needs_review", "The gateway never said whether this payment was made"),
    "pending": ("needs_review", "The gateway never said whether this payment arrived"),
    "authorized": ("needs_review", "A hold was neither captured nor released for a month"),
}


async def _give_up(work: Work[Any], due: Due) -> None:
    row = await locked(work, due.attempt_id)
    if row.state != due.state:
        return
    if due.state not in _GIVEN_UP:  # nothing is open: it was looked at long enough
        await set_attempt(work, row, next_check_at=None)
        return
    target, why = _GIVEN_UP[due.state]
    heard = Heard(Result(outcome="unknown"), "look", "janitor", "janitor")
    await note(work, row, target, heard, details={"because": "the schedule ended"})
    next_check = schedule.next_check(target, 0, work.now)
    await set_attempt(work, row, state=target, checks=0, next_check_at=next_check)
    await mirror(work, row.id, target)
    if target == "needs_review":
        await raise_alert(work, row, "needs_review", f"{why}: {named(row)}. {_way_out(row)}")


async def look_at_operation(running: Running[Tools], due: Due) -> None:
    if due.first:
        await sending.perform(running, due.id, source="janitor")
        return
    if due.state == "submitting":
        async with running.work() as work:
            result = Result(outcome="unknown", message="We stopped while the gateway was asked.")
            heard = Heard(result, "call", "janitor", "janitor")
            if await apply_operation(work, operation_id=due.id, heard=heard) != "unknown":
                return
    state = await sending.look_at_operation(running, due.id, "janitor")
    if due.last and state in ("unknown", "pending"):
        async with running.work() as work:
            await _leave_to_a_person(work, due, "The gateway never said what became of it.")


async def not_looked_at(running: Running[Tools], due: Due, error: Exception) -> None:
    """The look itself failed on our side: a person is told once, and takes over when the schedule ends."""
    why = f"{error} {error.detail or ''}" if isinstance(error, Problem) else f"error {type(error).__name__}"
    async with running.work() as work:
        row = await locked(work, due.attempt_id)
        known = select(alert.c.id).where(
            alert.c.attempt_id == row.id, alert.c.kind == "look_failed", alert.c.settled_at.is_(None)
        )
        if (await work.session.execute(known)).first() is None:
            text = f"What became of a payment could not be looked up: {named(row)}. {why.strip()}"
            await raise_alert(work, row, "look_failed", text)
        if not due.last:
            return
        if due.id != row.id:
            await _leave_to_a_person(work, due, "What became of it could not be looked up.")
        elif due.state == "requires_action":
            await _unknown(work, row.id, "What became of the page could not be looked up.")
        else:
            await _give_up(work, due)


async def _leave_to_a_person(work: Work[Any], due: Due, why: str) -> None:
    heard = Heard(Result(outcome="needs_review", message=why), "look", "janitor", "janitor")
    await apply_operation(work, operation_id=due.id, heard=heard)


def _way_out(row: Row) -> str:
    return f"Look it up at the card service, then decide: POST /v1/payment-attempts/{row.id}/decision"
