"""Calls to gateways. Before a call everything that it needs is committed, and no transaction is open during
it: after a crash the janitor knows what may have happened."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import SecretStr
from shared.db import Row, utcnow
from shared.fault import fault
from shared.secrets import unseal
from shared.service import Running
from sqlalchemy import select

from payments import ledger, schedule
from payments.flows.orders import order_of
from payments.flows.outcomes import apply_charge, locked, set_attempt
from payments.flows.tokens import gateway_of
from payments.flows.traces import Heard, Source, note
from payments.gateways.base import Expected, Hosted, Result, digest
from payments.gateways.findings import approved, compare
from payments.gateways.found import Findings
from payments.gateways.port import Gateway
from payments.models import attempt, gateway_account, operation, saved_card
from payments.queries.attempts import unneeded_pages
from payments.tools import Tools, guarded


@dataclass(frozen=True)
class Case:
    """An attempt, its charge, and the gateway it goes to."""

    row: Row
    charge: Row
    gateway: Gateway

    @property
    def expected(self) -> Expected:
        return Expected(
            our_id=self.row.id.hex,
            amount=self.row.amount,
            currency=self.row.currency,
            order_ref=self.row.order_ref,
            gateway_ref=self.row.gateway_ref,
            return_digest=self.row.return_secret,
        )


async def open_case(running: Running[Tools], attempt_id: UUID) -> Case:
    async with running.database.read() as read:
        row = (await read.execute(select(attempt).where(attempt.c.id == attempt_id))).one()
        charge = (
            await read.execute(
                select(operation).where(
                    operation.c.attempt_id == attempt_id, operation.c.kind.in_(("sale", "authorize"))
                )
            )
        ).one()
        query = select(gateway_account).where(gateway_account.c.id == row.account_id)
        account = (await read.execute(query)).one()
    return Case(row, charge, gateway_of(running, account))


async def start_hosted(running: Running[Tools], attempt_id: UUID) -> ledger.State:
    """Opens the gateway's page. That moves no money: whatever goes wrong is `failed`."""
    case = await open_case(running, attempt_id)
    back = f"{running.settings.payments_url.rstrip('/')}/v1/checkouts/{attempt_id}"
    order = await order_of(running, case.row, case.charge)
    left = SecretStr(secrets.token_urlsafe(24))
    cancel_url = f"{back}/return?left={left.get_secret_value()}"
    fault("payments_before_call")
    answer = await guarded(
        running.settings, case.gateway.start_hosted(order, return_url=f"{back}/return", cancel_url=cancel_url)
    )
    fault("payments_after_call")
    async with running.work() as work:
        row = await locked(work, attempt_id)
        if isinstance(answer, Hosted) and row.state == "submitting":
            latest = work.now + timedelta(minutes=running.settings.checkout_minutes)
            expires = min(answer.expires_at or latest, latest)
            heard = Heard(Result(outcome="requires_action"), "call", "api", row.caller)
            await note(work, row, "requires_action", heard, details={"order": answer.order_ref})
            await set_attempt(
                work,
                row,
                state="requires_action",
                order_ref=answer.order_ref,
                return_secret=digest(answer.return_secret),
                extra={**row.extra, "left": digest(left)},
                redirect_url=answer.redirect_url,
                expires_at=expires,
                checks=0,
                next_check_at=schedule.next_check("requires_action", 0, work.now),
            )
            return "requires_action"
        failure = answer if isinstance(answer, Result) else Result(outcome="error")
        failed = Result(outcome="error", kind=failure.kind, code=failure.code, message=failure.message)
        return await apply_charge(work, attempt_id=attempt_id, heard=Heard(failed, "call", "api", row.caller))


async def charge_card(
    running: Running[Tools], attempt_id: UUID, *, token: SecretStr | None = None, asked: ledger.Asked = "call"
) -> ledger.State:
    """Charges a one-time token, or the saved card that the attempt names."""
    case = await open_case(running, attempt_id)
    saved = token is None
    card = token or await _saved(running, UUID(case.row.extra["card"]))
    order = await order_of(running, case.row, case.charge)
    fault("payments_before_call")
    result = await guarded(running.settings, case.gateway.charge_token(order, card, saved=saved))
    fault("payments_after_call")
    state = await hear(running, attempt_id, result, asked, "api" if asked == "call" else "janitor")
    fault("payments_after_commit")
    return await look(running, attempt_id, "api") if result.outcome == "duplicate" else state


async def complete(running: Running[Tools], attempt_id: UUID, source: Source) -> ledger.State:
    """After the payer has approved: takes the money where the gateway wants that, and looks otherwise."""
    case = await open_case(running, attempt_id)
    moves = case.gateway.capabilities.complete_moves_money
    if case.row.state == "expired" and not moves:
        return await look(running, attempt_id, source)  # the page was paid after we had given it up
    if case.row.state != "requires_action":
        return case.row.state
    if moves:
        async with running.work() as work:
            row = await locked(work, attempt_id)
            if row.state != "requires_action":
                return row.state
            if await unneeded_pages(work.session, attempt_id):
                settled = Result(outcome="canceled", message="The invoice was settled in another way.")
                return await apply_charge(
                    work, attempt_id=attempt_id, heard=Heard(settled, "look", source, source)
                )
            heard = Heard(Result(outcome="requires_action"), "call", source, source)
            await note(work, row, "submitting", heard, details={})
            due = schedule.next_check("submitting", 0, work.now)
            await set_attempt(work, row, state="submitting", next_check_at=due)
    fault("payments_before_call")
    result = await guarded(
        running.settings, case.gateway.complete(case.expected, request_id=case.charge.request_id)
    )
    fault("payments_after_call")
    state = await hear(running, attempt_id, result, "call" if moves else "look", source)
    fault("payments_after_commit")
    return state


class Said(NamedTuple):
    """`answered`: the gateway said what it has, be it nothing; a look-up that failed is no answer, but for
    the refusal that is all a gateway has to say of a page that was not paid (yet)."""

    state: ledger.State
    answered: bool


async def look(running: Running[Tools], attempt_id: UUID, source: Source) -> ledger.State:
    return (await ask(running, attempt_id, source)).state


async def ask(running: Running[Tools], attempt_id: UUID, source: Source) -> Said:
    """Asks the gateway what became of a charge, or sends it again where the gateway knows the repeat."""
    case = await open_case(running, attempt_id)
    resend = case.gateway.capabilities.resend
    again = case.row.state == "unknown" and resend is not None and age_of(case.charge) < resend
    if again and case.row.order_ref and case.gateway.capabilities.complete_moves_money:
        call = case.gateway.complete(case.expected, request_id=case.charge.request_id)
        result = await guarded(running.settings, call)
        return _said(await hear(running, attempt_id, result, "resend", source), result)
    found = await guarded(running.settings, case.gateway.lookup(case.expected))
    if isinstance(found, Result) and found.kind == "unsupported":
        if again and "card" in case.row.extra:
            return Said(await charge_card(running, attempt_id, asked="resend"), True)
        if case.gateway.capabilities.abandon:
            found = await guarded(running.settings, case.gateway.abandon(case.charge.request_id))
            found = Result(outcome="voided") if found.outcome == "approved" else found
    result = found if isinstance(found, Result) else compare(found, case.expected)
    state = await hear(running, attempt_id, result, "look", source)
    if state == "succeeded" and isinstance(found, Findings):
        several = approved(found, case.expected)
        for each in several if len(several) > 1 else ():  # what is booked of them is known by its reference
            await hear(running, attempt_id, each, "look", source)
    silent = case.gateway.capabilities.unpaid_is_refused and result.kind == "refused"
    return Said(state, True) if silent and case.row.order_ref else _said(state, result)


def _said(state: ledger.State, result: Result) -> Said:
    return Said(state, result.outcome not in ("unknown", "error"))


def age_of(row: Row) -> timedelta:
    return utcnow() - row.created_at


async def hear(
    running: Running[Tools],
    attempt_id: UUID,
    result: Result,
    asked: ledger.Asked,
    source: Source,
    who: str | None = None,
) -> ledger.State:
    async with running.work() as work:
        return await apply_charge(
            work, attempt_id=attempt_id, heard=Heard(result, asked, source, who or source)
        )


async def _saved(running: Running[Tools], id: UUID) -> SecretStr:
    async with running.database.read() as read:
        row = (await read.execute(select(saved_card).where(saved_card.c.id == id))).one()
    return unseal(running.settings, row.sealed, f"saved_card/{id}")
