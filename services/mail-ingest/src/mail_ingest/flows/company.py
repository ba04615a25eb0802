"""Company information: who we are to the mail server."""

from collections.abc import Sequence

from shared.batches import upsert_newer
from shared.events.portal import CompanyChanged
from shared.work import Work

from mail_ingest.tables import companies
from mail_ingest.tools import Tools


async def keep(work: Work[Tools], events: Sequence[CompanyChanged]) -> None:
    rows = [{"id": 1, "version": each.version, "about": each.model_dump(mode="json")} for each in events]
    await upsert_newer(work.session, companies, rows, newer="version")
    work.wake("send")
