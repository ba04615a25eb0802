"""Company information, and what follows from it for outgoing mail."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.company import sender_of, smarthost_of
from shared.events.portal import CompanyChanged
from shared.smarthost import Smarthost
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.company import company
from portal_api.schemas.company import CompanyBody

LOGO_PATH = "/v1/company/logo"
_SHOWN = [column for column in company.c if column.name != "logo"]


class Company(NamedTuple):
    """`version` 0: the office has typed nothing yet, and the values are those of the environment."""

    version: int
    about: CompanyBody
    smtp_password: str | None
    logo_type: str | None


class Sending(NamedTuple):
    """Where mail leaves, and under which name; `smarthost` None: into the Maildir."""

    smarthost: Smarthost | None
    name: str
    address: str


async def read_company(read: AsyncConnection | AsyncSession) -> Company:
    row = (await read.execute(select(*_SHOWN))).mappings().first()
    if row is None:
        return Company(0, CompanyBody(name=""), None, None)
    return Company(
        row["version"], CompanyBody.model_validate(row["about"]), row["smtp_password"], row["logo_type"]
    )


async def read_logo(read: AsyncConnection | AsyncSession) -> tuple[str, bytes] | None:
    """(media type, bytes)."""
    row = (await read.execute(select(company.c.logo_type, company.c.logo))).first()
    return (row.logo_type, row.logo) if row is not None and row.logo is not None else None


def as_told(settings: Any, known: Company) -> CompanyChanged:
    """What the other services are told: all of it, the mail server's part only where there is one."""
    about = known.about
    told = about.model_dump(exclude={"smtp_host", "smtp_port", "smtp_security", "smtp_user"})
    if about.smtp_host is not None:
        told |= about.model_dump(include={"smtp_host", "smtp_port", "smtp_security", "smtp_user"})
        told["smtp_password"] = known.smtp_password
    told |= {"logo_url": logo_url(settings, known), "web_url": settings.web_url, "version": known.version}
    return CompanyChanged.model_validate(told)


def sending(settings: Any, known: Company) -> Sending:
    """Raises SecretUnreadable after a change of the key."""
    told = as_told(settings, known)
    return Sending(
        smarthost_of(settings, told), known.about.sender_name or known.about.name, sender_of(settings, told)
    )


def logo_url(settings: Any, known: Company) -> str | None:
    return f"{settings.web_url.rstrip('/')}{LOGO_PATH}" if known.logo_type else None


def company_values(settings: Any, about: CompanyBody) -> Mapping[str, str]:
    """What every wording may say of the company."""
    return {
        "company_name": about.name,
        "company_phone": about.phone or "",
        "company_email": about.email or "",
        "web_url": settings.web_url,
    }
