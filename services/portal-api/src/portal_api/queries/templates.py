"""Wordings as they are in force: the office's, or the built-in ones."""

from typing import Any, NamedTuple

from shared.problems import not_found
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.messages import message_template, office_code
from portal_api.plain import WORDS
from portal_api.templates import Wording
from portal_api.wording import MESSAGES, STATUS, Message, message_of

_CODES = select(office_code.c.code, office_code.c.retired)


class Template(NamedTuple):
    """Version 0: nobody has edited it."""

    name: str
    message: Message
    wording: Wording
    enabled: bool
    hours: int
    version: int


async def all_templates(read: AsyncConnection | AsyncSession) -> list[Template]:
    """Every message, and one for each status code that is known and not retired, or was edited here."""
    rows = {row["message"]: row for row in (await read.execute(select(message_template))).mappings()}
    told = (await read.execute(_CODES)).all()
    codes = {*WORDS, *(row.code for row in told)} - {row.code for row in told if row.retired}
    statuses = {STATUS + code for code in codes}
    statuses |= {name for name in rows if name.startswith(STATUS)}
    return [_template(name, rows.get(name)) for name in [*MESSAGES, *sorted(statuses)]]


async def template(read: AsyncConnection | AsyncSession, name: str) -> Template:
    """Raises a 404 problem for a message, or a status code, that is not known."""
    row = (
        (await read.execute(select(message_template).where(message_template.c.message == name)))
        .mappings()
        .first()
    )
    if row is None and name not in MESSAGES and not await _is_known_status(read, name):
        raise not_found("message")
    return _template(name, row)


async def _is_known_status(read: AsyncConnection | AsyncSession, name: str) -> bool:
    code = name.removeprefix(STATUS)
    if code == name:
        return False
    query = select(office_code.c.code).where(office_code.c.code == code)
    return code in WORDS or (await read.execute(query)).first() is not None


def _template(name: str, row: Any) -> Template:
    message = message_of(name)
    if row is None:
        return Template(name, message, message.wording, message.contractual, message.hours, 0)
    wording = Wording(row["subject"], row["text"], row["html"])
    return Template(name, message, wording, row["enabled"], row["hours"], row["version"])
