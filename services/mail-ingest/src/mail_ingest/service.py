"""What this service is."""

from shared.clock import Due, lease
from shared.mails import due_of
from shared.rotation import Sealed
from shared.service import Service

from mail_ingest.api import router
from mail_ingest.handlers import handlers
from mail_ingest.loops import loops
from mail_ingest.models import Base
from mail_ingest.settings import IngestSettings
from mail_ingest.tables import forwards, mailboxes
from mail_ingest.tools import open_tools

service = Service(
    name="mail-ingest",
    settings=IngestSettings,
    metadata=Base.metadata,
    router=router,
    handlers=handlers,
    loops=loops,
    open_tools=open_tools,
    sealed=(Sealed(mailboxes.c.sealed_password, lambda row: f"mailbox/{row.id}/password"),),
    due=(
        Due(mailboxes.c.next_poll_at, lambda _, box: box.poll_seconds, ("poll_seconds",)),
        Due(mailboxes.c.lease_until, lease),
        due_of(forwards),
    ),
)
