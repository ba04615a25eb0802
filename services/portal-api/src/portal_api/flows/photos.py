"""Photos of what is broken: kept as JPEGs of ours, until a request takes them or a day is over."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.db import uuid7
from shared.problems import Problem, conflict
from shared.work import Work
from sqlalchemy import delete, func, insert, select

from portal_api.models.requests import photo
from portal_api.pictures import Jpeg, PictureRefused
from portal_api.tools.pictures import Pictures

LONGEST = 10 * 1024 * 1024
"""Bytes of one photo as it is sent."""
MOST_WAITING = 10
_KEPT = timedelta(days=1)


async def drawn(pictures: Pictures, data: bytes) -> Jpeg:
    """Before the transaction is opened: it must not wait for the picture. Raises 422, and 503 where many
    pictures wait."""
    try:
        return await pictures.draw(data)
    except PictureRefused as error:
        raise Problem(422, "This photo cannot be taken", str(error)) from None


async def add_photo(work: Work[Any], *, account_id: UUID, location_id: UUID, jpeg: Jpeg) -> UUID:
    """Raises 409 where ten photos of the account already wait for a request."""
    waiting = (photo.c.account_id == account_id) & photo.c.request_id.is_(None)
    await work.session.execute(delete(photo).where(waiting, photo.c.at < work.now - _KEPT))
    count = await work.session.scalar(select(func.count()).select_from(photo).where(waiting))
    if (count or 0) >= MOST_WAITING:
        raise conflict("Many photos wait for a request already", "Send the request, or wait a day.")
    row: dict[str, Any] = {
        "id": uuid7(),
        "account_id": account_id,
        "location_id": location_id,
        "at": work.now,
    }
    picture = {"jpeg": jpeg.data, "width": jpeg.width, "height": jpeg.height}
    await work.session.execute(insert(photo), [row | picture])
    return row["id"]
