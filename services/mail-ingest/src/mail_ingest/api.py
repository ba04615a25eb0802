"""Routes: mailboxes, the mail log, the quarantine."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from shared.auth import ADMIN, OFFICE, Principal, allow
from shared.company import login_of
from shared.db import Row
from shared.etag import BasedOn, set_etag
from shared.pages import Cursor, Limit, Page, encode_cursor
from shared.problems import Problem, not_found
from shared.service import Running
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy.ext.asyncio import AsyncConnection

from mail_ingest import queries
from mail_ingest.flows import intake, office
from mail_ingest.flows.mailbox_rules import warnings
from mail_ingest.mailbox import test_connection
from mail_ingest.schemas import (
    LONGEST_DOCUMENT,
    ConnectionReport,
    Correction,
    MailboxBody,
    MailboxOut,
    MailLine,
    Replayed,
    ReplayMany,
)
from mail_ingest.settings import LARGEST_MAIL
from mail_ingest.tools import Tools, mailbox_settings

router = APIRouter()


async def running_of(request: Request) -> Running[Tools]:
    return request.scope["callboard.running"]


Writing = Annotated[Work[Tools], Depends(open_work)]
Reading = Annotated[AsyncConnection, Depends(open_read)]
Admin = Annotated[Principal, Depends(allow(*ADMIN))]
Office = Annotated[Principal, Depends(allow(*OFFICE))]
Here = Annotated[Running[Tools], Depends(running_of)]
Outcome = Literal["processed", "updated", "cancelled", "duplicate", "late", "unable", "ignored"]


@router.get("/v1/mailboxes", tags=["mailboxes"])
async def list_mailboxes(_who: Office, here: Here, read: Reading) -> Page[MailboxOut]:
    login = await _login(here, read)
    left = await queries.forwards_left(read)
    return Page(items=[_mailbox(row, login, left) for row in await queries.all_mailboxes(read)])


@router.post("/v1/mailboxes", status_code=201, tags=["mailboxes"])
async def create_mailbox(who: Admin, work: Writing, body: MailboxBody, response: Response) -> dict[str, UUID]:
    mailbox_id = await office.create_mailbox(work, body, who.subject)
    response.headers["Location"] = f"/v1/mailboxes/{mailbox_id}"
    return {"id": mailbox_id}


@router.get("/v1/mailboxes/{mailbox_id}", tags=["mailboxes"])
async def read_mailbox(
    _who: Office, here: Here, read: Reading, mailbox_id: UUID, response: Response
) -> MailboxOut:
    row = await _found(read, mailbox_id)
    set_etag(response, row.version)
    return _mailbox(row, await _login(here, read), await queries.forwards_left(read))


@router.put("/v1/mailboxes/{mailbox_id}", status_code=204, tags=["mailboxes"])
async def edit_mailbox(
    who: Admin, work: Writing, mailbox_id: UUID, based_on: BasedOn, body: MailboxBody
) -> None:
    await office.edit_mailbox(work, mailbox_id, body, based_on, who.subject)


@router.post("/v1/mailboxes/{mailbox_id}/test", tags=["mailboxes"])
async def try_mailbox(_who: Admin, here: Here, read: Reading, mailbox_id: UUID) -> ConnectionReport:
    """Tries name, connection, encryption, login and listing, and says which of them fails and why."""
    row = await _found(read, mailbox_id)
    report = await test_connection(mailbox_settings(row, here.settings))
    return ConnectionReport.model_validate(report)


@router.post("/v1/mailboxes/{mailbox_id}/poll", status_code=202, tags=["mailboxes"])
async def poll_mailbox(_who: Office, work: Writing, mailbox_id: UUID) -> None:
    """Visits the mailbox now instead of at its next turn."""
    await office.poll_now(work, mailbox_id)


@router.get("/v1/mails", tags=["mails"])
async def mail_log(
    _who: Office,
    read: Reading,
    outcome: Annotated[Outcome | None, Query(description="`unable` is the quarantine.")] = None,
    mailbox_id: UUID | None = None,
    number: Annotated[str | None, Query(max_length=40, description="A dispatch number.")] = None,
    search: Annotated[str | None, Query(max_length=100, description="In subject or sender.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MailLine]:
    """Newest first."""
    rows = await queries.mail_log(
        read,
        outcome=outcome,
        mailbox_id=mailbox_id,
        number=number,
        search=search,
        cursor=cursor,
        limit=limit,
    )
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[MailLine.model_validate(row) for row in rows[:limit]], next=more)


@router.post(
    "/v1/mails",
    status_code=202,
    tags=["mails"],
    max_body_size=LARGEST_MAIL,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def post_mail(
    _who: Office, work: Writing, request: Request, mailbox_id: UUID, response: Response
) -> dict[str, UUID]:
    """Takes a raw message as if it had come into that mailbox. The same bytes are the same mail: 200."""
    raw = await request.body()
    if not raw:
        raise Problem(422, "The mail is empty", "Send the raw message as the body.")
    if len(raw) > work.settings.max_mail_bytes:
        raise Problem(413, "The mail is too large", f"At most {work.settings.max_mail_bytes} bytes.")
    box = await office.mailbox_row(work, mailbox_id)
    mail_id, fresh = await intake.store_one(work, box, raw, "http")
    work.wake("read")
    response.status_code = 202 if fresh else 200
    response.headers["Location"] = f"/v1/mails/{mail_id}"
    return {"id": mail_id}


@router.post("/v1/mails/replay", tags=["mails"])
async def replay_mails(who: Office, work: Writing, body: ReplayMany) -> Replayed:
    """Reads many mails again, after a setting or a program was mended."""
    replayed = await office.replay(work, body.ids, who.subject)
    return Replayed(replayed=replayed, skipped=[id for id in body.ids if id not in replayed])


@router.get("/v1/mails/{mail_id:uuid}", tags=["mails"])
async def read_mail(_who: Office, read: Reading, mail_id: UUID) -> MailLine:
    row = await queries.mail(read, mail_id)
    if row is None:
        raise not_found("mail")
    return MailLine.model_validate(row)


@router.get(
    "/v1/mails/{mail_id}/raw",
    tags=["mails"],
    response_class=Response,
    responses={200: {"content": {"message/rfc822": {}}}},
)
async def read_raw(_who: Office, read: Reading, mail_id: UUID) -> Response:
    """The bytes as the mailbox gave them."""
    raw = await queries.raw(read, mail_id)
    if raw is None:
        raise not_found("mail")
    headers = {
        "Content-Disposition": f'attachment; filename="{mail_id}.eml"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(raw, media_type="message/rfc822", headers=headers)


@router.post(
    "/v1/mails/{mail_id}/correct", status_code=202, tags=["mails"], max_body_size=6 * LONGEST_DOCUMENT
)
async def correct_mail(who: Office, work: Writing, mail_id: UUID, body: Correction) -> None:
    """Takes a mail out of quarantine with a corrected document or corrected fields."""
    await office.correct(work, mail_id, body, who.subject)


@router.post("/v1/mails/{mail_id}/replay", status_code=202, tags=["mails"])
async def replay_mail(who: Office, work: Writing, mail_id: UUID) -> None:
    if not await office.replay(work, [mail_id], who.subject):
        raise not_found("settled mail")


@router.post("/v1/mails/{mail_id}/forward", status_code=202, tags=["mails"])
async def forward_mail(who: Office, work: Writing, mail_id: UUID) -> None:
    await office.forward_again(work, mail_id, who.subject)


async def _found(read: AsyncConnection, mailbox_id: UUID) -> Row:
    row = await queries.mailbox(read, mailbox_id)
    if row is None:
        raise not_found("mailbox")
    return row


async def _login(here: Running[Tools], read: AsyncConnection) -> str:
    return login_of(here.settings, await queries.company(read))


def _mailbox(row: Row, login: str, left: dict[UUID, list[str]]) -> MailboxOut:
    said = [*warnings(row, login), *left.get(row.id, [])]
    found = {"has_password": bool(row.sealed_password), "warnings": said}
    return MailboxOut.model_validate({**row._mapping, **found})
