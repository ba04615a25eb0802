"""Pages of gateways that are ended before anybody paid on them."""

from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from shared.problems import conflict
from shared.service import Running
from shared.work import Work

from payments import ledger, schedule
from payments.flows.calls import ask, hear, look, open_case
from payments.flows.outcomes import locked, mirror, set_attempt
from payments.flows.traces import Heard, Source, note
from payments.queries.attempts import unneeded_pages
from payments.tools import Tools, guarded
from payments.wording import for_payer


class Ending(NamedTuple):
    """What came of ending a page. `closed`: the gateway ended it, nobody can pay on it any more. `given_up`:
    the gateway cannot end it, and knows of no payment; it is looked at on, and what is paid on it becomes
    credit. `paid`: it was paid meanwhile. `open`: the gateway did not say. `none`: there was no open page."""

    state: ledger.State
    how: Literal["closed", "given_up", "paid", "open", "none"]
    expires_at: datetime | None = None


async def close_page(
    running: Running[Tools], attempt_id: UUID, source: Source, who: str, *, asked: bool = False
) -> Ending:
    """Ends a page that nobody paid; if it was paid meanwhile, that counts. `asked`: the gateway was asked
    just now, and the caller decides what its answer means where it cannot end pages."""
    case = await open_case(running, attempt_id)
    if case.row.state != "requires_action" or not case.row.order_ref:
        return Ending(case.row.state, "none")
    result = await guarded(running.settings, case.gateway.close_hosted(case.row.order_ref))
    if result.outcome == "canceled":
        return _ended(await hear(running, attempt_id, result, "look", source, who))
    if result.outcome in ("approved", "pending"):
        return _ended(await look(running, attempt_id, source))
    if asked or result.kind != "unsupported":
        return Ending("requires_action", "open", case.row.expires_at)
    said = await ask(running, attempt_id, source)
    if said.state != "requires_action":
        return _ended(said.state)
    if not said.answered:
        return Ending("requires_action", "open", case.row.expires_at)
    async with running.work() as work:
        return _ended(await give_up(work, attempt_id, Heard(result, "look", source, who)))


def _ended(state: ledger.State) -> Ending:
    if state == "canceled":
        return Ending(state, "closed")
    if state == "expired":
        return Ending(state, "given_up")
    return Ending(state, "open" if state == "requires_action" else "paid")


async def give_up(work: Work[Any], attempt_id: UUID, heard: Heard) -> ledger.State:
    """A page that may still be paid holds its invoice no longer; it is looked at on, in case it is."""
    row = await locked(work, attempt_id)
    if row.state != "requires_action":
        return row.state
    await note(work, row, "expired", heard, details={"because": "the card service cannot end its page"})
    due = schedule.next_check("expired", 0, work.now)
    await set_attempt(work, row, state="expired", checks=0, next_check_at=due)
    await mirror(work, attempt_id, "expired")
    return "expired"


def told(ending: Ending) -> int:
    """The HTTP status for whoever wanted the page ended: 200, or 202 where it cannot be ended and may still
    be paid. Raises 409 where nothing was ended."""
    if ending.how == "closed":
        return 200
    if ending.how == "given_up":
        return 202
    if ending.how == "open":
        when = f" It ends by itself at {ending.expires_at:%H:%M} UTC." if ending.expires_at else ""
        raise conflict(
            "The payment page could not be ended",
            f"The card service did not say that nothing was paid on it. Try again in a minute.{when}",
        )
    title = "There is no open payment page" if ending.how == "none" else "This payment was settled meanwhile"
    raise conflict(title, for_payer(ending.state))


async def mark_unneeded(running: Running[Tools]) -> None:
    """Pages whose invoices were settled in another way are due now, once, to be closed."""
    async with running.database.read() as read:
        ids = await unneeded_pages(read)
    for id in ids:
        async with running.work() as work:
            row = await locked(work, id)
            if row.state == "requires_action" and "unneeded" not in row.extra:
                await set_attempt(work, row, extra={**row.extra, "unneeded": True}, next_check_at=work.now)
