"""What routes are given."""

from typing import Annotated, Any

from fastapi import Depends
from shared.auth import ADMIN, OFFICE, Principal, allow
from shared.transaction import open_read, open_work
from shared.work import Work
from sqlalchemy.ext.asyncio import AsyncConnection

Writing = Annotated[Work[Any], Depends(open_work)]
Reading = Annotated[AsyncConnection, Depends(open_read)]
Office = Annotated[Principal, Depends(allow(*OFFICE))]
Admin = Annotated[Principal, Depends(allow(*ADMIN))]
