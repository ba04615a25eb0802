"""What this service is."""

from shared.service import Service

from mail_ingest.api import router
from mail_ingest.handlers import handlers
from mail_ingest.loops import loops
from mail_ingest.models import Base
from mail_ingest.settings import IngestSettings
from mail_ingest.tools import open_tools

service = Service(
    name="mail-ingest",
    settings=IngestSettings,
    metadata=Base.metadata,
    router=router,
    handlers=handlers,
    loops=loops,
    open_tools=open_tools,
)
