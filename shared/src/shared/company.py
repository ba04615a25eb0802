"""What company information (company.changed.v1) means for outgoing mail; the environment is the fallback."""

from pydantic import SecretStr

from shared.events.portal import CompanyChanged
from shared.secrets import unseal
from shared.settings import Settings
from shared.smarthost import Smarthost

PASSWORD = "company/smtp_password"  # noqa: S105 - the place that the sealed one is bound to


def smarthost_of(settings: Settings, company: CompanyChanged | None) -> Smarthost | None:
    """The company's server with the company's login, or the environment's with the environment's: a password
    never goes to the other's server. Raises SecretUnreadable after a change of the key."""
    if company is None or company.smtp_host is None:
        return Smarthost.of(settings)
    sealed = company.smtp_password
    return Smarthost(
        host=company.smtp_host,
        port=company.smtp_port or 587,
        security=company.smtp_security or "starttls",
        user=company.smtp_user or "",
        password=unseal(settings, sealed, PASSWORD) if sealed else SecretStr(""),
    )


def login_of(settings: Settings, company: CompanyChanged | None) -> str:
    """The user that outgoing mail is sent as; empty without a login."""
    if company is None or company.smtp_host is None:
        return settings.smtp_user
    return company.smtp_user or ""


def sender_of(settings: Settings, company: CompanyChanged | None) -> str:
    """The return address where nothing else names one."""
    return (company.sender_address if company else None) or settings.smtp_sender


def shares_domain(address: str, login: str) -> bool:
    """Mail servers refuse a return address of another domain than that of the login. A login that is no
    address says nothing."""
    return "@" not in login or _domain(address) == _domain(login)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].casefold()
