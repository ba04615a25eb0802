"""Routes of company information."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from shared.auth import ADMIN, Principal, allow, allow_anyone
from shared.etag import BasedOn, set_etag
from shared.problems import Problem, not_found

from portal_api.api.depends import Here, Office, Reading, Writing
from portal_api.flows.company import check_host, edit_company, set_logo
from portal_api.flows.trial import try_mail
from portal_api.pictures import PictureRefused
from portal_api.queries.company import Company, logo_url, read_company, read_logo
from portal_api.schemas.company import CompanyIn, CompanyOut, TestMail, TestReport, report
from portal_api.templates import Wording

router = APIRouter(tags=["company"])
Admin = Annotated[Principal, Depends(allow(*ADMIN))]
_MOST_BYTES = 2_000_000
LOGO_SIDE = 480
"""Pixels: two inches in print. It travels in an event."""
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
    responses={200: {"content": {"image/jpeg": _ANY_PICTURE}}, 404: {"description": "There is no logo."}},
)
async def read_company_logo(read: Reading) -> Response:
    found = await read_logo(read)
    if found is None:
        raise not_found("logo")
    kind, logo = found
    return Response(logo, media_type=kind, headers={"Cache-Control": "public, max-age=300"})


@router.put("/v1/company/logo", status_code=204, max_body_size=_MOST_BYTES, openapi_extra=_PICTURE)
async def set_company_logo(who: Admin, request: Request, here: Here) -> None:
    """The picture as the body, PNG or JPEG, at most 2 MB. Kept with sides of at most 480 pixels."""
    try:
        picture = await here.tools.pictures.draw(await request.body(), LOGO_SIDE)
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
    name = known.about.name or "Callboard"
    said = f"This test mail of {name} has reached you: outgoing mail works.\n"
    wording = Wording(f"Test mail of {name}", said, html="")
    return report(await try_mail(here.settings, known, to=body.to, wording=wording))


def _shown(settings: Any, known: Company, response: Response) -> CompanyOut:
    set_etag(response, known.version)
    return CompanyOut(
        **known.about.model_dump(),
        version=known.version,
        has_smtp_password=known.smtp_password is not None,
        logo_url=logo_url(settings, known),
    )
