"""The mail that lets somebody in: web address, user name, one-time password."""

from typing import Any
from uuid import UUID

from shared.problems import conflict
from shared.work import Work
from sqlalchemy import select

from portal_api.flows.accounts import ONE_TIME, Row, give_one_time_password, invite
from portal_api.flows.messages import send_message
from portal_api.models.accounts import account
from portal_api.passwords import digest
from portal_api.queries.accounts import by_user_name


async def invite_member(work: Work[Any], *, location_id: UUID, email: str, **about: Any) -> Row:
    """`accounts.invite` for a household: it does not learn who has an account elsewhere. Raises 409 for a
    member of this one."""
    of_mine = (account.c.location_id == location_id) & (account.c.user_name == email.lower())
    query = select(account.c.id).where(of_mine, account.c.state != "closed")
    if (await work.session.execute(query)).first() is not None:
        raise conflict("This person is on your list already", "Look at the list of your household.")
    taken = await by_user_name(work.session, email.lower()) is not None
    state = "elsewhere" if taken else "invited"
    return await invite(work, location_id=location_id, email=email, state=state, **about)


async def mail_invitation(work: Work[Any], id: UUID, *, kind: str, secret: tuple[str, str], who: str) -> Row:
    """`secret` is a new one-time password and its hash. Who has an account elsewhere is told of that account
    instead, once a household. Raises 404, and 409 without an e-mail address."""
    password, hashed = secret
    row = await give_one_time_password(
        work, id, kind=kind, hashed=hashed, action="account.invitation_sent", who=who
    )
    if row["email"] is None:
        raise conflict("This account has no e-mail address", "Generate a password and hand it over.")
    values = {
        "name": row["name"],
        "user_name": row["user_name"],
        "link": f"{work.settings.web_url.rstrip('/')}/logon",
    }
    message, once = "invitation", None
    if row["state"] == "elsewhere":
        message, once = (
            "account_elsewhere",
            f"elsewhere/{row['location_id']}/{digest(row['user_name']).hex()}",
        )
    else:
        values |= {"password": password, "days": str(ONE_TIME.days)}
    await send_message(work, message=message, to=row["email"], values=values, about=id, once=once)
    return row
