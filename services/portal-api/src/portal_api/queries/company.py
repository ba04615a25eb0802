"""Company information, and what follows from it for outgoing mail."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import SecretStr
from shared.company import PASSWORD
from shared.mailer import Smarthost
from shared.secrets import unseal
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from portal_api.models.company import company
from portal_api.schemas.company import CompanyBody

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


async def read_logo(read: AsyncConnection) -> tuple[str, bytes] | None:
    """(media type, bytes)."""
    row = (await read.execute(select(company.c.logo_type, company.c.logo))).first()
    return (row.logo_type, row.logo) if row is not None and row.logo is not None else None


def sending(settings: Any, known: Company) -> Sending:
    """The company's server with the company's login, or the environment's with the environment's: a password
    never goes to the other's server. Raises SecretUnreadable after a change of the key."""
    about = known.about
    if about.smtp_host is None:
        smarthost = Smarthost.of(settings)
    else:
        sealed = known.smtp_password
        smarthost = Smarthost(
            host=about.smtp_host,
            port=about.smtp_port,
            security=about.smtp_security,
            user=about.smtp_user,
            password=unseal(settings, sealed, PASSWORD) if sealed else SecretStr(""),
        )
    return Sending(smarthost, about.sender_name or about.name, sending_address(settings, known))


def sending_address(settings: Any, known: Company) -> str:
    return known.about.sender_address or settings.smtp_sender


def company_values(settings: Any, about: CompanyBody) -> Mapping[str, str]:
    """What every wording may say of the company."""
    return {
        "company_name": about.name,
        "company_phone": about.phone or "",
        "company_email": about.email or "",
        "web_url": settings.web_url,
    }
