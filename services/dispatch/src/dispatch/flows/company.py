"""Company information: its zone is that of places whose own is not known."""

from collections.abc import Sequence
from typing import Any

from shared.batches import upsert_newer
from shared.events.portal import CompanyChanged
from shared.work import Work

from dispatch.models import company


async def keep(work: Work[Any], events: Sequence[CompanyChanged]) -> None:
    rows = [{"id": 1, "version": each.version, "zone": each.zone} for each in events]
    await upsert_newer(work.session, company, rows, newer="version")
