"""The company's zone is that of a dispatch whose location is not known yet."""

from datetime import UTC, datetime
from typing import Any

from dispatches import known, received
from harness import client, feed, of, said
from shared.events.dispatch import DispatchScheduled
from shared.events.portal import CompanyChanged
from shared.service import Running


async def test_the_zone_of_the_company_is_the_default(run: Running[Any]) -> None:
    await feed(run, received())
    for version, name in ((2, "America/Denver"), (1, "America/Phoenix")):
        await feed(run, CompanyChanged(version=version, name="Sample", zone=name))
    path = f"/v1/dispatches/{known()}"
    async with client(run, "office.dispatcher") as office:
        window = {"start": "2031-01-06T08:00:00", "end": "2031-01-06T12:00:00"}
        made = await office.post(f"{path}/appointments", json=window)
        assert made.status_code == 201, made.text
    (told,) = of(await said(run), DispatchScheduled)
    assert (told.zone, told.start) == ("America/Denver", datetime(2031, 1, 6, 15, tzinfo=UTC))
