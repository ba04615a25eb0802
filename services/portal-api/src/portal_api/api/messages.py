"""Routes of wordings: read, edit, preview, try, reset."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from shared.auth import ADMIN, Principal, allow
from shared.etag import BasedOn, set_etag
from shared.pages import Page
from shared.problems import Problem
from sqlalchemy import select
from starlette.convertors import StringConvertor, register_url_convertor

from portal_api.api.depends import Here, Reading, Writing
from portal_api.flows.templates import checked, edit_template, reset_template
from portal_api.flows.trial import try_mail
from portal_api.models.accounts import account
from portal_api.queries.company import company_values, read_company
from portal_api.queries.templates import Template, all_templates, template
from portal_api.schemas.company import TestReport, report
from portal_api.schemas.messages import Preview, TemplateDraft, TemplateIn, TemplateLine, TemplateOut
from portal_api.templates import Wording


class MessageConvertor(StringConvertor):
    """The name of a message: that of a status may have slashes, but what is done with one is no name."""

    regex = ".+?(?<!/preview)(?<!/test)"


register_url_convertor("message", MessageConvertor())
router = APIRouter(prefix="/v1/message-templates", tags=["messages"])
Admin = Annotated[Principal, Depends(allow(*ADMIN))]
Person = Annotated[Principal, Depends(allow(*ADMIN, clients=False))]


@router.get("")
async def list_message_templates(_who: Admin, read: Reading) -> Page[TemplateLine]:
    """All messages; `status:<code>` for each status code that is known, off until it is turned on."""
    return Page(items=[TemplateLine.model_validate(_line(each)) for each in await all_templates(read)])


@router.post("/{message:message}/preview")
async def preview_message_template(
    _who: Admin, read: Reading, here: Here, message: str, draft: TemplateDraft | None = None
) -> Preview:
    """The draft, or else the wording in force, with sample values."""
    found = await template(read, message)
    company = company_values(here.settings, (await read_company(read)).about)
    shown = checked(found, _wording(found, draft), {name: text for name, text in company.items() if text})
    return Preview.model_validate(shown)


@router.post("/{message:message}/test")
async def send_message_template_test(
    who: Person, here: Here, message: str, draft: TemplateDraft | None = None
) -> TestReport:
    """Mails the preview to oneself, and says what the mail server said."""
    async with here.database.read() as read:
        found = await template(read, message)
        known = await read_company(read)
        mine = select(account.c.email).where(account.c.id == _account(who))
        to = (await read.execute(mine)).scalar()
    if to is None:
        raise Problem(422, "Your account has no e-mail address", "Enter one, then try again.")
    company = company_values(here.settings, known.about)
    shown = checked(found, _wording(found, draft), {name: text for name, text in company.items() if text})
    return report(await try_mail(here.settings, known, to=to, wording=shown))


@router.get("/{message:message}")
async def read_message_template(_who: Admin, read: Reading, message: str, response: Response) -> TemplateOut:
    return _shown(await template(read, message), response)


@router.put("/{message:message}")
async def edit_message_template(
    who: Admin, work: Writing, message: str, based_on: BasedOn, body: TemplateIn, response: Response
) -> TemplateOut:
    """Refused with what is wrong: a mistake in the syntax, an unknown variable, or what no wording may do."""
    now = await edit_template(work, name=message, body=body, based_on=based_on, who=who.subject)
    return _shown(now, response)


@router.delete("/{message:message}", status_code=204)
async def reset_message_template(who: Admin, work: Writing, message: str, based_on: BasedOn) -> None:
    """Back to the built-in wording."""
    await reset_template(work, name=message, based_on=based_on, who=who.subject)


def _wording(found: Template, draft: TemplateDraft | None) -> Wording:
    return found.wording if draft is None else Wording(draft.subject, draft.text, draft.html)


def _account(who: Principal) -> UUID:
    try:
        return UUID(who.subject)
    except ValueError:
        raise Problem(422, "Only somebody with an account has an address", "Sign in with one.") from None


def _line(found: Template) -> dict[str, object]:
    return {
        "message": found.name,
        "title": found.message.title,
        "contractual": found.message.contractual,
        "enabled": found.enabled,
        "hours": found.hours or None,
        "edited": found.version > 0,
        "version": found.version,
    }


def _shown(found: Template, response: Response) -> TemplateOut:
    set_etag(response, found.version)
    variables = found.message.variables
    return TemplateOut.model_validate({**_line(found), **found.wording._asdict(), "variables": variables})
