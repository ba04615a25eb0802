"""Mail that waits in a table of a service: leased, sent with no transaction open, settled; at least once.

The table has `id`, `state` (`waiting` until it is over), `due_at`, `attempts`, `created_at`, `settled_at` and
`answer`, what the mail server said.
"""

import random
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.exc import DBAPIError

from shared.db import Row, utcnow
from shared.mailer import MailRefused
from shared.service import Running
from shared.work import Work

log = structlog.get_logger()

LONGEST = 900.0


def next_try(attempts: int) -> timedelta:
    """Doubled with each try, and spread, so that an outage does not end in a stampede."""
    return timedelta(seconds=min(2.0 ** min(attempts, 10), LONGEST) * random.uniform(0.5, 1.0))  # noqa: S311


async def nothing_due(running: Running[Any], table: Table) -> bool:
    """Asked every second, so without a write transaction."""
    query = select(table.c.id).where(*_due(table, utcnow())).limit(1)
    async with running.database.read() as read:
        return (await read.execute(query)).first() is None


async def lease(work: Work[Any], table: Table, limit: int) -> Sequence[Row]:
    """Mails that are due, ours for as long as `lease_seconds`."""
    due = select(table.c.id).where(*_due(table, work.now)).order_by(table.c.due_at).limit(limit)
    ids = list((await work.session.execute(due.with_for_update(skip_locked=True))).scalars())
    if not ids:
        return []
    until = work.now + timedelta(seconds=work.settings.lease_seconds)
    leased = update(table).where(table.c.id.in_(ids)).returning(table)
    return (await work.session.execute(leased.values(due_at=until, attempts=table.c.attempts + 1))).all()


async def settle(
    work: Work[Any],
    table: Table,
    row: Row,
    state: str,
    answer: str | None,
    *,
    give_up_hours: float,
    **over: Any,
) -> None:
    """`waiting` is tried again later, until the mail is older than `give_up_hours` and `failed`. Every other
    state is for good, and the columns of `over` are written with it."""
    if state == "waiting" and work.now - row.created_at > timedelta(hours=give_up_hours):
        state = "failed"
    values: dict[str, Any] = {"state": state, "answer": answer}
    if state == "waiting":
        values["due_at"] = work.now + next_try(row.attempts)
    else:
        values |= {**over, "settled_at": work.now}
    await work.session.execute(update(table).where(table.c.id == row.id).values(values))


async def outcome(
    id: UUID, sending: Awaitable[None], refuses: tuple[type[Exception], ...] = ()
) -> tuple[str, str | None]:
    """The mail's next state, and what the server said. `refuses` are errors whose words a person may read."""
    try:
        await sending
    except MailRefused as refused:
        log.warning("mail_refused", mail=str(id), said=str(refused), permanent=refused.permanent)
        return "failed" if refused.permanent else "waiting", str(refused)
    except (OSError, TimeoutError) as error:
        log.warning("mail_failed", mail=str(id), error=type(error).__name__)
        return "waiting", "The mail server cannot be reached: check the company's mail server."
    except DBAPIError as error:
        log.warning("mail_unread", mail=str(id), error=type(error).__name__)
        return "waiting", "The database did not answer."
    except refuses as error:
        log.warning("mail_impossible", mail=str(id), error=type(error).__name__)
        return "failed", str(error)[:300]
    except Exception as error:
        # whatever is wrong with this one, its neighbours go out
        log.exception("mail_impossible", mail=str(id))
        return "failed", f"It cannot be written ({type(error).__name__})."
    return "sent", None


def _due(table: Table, now: Any) -> tuple[ColumnElement[bool], ...]:
    return table.c.state == "waiting", table.c.due_at <= now
