"""Signing keys: made, published before they sign, and gone when nothing that they signed is good any more."""

from datetime import timedelta
from typing import Any, NamedTuple

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr
from shared.db import Row, insert_ignore
from shared.secrets import SecretUnreadable, seal, unseal
from shared.work import Work
from sqlalchemy import bindparam, delete, select, update

from portal_api.models.tokens import signing_key
from portal_api.queries.keys import PUBLISHED
from portal_api.tokens import AHEAD, LONGEST, new_key, private_key

log = structlog.get_logger()
_TOKENS_END = timedelta(seconds=LONGEST + 60)


_SIGNING = (
    select(signing_key.c.kid, signing_key.c.sealed)
    .where(signing_key.c.signs_from <= bindparam("now"), PUBLISHED)
    .order_by(signing_key.c.number.desc())
)


class Signer(NamedTuple):
    """A signing key with its id."""

    kid: str
    key: Ed25519PrivateKey


async def current_key(work: Work[Any]) -> Signer:
    """The newest key that signs now and that this process can open; made where there is none. While the
    secret key is changed, processes of both keys run: each signs with what it can open, and all of these are
    published."""
    signer = await _newest(work)
    if signer is None:
        await rotate(work, who="callboard", ahead=timedelta(), replaces=False)
        signer = await _newest(work)
    if signer is None:
        raise RuntimeError("a signing key of ours was made a moment ago and cannot be opened")
    return signer


async def _newest(work: Work[Any]) -> Signer | None:
    for row in await work.session.execute(_SIGNING, {"now": work.now}):
        if signer := opened(work.settings, row):
            return signer
    return None


def opened(settings: Any, row: Row) -> Signer | None:
    """Of a row with `kid` and `sealed`; None where there is no key, or none that this deployment can open."""
    if row.kid is None:
        return None
    try:
        return Signer(
            row.kid, private_key(unseal(settings, row.sealed, key_place(row.kid)).get_secret_value())
        )
    except SecretUnreadable:
        log.warning("signing_key_sealed_with_another_secret_key", kid=row.kid)
        return None


async def rotate(
    work: Work[Any], *, who: str, ahead: timedelta = AHEAD, withdraw: bool = False, replaces: bool = True
) -> None:
    """A new key, which signs once every verifier knows it; the others stay published until the last token of
    theirs has ended, or, where it does not replace them, as long as before. `withdraw`, for keys that others
    may know: they are no longer published, so that what they signed ends."""
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
        "sealed": seal(work.settings, SecretStr(made.private), key_place(made.kid)),
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
    elif replaces:
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


def key_place(kid: str) -> str:
    return f"signing_key.sealed.{kid}"
