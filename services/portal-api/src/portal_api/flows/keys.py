"""Signing keys: made, published before they sign, and gone when nothing that they signed is good any more."""

from datetime import timedelta
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr
from shared.db import Row, insert_ignore
from shared.secrets import SecretUnreadable, seal, unseal
from shared.work import Work
from sqlalchemy import delete, or_, select, update

from portal_api.models.tokens import signing_key
from portal_api.tokens import AHEAD, LONGEST, new_key, private_key

log = structlog.get_logger()
_TOKENS_END = timedelta(seconds=LONGEST + 60)


async def current_key(work: Work[Any]) -> tuple[str, Ed25519PrivateKey]:
    """The key that signs now, and its id; made where there is none, or none that this deployment can open."""
    signing = signing_key.c.signs_from <= work.now, _published(work)
    query = select(signing_key).where(*signing).order_by(signing_key.c.number.desc()).limit(1)
    row = (await work.session.execute(query)).one_or_none()
    if row is not None:
        try:
            return row.kid, _opened(work, row)
        except SecretUnreadable:
            log.warning("signing_key_sealed_with_another_secret_key", kid=row.kid)
    await rotate(work, who="callboard", ahead=timedelta())
    row = (await work.session.execute(query)).one()
    return row.kid, _opened(work, row)


async def rotate(work: Work[Any], *, who: str, ahead: timedelta = AHEAD, withdraw: bool = False) -> None:
    """A new key, which signs once every verifier knows it; the others stay published until the last token
    of theirs has ended. `withdraw`, for keys that others may know: they are no longer published, so that what
    they signed ends."""
    newest = (
        await work.session.execute(
            select(signing_key.c.number).order_by(signing_key.c.number.desc()).limit(1)
        )
    ).scalar()
    made, signs_from = new_key(), work.now + ahead if newest else work.now
    row = {
        "number": (newest or 0) + 1,
        "kid": made.kid,
        "public": made.public,
        "sealed": seal(work.settings, SecretStr(made.private), _place(made.kid)),
        "created_at": work.now,
        "signs_from": signs_from,
        "published_until": None,
    }
    statement = insert_ignore(work.session, signing_key, ["number"], returning=["number"])
    if (await work.session.execute(statement, [row])).first() is None:
        return  # another replica was faster
    others = signing_key.c.number < row["number"]
    if withdraw:
        await work.session.execute(delete(signing_key).where(others))
    else:
        ends = {"published_until": signs_from + _TOKENS_END}
        await work.session.execute(
            update(signing_key).where(others, signing_key.c.published_until.is_(None)).values(ends)
        )
    work.audit(who=who, action="signing_key.made", subject=made.kid, after={"withdrawn": withdraw})


async def keep_fresh(work: Work[Any], days: int) -> None:
    """Makes the first key, or the next one when the newest is `days` old; removes those that are over."""
    await work.session.execute(delete(signing_key).where(signing_key.c.published_until <= work.now))
    newest = (
        await work.session.execute(
            select(signing_key.c.created_at).order_by(signing_key.c.number.desc()).limit(1)
        )
    ).scalar()
    if newest is None or newest <= work.now - timedelta(days=days):
        await rotate(work, who="callboard")


def _published(work: Work[Any]) -> Any:
    ends = signing_key.c.published_until
    return or_(ends.is_(None), ends > work.now)


def _opened(work: Work[Any], row: Row) -> Ed25519PrivateKey:
    return private_key(unseal(work.settings, row.sealed, _place(row.kid)).get_secret_value())


def _place(kid: str) -> str:
    return f"signing_key.sealed.{kid}"
