"""The mail that lets somebody in: web address, user name, one-time password."""

from typing import Any
from uuid import UUID

from shared.problems import conflict
from shared.work import Work

from portal_api.flows.accounts import ONE_TIME, Row, give_one_time_password
from portal_api.flows.messages import send_message


async def mail_invitation(work: Work[Any], id: UUID, *, kind: str, secret: tuple[str, str], who: str) -> Row:
    """`secret` is a new one-time password and its hash. Raises 404, and 409 without an e-mail address."""
    password, hashed = secret
    row = await give_one_time_password(
        work, id, kind=kind, hashed=hashed, action="account.invitation_sent", who=who
    )
    if row["email"] is None:
        raise conflict("This account has no e-mail address", "Generate a password and hand it over.")
    values = {
        "name": row["name"],
        "user_name": row["user_name"],
        "password": password,
        "days": str(ONE_TIME.days),
        "link": f"{work.settings.web_url.rstrip('/')}/logon",
    }
    await send_message(work, message="invitation", to=row["email"], values=values, about=id)
    return row
