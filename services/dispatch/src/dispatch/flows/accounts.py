"""How partners are reached."""

from typing import Any

from pydantic import SecretStr
from shared.db import insert_ignore
from shared.etag import check_version
from shared.kept import stay_with_destination
from shared.problems import Problem
from shared.secrets import seal
from shared.work import Work
from sqlalchemy import select, update

from dispatch.models import partner_account

_DESTINATION = ("url", "company_id", "user_id", "protocol")
"""Of the password: a protocol's templates may write it into any address."""


async def set_account(
    work: Work[Any],
    *,
    partner: str,
    based_on: int,
    values: dict[str, Any],
    password: SecretStr | None,
    who: str,
) -> None:
    """Makes (`based_on` 0) or replaces a partner's account; without a password the one of before stays. What
    waited for the account goes out at once."""
    held = select(partner_account).where(partner_account.c.partner == partner).with_for_update()
    before = (await work.session.execute(held)).mappings().first()
    check_version(based_on, before["version"] if before else 0)
    if before is None and password is None:
        raise Problem(422, "A new account needs its password")
    if password is not None:
        values = {**values, "password": seal(work.settings, password, f"partner_account/{partner}/password")}
    elif before is not None:
        stay_with_destination(
            before={name: before[name] for name in _DESTINATION},
            after=values,
            destination=_DESTINATION,
            missing=["/body/password"],
        )
    if before is None:
        statement = insert_ignore(work.session, partner_account, ["partner"], returning=["partner"])
        row = {"partner": partner, "version": 1, **values}
        if (await work.session.execute(statement, [row])).first() is None:
            check_version(0, 1)
    else:
        this = update(partner_account).where(partner_account.c.partner == partner)
        await work.session.execute(this.values(**values, version=based_on + 1))
    shown = {name: value for name, value in values.items() if name != "password"}
    shown["password_changed"] = password is not None
    work.audit(who=who, action="partner_account.set", subject=partner, after=shown)
    work.wake("deliver")
