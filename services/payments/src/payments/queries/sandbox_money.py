"""Money that is none: what the simulated gateway took."""

from shared.problems import Problem
from sqlalchemy import select

from payments.models import gateway_account
from payments.queries.balances import Reading

TEST_GATEWAY = "sandbox"
REFUSED = "The sandbox moves no money, and a real card service is set up."


async def refused(reading: Reading, gateway: str | None) -> bool:
    """The sandbox pays nothing any more where a card service that moves money is a default."""
    if gateway != TEST_GATEWAY:
        return False
    default = gateway_account.c.default_cards | gateway_account.c.default_portal
    query = select(gateway_account.c.id).where(
        default, ~gateway_account.c.closed, gateway_account.c.gateway != TEST_GATEWAY
    )
    return (await reading.execute(query.limit(1))).first() is not None


async def refuse(reading: Reading, gateway: str | None) -> None:
    """Raises 409 for it."""
    if await refused(reading, gateway):
        raise Problem(
            409, "The sandbox moves no money", "A real card service is set up: take payments with that one."
        )
