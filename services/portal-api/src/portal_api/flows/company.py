"""The company's own information: edited by the office, told to the other services whole."""

import base64
from typing import Any

from pydantic import SecretStr
from shared.company import PASSWORD, shares_domain
from shared.db import insert_ignore
from shared.etag import check_version
from shared.hosts import HostRefused, addresses
from shared.kept import stay_with_destination
from shared.problems import Problem, not_found
from shared.secrets import seal
from shared.work import Work
from sqlalchemy import select, update

from portal_api.models.company import company
from portal_api.queries.company import Company, as_told, read_company, read_logo
from portal_api.schemas.company import CompanyBody, CompanyIn

_DESTINATION = ("smtp_host", "smtp_port", "smtp_security", "smtp_user")
"""Of the mail server's password."""


async def check_host(settings: Any, body: CompanyIn) -> None:
    """Looks the mail server's name up. Called before the transaction is opened."""
    if body.smtp_host is None:
        return
    try:
        await addresses(body.smtp_host, body.smtp_port, allow_private=settings.private_hosts_allowed)
    except HostRefused as error:
        raise Problem(422, "The mail server cannot be used", str(error)) from None


async def edit_company(work: Work[Any], *, body: CompanyIn, based_on: int, who: str) -> Company:
    """Raises 412 when somebody else was faster, 422 for a sender outside the login's domain, and where the
    stored password would go to another server or login than it was entered for."""
    await work.session.execute(select(company.c.id).with_for_update())
    was = await read_company(work.session)
    check_version(based_on, was.version)
    about = CompanyBody.model_validate(body.model_dump(exclude={"smtp_password"}))
    _check_sender(about)
    now = Company(was.version + 1, about, _password(work, was, body), was.logo_type)
    row = {"id": 1, "edited_at": work.now, "edited_by": who, "about": about.model_dump(mode="json")}
    row |= {"version": now.version, "smtp_password": now.smtp_password}
    if was.version == 0:
        first = insert_ignore(work.session, company, ["id"], returning=["id"])
        if (await work.session.execute(first, [row])).first() is None:
            check_version(based_on, 1)
    else:
        await work.session.execute(update(company).where(company.c.id == 1).values(**row))
    kept = await read_logo(work.session)
    _tell(work, now, kept[1] if kept else None)
    before, after = was.about.model_dump(mode="json"), about.model_dump(mode="json")
    work.audit(who=who, action="company.edited", subject="company", before=before, after=after)
    if body.smtp_password is not None:
        work.audit(who=who, action="company.smtp_password_set", subject="company")
    return now


async def set_logo(work: Work[Any], *, logo: bytes | None, kind: str | None, who: str) -> None:
    """A picture that was made anew, or None to take it away. Raises 404 before there is a company."""
    await work.session.execute(select(company.c.id).with_for_update())
    was = await read_company(work.session)
    values = {"logo": logo, "logo_type": kind, "version": was.version + 1}
    this = update(company).where(company.c.id == 1).returning(company.c.version)
    if await work.session.scalar(this.values(**values)) is None:
        raise not_found("company: enter its name first")
    now = was._replace(version=was.version + 1, logo_type=kind)
    _tell(work, now, logo)
    work.audit(who=who, action="company.logo_set" if logo else "company.logo_removed", subject="company")


async def tell_company_again(work: Work[Any]) -> None:
    """As a newer version: the others keep the mail server's password as it is sealed here."""
    this = update(company).where(company.c.id == 1).returning(company.c.version)
    version = await work.session.scalar(this.values(version=company.c.version + 1))
    if version is not None:
        kept = await read_logo(work.session)
        _tell(work, await read_company(work.session), kept[1] if kept else None)


def _tell(work: Work[Any], now: Company, logo: bytes | None) -> None:
    printed = base64.b64encode(logo).decode() if logo else None
    work.emit(as_told(work.settings, now).model_copy(update={"logo": printed}), "company")


def _check_sender(about: CompanyBody) -> None:
    """Mail servers refuse a sender of another domain than that of the login, or others do later."""
    login = about.smtp_user.rpartition("@")
    if about.smtp_host is None or not login[1]:
        return
    if about.sender_address is None:
        raise Problem(422, "Mail needs a sender address", f"Use an address @{login[2]}.")
    if not shares_domain(about.sender_address, about.smtp_user):
        raise Problem(
            422,
            "The sender address must share the mail server login's domain",
            f"Use an address @{login[2]}, or another login.",
        )


def _password(work: Work[Any], was: Company, body: CompanyIn) -> str | None:
    """The sealed one to keep. It stays only with the server and login that it was entered for."""
    if body.smtp_host is None or not body.smtp_user:
        return None
    if body.smtp_password is not None:
        return seal(work.settings, SecretStr(body.smtp_password.get_secret_value()), PASSWORD)
    if was.smtp_password is None:
        raise Problem(422, "Enter the mail server's password", "This login has none yet.")
    stay_with_destination(
        before=was.about.model_dump(),
        after=body.model_dump(),
        destination=_DESTINATION,
        missing=["/body/smtp_password"],
    )
    return was.smtp_password
