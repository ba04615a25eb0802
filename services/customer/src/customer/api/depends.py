"""What routes are given."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel
from shared.auth import OFFICE, STAFF, Principal, allow
from shared.etag import set_etag
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy.ext.asyncio import AsyncConnection

Writing = Annotated[Work[Any], Depends(open_work)]
Reading = Annotated[AsyncConnection, Depends(open_read)]
Office = Annotated[Principal, Depends(allow(*OFFICE))]
Staff = Annotated[Principal, Depends(allow(*STAFF))]
Closed = Annotated[bool, Query(description="Closed ones too.")]


def made(response: Response, path: str, row: Any) -> Any:
    """Says where the new record is, and its version."""
    response.headers["Location"] = f"/v1/{path}/{row['id']}"
    set_etag(response, row["version"])
    return row


def edited(response: Response, row: Any) -> Any:
    set_etag(response, row["version"])
    return row


def named(body: BaseModel) -> dict[str, Any]:
    """The fields that the request names; the others stay as they are."""
    return body.model_dump(exclude_unset=True)
