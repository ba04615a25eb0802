"""What the first start makes and shows once: the first administrator, and a program to try the API with."""

from typing import Any, NamedTuple

from portal_api.flows.clients import create_client
from portal_api.flows.staff import add_administrator, has_staff
from shared.auth import OFFICE
from shared.service import Running

ADMINISTRATOR = "admin"
PROGRAM = "First steps"
SCOPES = [f"{name}:read" for name in ("customers", "deliveries", "dispatches", "mails", "technicians")]


class First(NamedTuple):
    """Kept nowhere but on the screen. `client` is id and secret of the program, in development."""

    password: str
    client: tuple[str, str] | None


async def first_start(portal: Running[Any], *, program: bool) -> First | None:
    """None where there is staff already."""
    async with portal.work() as work:
        if await has_staff(work):
            return None
        password = await add_administrator(work, ADMINISTRATOR)
        if not program:
            return First(password, None)
        row, secret = await create_client(work, name=PROGRAM, roles=[*OFFICE], scopes=SCOPES, who="callboard")
        return First(password, (str(row.id), secret))
