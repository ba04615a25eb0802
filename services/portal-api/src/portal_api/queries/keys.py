"""The keys that are published."""

from typing import Any

from shared.db import utcnow
from shared.service import Running
from sqlalchemy import bindparam, func, or_, select

from portal_api.models.tokens import signing_key
from portal_api.tokens import published_key

_ends = signing_key.c.published_until
PUBLISHED = or_(_ends.is_(None), _ends > bindparam("now"))
SIGNS = (
    select(func.max(signing_key.c.number))
    .where(signing_key.c.signs_from <= bindparam("now"), PUBLISHED)
    .scalar_subquery()
)
"""The number of the key that signs at the time `now`."""
_PUBLISHED = select(signing_key).where(PUBLISHED).order_by(signing_key.c.number.desc())


async def key_set(running: Running[Any]) -> dict[str, Any]:
    """The JSON Web Key Set (RFC 7517) by which every service checks tokens."""
    return {"keys": [published_key(row.kid, row.public) for row in await published_keys(running)]}


async def published_keys(running: Running[Any]) -> list[Any]:
    """The newest first."""
    async with running.database.read() as read:
        return list((await read.execute(_PUBLISHED, {"now": utcnow()})).all())
