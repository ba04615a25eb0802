"""Keys of the release before, where everybody's phone was evidence, become those of the customer's own."""

from typing import Any

from alembic import command
from customer.models import location, match_key
from customer.service import service
from harness import feed
from households import created, person
from shared.migrate import configuration
from shared.service import Running
from sqlalchemy import Connection, select, text

PEOPLE = (person("PAT EXAMPLE", "6515550137"), person("LANDLORD BOB", "6515550199", role="contact"))


def _as_before(connection: Connection) -> None:
    connection.execute(text("UPDATE match_key SET key = 'p:' || substr(key, 3) WHERE key LIKE 'o:%'"))
    settings = configuration(service, connection)
    command.downgrade(settings, "0003")
    command.upgrade(settings, "head")


async def test_only_the_customers_own_stays_evidence(run: Running[Any]) -> None:
    await feed(run, created(people=PEOPLE))
    async with run.database.writer.begin() as connection:
        await connection.run_sync(_as_before)
    async with run.database.read() as read:
        keys = set(await read.scalars(select(match_key.c.key)))
        own = await read.scalar(select(location.c.own_names))
    assert {"p:+16515550137", "o:+16515550199", "e:pat@example.com"} <= keys
    assert "p:+16515550199" not in keys
    assert own == ["PAT EXAMPLE"]
