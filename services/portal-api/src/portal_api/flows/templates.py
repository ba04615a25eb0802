"""The office edits what mails say."""

from typing import Any

from shared.db import insert_ignore
from shared.etag import check_version
from shared.problems import Problem
from shared.work import Work
from sqlalchemy import delete, update

from portal_api.models.messages import message_template
from portal_api.queries.templates import Template, template
from portal_api.schemas.messages import TemplateIn
from portal_api.templates import Wording, WordingRefused, check, render


def checked(found: Template, wording: Wording, company: dict[str, str]) -> Wording:
    """The wording rendered with the sample values. Raises a 422 problem that says what is wrong with it."""
    try:
        check(wording, found.message.variables)
        return render(wording, found.message.variables | company)
    except WordingRefused as error:
        raise Problem(422, "This wording cannot be used", str(error)) from None


async def edit_template(work: Work[Any], *, name: str, body: TemplateIn, based_on: int, who: str) -> Template:
    was = await template(work.session, name)
    check_version(based_on, was.version)
    wording = Wording(body.subject, body.text, body.html)
    checked(was, wording, {})
    if was.message.contractual and body.enabled is False:
        raise Problem(422, "This mail is contractual", "It cannot be turned off.")
    if body.hours is not None and not was.message.hours:
        raise Problem(422, "This mail has no hours", "They are for the appointment reminder.")
    now = was._replace(
        wording=wording,
        enabled=was.enabled if body.enabled is None else body.enabled,
        hours=body.hours or was.hours,
        version=was.version + 1,
    )
    await _write(work, now, who)
    before, after = _audited(was), _audited(now)
    work.audit(who=who, action="message_template.edited", subject=name[:100], before=before, after=after)
    return now


async def reset_template(work: Work[Any], *, name: str, based_on: int, who: str) -> None:
    """Back to the built-in wording, and to off where the message is a notification."""
    was = await template(work.session, name)
    check_version(based_on, was.version)
    this = (message_template.c.message == name) & (message_template.c.version == was.version)
    await work.session.execute(delete(message_template).where(this))
    work.audit(who=who, action="message_template.reset", subject=name[:100], before=_audited(was))


async def _write(work: Work[Any], now: Template, who: str) -> None:
    row = {
        "message": now.name,
        "version": now.version,
        **now.wording._asdict(),
        "enabled": now.enabled,
        "hours": now.hours,
        "edited_at": work.now,
        "edited_by": who,
    }
    columns = [message_template.c.message]
    if now.version == 1:
        new = insert_ignore(work.session, message_template, ["message"], returning=["message"])
        written = (await work.session.execute(new, [row])).first()
    else:
        this = (message_template.c.message == now.name) & (message_template.c.version == now.version - 1)
        changed = update(message_template).where(this).values(row).returning(*columns)
        written = (await work.session.execute(changed)).first()
    if written is None:
        check_version(now.version - 1, now.version)


def _audited(found: Template) -> dict[str, Any]:
    return {**found.wording._asdict(), "enabled": found.enabled, "hours": found.hours}
