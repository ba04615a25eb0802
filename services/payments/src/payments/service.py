"""What this service is."""

from shared.clock import Due
from shared.mails import due_of
from shared.service import Service

from payments.api import router
from payments.handlers import handlers
from payments.loops import janitor, mail, reconcile, webhooks
from payments.models import Base, invoice_mail, webhook
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
    due=(
        due_of(invoice_mail),
        Due(webhook.c.due_at, lambda *_: 3600.0),
    ),
)
