"""What this service is."""

from shared.service import Service

from payments.api import router
from payments.handlers import handlers
from payments.loops import janitor, mail, reconcile, webhooks
from payments.models import Base
from payments.settings import PaymentsSettings
from payments.tools import open_tools

service = Service(
    name="payments",
    settings=PaymentsSettings,
    metadata=Base.metadata,
    router=router,
    handlers=handlers,
    loops=(janitor, webhooks, reconcile, mail),
    open_tools=open_tools,
)
