"""What this service is."""

from shared.clock import Due
from shared.mails import due_of
from shared.rotation import Sealed
from shared.service import Service

from payments.api import router
from payments.flows.tokens import token_place
from payments.handlers import handlers
from payments.loops import janitor, mail, reconcile, reminders, webhooks
from payments.models import (
    Base,
    gateway_account,
    gateway_connection,
    gateway_token,
    invoice_mail,
    saved_card,
    webhook,
)
from payments.queries.gateways import company_place
from payments.settings import PaymentsSettings
from payments.tools import open_tools, place_of

service = Service(
    name="payments",
    settings=PaymentsSettings,
    metadata=Base.metadata,
    router=router,
    handlers=handlers,
    loops=(janitor, webhooks, reconcile, mail, reminders),
    open_tools=open_tools,
    sealed=(
        Sealed(gateway_account.c.secrets, lambda row: place_of(row.id)),
        Sealed(gateway_token.c.sealed, lambda row: token_place(row.account_id)),
        Sealed(saved_card.c.sealed, lambda row: f"saved_card/{row.id}"),
        Sealed(gateway_connection.c.company, lambda row: company_place(row.account_id)),
    ),
    due=(
        due_of(invoice_mail),
        Due(webhook.c.due_at, lambda *_: 3600.0),
    ),
)
