"""Mails that became dispatches, dispatches that have customers."""

from datetime import datetime
from typing import Any

from customer.models import customer, match
from dispatch.models import dispatch, history, received
from mail_ingest.tables import mails
from shared.db import Row
from sqlalchemy import and_, func, select

from embedded.checks.base import APPLIED, Books, Check, check, rows_of


async def mails_became_dispatches(books: Books) -> Check:
    """Both services say the same of each mail that held a dispatch."""
    there = {row.id for row in await rows_of(books.dispatch, select(dispatch.c.id))}
    said = {row.mail_id: row for row in await rows_of(books.dispatch, select(received))}
    columns = (
        mails.c.id,
        mails.c.number,
        mails.c.state,
        mails.c.outcome,
        mails.c.dispatch_id,
        mails.c.settled_at,
    )
    known: dict[Any, Row] = {row.id: row for row in await rows_of(books.mail, select(*columns))}
    found: list[tuple[str, datetime | None]] = []
    for mail in known.values():
        if mail.outcome in APPLIED and (mail.dispatch_id not in there or mail.id not in said):
            found.append((f"mail {mail.id} is {mail.outcome}, but dispatch {mail.number} is missing", None))
    for answer in said.values():
        mail = known.get(answer.mail_id)
        if mail is None:
            found.append(
                (f"dispatch {answer.dispatch_id} comes of mail {answer.mail_id}, which is missing", None)
            )
        elif mail.state == "settled" and mail.outcome != answer.outcome:
            found.append((f"mail {mail.id} is {mail.outcome}, its dispatch says {answer.outcome}", answer.at))
    return check(books, "every processed mail's dispatch exists", found)


async def numbers_are_unique(books: Books) -> Check:
    query = select(dispatch.c.partner, dispatch.c.number, func.count().label("times"))
    query = query.where(dispatch.c.partner.is_not(None)).group_by(dispatch.c.partner, dispatch.c.number)
    rows = await rows_of(books.dispatch, query.having(func.count() > 1))
    return check(
        books,
        "every dispatch number exists once",
        [(f"{row.partner} {row.number} exists {row.times} times", None) for row in rows],
    )


async def dispatches_have_a_cause(books: Books) -> Check:
    query = select(dispatch.c.id, dispatch.c.number, history.c.detail).outerjoin(
        history, and_(history.c.dispatch_id == dispatch.c.id, history.c.kind == "created")
    )
    ids = {str(row.id) for row in await rows_of(books.mail, select(mails.c.id))}
    found: list[tuple[str, datetime | None]] = []
    for row in await rows_of(books.dispatch, query):
        cause = None if row.detail is None else row.detail.get("mail_id", "the office")
        if cause is None or (cause != "the office" and str(cause) not in ids):
            found.append((f"dispatch {row.number} ({row.id}) has no cause", None))
    return check(books, "every dispatch has a cause: a mail or the office", found)


async def dispatches_have_customers(books: Books) -> Check:
    columns = (dispatch.c.id, dispatch.c.number, dispatch.c.match_state, dispatch.c.match_version)
    rows = await rows_of(books.dispatch, select(*columns, dispatch.c.customer_id, dispatch.c.changed_at))
    matches = {row.dispatch_id: row for row in await rows_of(books.customer, select(match))}
    customers = {row.id for row in await rows_of(books.customer, select(customer.c.id))}
    found: list[tuple[str, datetime | None]] = []
    for row in rows:
        matched = matches.pop(row.id, None)
        name = f"dispatch {row.number} ({row.id})"
        if matched is None or row.match_state is None:
            found.append((f"{name} has no customer and no review", row.changed_at))
        elif matched.version != row.match_version:
            found.append((f"{name} has not heard of its newest match", matched.updated_at))
        elif row.match_state != "review" and row.customer_id not in customers:
            found.append((f"{name} has customer {row.customer_id}, who is missing", None))
    found += [(f"a match of dispatch {id}, which is missing", None) for id in matches]
    return check(books, "every dispatch has a customer or a review", found)
