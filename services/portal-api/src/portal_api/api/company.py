"""Routes of company information."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from shared.auth import ADMIN, Principal, allow, allow_anyone
from shared.db import utcnow, uuid7
from shared.etag import BasedOn, set_etag
from shared.hosts import HostRefused
from shared.mailer import MaildirMailer
from shared.probe import probe
from shared.problems import Problem, not_found
from shared.secrets import SecretUnreadable

from portal_api.api.depends import Here, Office, Reading, Writing
from portal_api.flows.company import check_host, edit_company, logo_url, set_logo
from portal_api.letter import AddressRefused, address_of, compose
from portal_api.pictures import PictureRefused, redraw
from portal_api.queries.company import Company, read_company, read_logo, sending
from portal_api.schemas.company import CompanyIn, CompanyOut, Step, TestMail, TestReport
from portal_api.templates import Wording

router = APIRouter(tags=["company"])
Admin = Annotated[Principal, Depends(allow(*ADMIN))]
_MOST_BYTES = 2_000_000
_ANY_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_PICTURE = {
    "requestBody": {"required": True, "content": {"image/png": _ANY_PICTURE, "image/jpeg": _ANY_PICTURE}}
}


@router.get("/v1/company")
async def read_company_information(_who: Office, here: Here, read: Reading, response: Response) -> CompanyOut:
    """Version 0: nothing was typed yet, and the environment's values hold."""
    return _shown(here.settings, await read_company(read), response)


async def _checked(here: Here, body: CompanyIn) -> CompanyIn:
    await check_host(here.settings, body)
    return body


@router.put("/v1/company")
async def edit_company_information(
    who: Admin,
    based_on: BasedOn,
    body: Annotated[CompanyIn, Depends(_checked)],
    work: Writing,
    response: Response,
) -> CompanyOut:
    """Takes effect at once, in all services. Leave `smtp_password` out to keep the stored one."""
    now = await edit_company(work, body=body, based_on=based_on, who=who.subject)
    return _shown(work.settings, now, response)


@router.get(
    "/v1/company/logo",
    dependencies=[Depends(allow_anyone)],
    response_class=Response,
    responses={200: {"content": {"image/jpeg": _ANY_PICTURE}}},
)
async def read_company_logo(read: Reading) -> Response:
    found = await read_logo(read)
    if found is None:
        raise not_found("logo")
    kind, logo = found
    return Response(logo, media_type=kind, headers={"Cache-Control": "public, max-age=300"})


@router.put("/v1/company/logo", status_code=204, max_body_size=_MOST_BYTES, openapi_extra=_PICTURE)
async def set_company_logo(who: Admin, request: Request, here: Here) -> None:
    """The picture as the body, PNG or JPEG, at most 2 MB."""
    try:
        picture = await asyncio.to_thread(redraw, await request.body())
    except PictureRefused as error:
        raise Problem(422, "This cannot be the logo", str(error)) from None
    async with here.work() as work:
        await set_logo(work, logo=picture.data, kind="image/jpeg", who=who.subject)


@router.delete("/v1/company/logo", status_code=204)
async def remove_company_logo(who: Admin, work: Writing) -> None:
    await set_logo(work, logo=None, kind=None, who=who.subject)


@router.post("/v1/company/test-mail")
async def send_company_test_mail(_who: Admin, here: Here, body: TestMail) -> TestReport:
    """Sends a mail through the stored settings and says what fails: reach the server, TLS, log on, sender,
    recipient."""
    async with here.database.read() as read:
        known = await read_company(read)
    return TestReport.model_validate(await _try(here, known, body.to))


async def _try(here: Here, known: Company, to: str) -> dict[str, Any]:
    try:
        through = sending(here.settings, known)
        to, sender = address_of(to), address_of(through.address)
    except (SecretUnreadable, AddressRefused, HostRefused) as error:
        return {"ok": False, "steps": [Step(name="settings", ok=False, detail=str(error))]}
    name = known.about.name or "Callboard"
    said = f"This test mail of {name} has reached you: outgoing mail works.\n"
    mail = compose(
        id=uuid7(),
        wording=Wording(f"Test mail of {name}"[:200], said, html=""),
        to=to,
        sender_name=through.name,
        sender_address=sender,
        now=utcnow(),
    )
    if through.smarthost is None:
        await MaildirMailer(here.settings.mail_dir).send(mail, sender, [to])
        written = f"No mail server is set: written to {here.settings.mail_dir}."
        return {"ok": True, "steps": [Step(name="message", ok=True, detail=written)]}
    steps = await probe(here.settings, through.smarthost, message=mail, sender=sender, to=to)
    return {
        "ok": all(step.ok for step in steps),
        "steps": [Step(name=each.name, ok=each.ok, detail=each.detail) for each in steps],
    }


def _shown(settings: Any, known: Company, response: Response) -> CompanyOut:
    set_etag(response, known.version)
    return CompanyOut(
        **known.about.model_dump(),
        version=known.version,
        has_smtp_password=known.smtp_password is not None,
        logo_url=logo_url(settings, known),
    )
