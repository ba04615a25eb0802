"""Who wants no notifications. The link in a mail holds the address, sealed: nobody can make another's."""

from typing import Any

from pydantic import SecretStr
from shared.db import insert_ignore
from shared.secrets import SecretUnreadable, seal, unseal
from shared.work import Work
from sqlalchemy import delete

from portal_api.models.messages import unsubscribed

_PLACE = "unsubscribe"
_TO_URL, _FROM_URL = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")


def unsubscribe_url(settings: Any, email: str) -> str:
    """The one-click address of RFC 8058, under `web_url`."""
    token = seal(settings, SecretStr(email.casefold()), _PLACE).translate(_TO_URL).rstrip("=")
    return f"{settings.web_url.rstrip('/')}/v1/unsubscribe/{token}"


def address_in(settings: Any, token: str) -> str | None:
    """The address that a link is for; None for a link that is not ours."""
    sealed = token.translate(_FROM_URL).rstrip(".")  # mails of old have dots where others have none
    sealed += "=" * (-len(sealed.rpartition(".")[2]) % 4)
    try:
        return unseal(settings, sealed, _PLACE).get_secret_value()
    except (SecretUnreadable, ValueError):
        return None


async def unsubscribe(work: Work[Any], *, email: str, who: str) -> None:
    row = {"email": email.casefold(), "at": work.now, "by": who}
    statement = insert_ignore(work.session, unsubscribed, ["email"], returning=["email"])
    if (await work.session.execute(statement, [row])).first() is not None:
        work.audit(who=who, action="mail.unsubscribed", subject=email.casefold()[:100])


async def subscribe(work: Work[Any], *, email: str, who: str) -> bool:
    """Takes notifications up again; False: the address was not unsubscribed."""
    this = delete(unsubscribed).where(unsubscribed.c.email == email.casefold())
    if await work.session.scalar(this.returning(unsubscribed.c.email)) is None:
        return False
    work.audit(who=who, action="mail.subscribed", subject=email.casefold()[:100])
    return True
