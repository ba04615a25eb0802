"""The keys that are published."""

from typing import Any

from shared.db import utcnow
from shared.service import Running
from sqlalchemy import or_, select

from portal_api.models.tokens import signing_key
from portal_api.tokens import published_key


async def key_set(running: Running[Any]) -> dict[str, Any]:
    """The JSON Web Key Set (RFC 7517) by which every service checks tokens."""
    return {"keys": [published_key(row.kid, row.public) for row in await published_keys(running)]}


async def published_keys(running: Running[Any]) -> list[Any]:
    """The newest first."""
    ends = signing_key.c.published_until
    query = select(signing_key).where(or_(ends.is_(None), ends > utcnow()))
    async with running.database.read() as read:
        return list((await read.execute(query.order_by(signing_key.c.number.desc()))).all())
